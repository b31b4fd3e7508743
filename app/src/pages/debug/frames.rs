//! The frames as they pass through this page's socket.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use leptos::html::Ol;
use leptos::prelude::*;

use crate::browser;
use crate::components::CopyButton;
use crate::state::{FrameLog, Passed, Shown, indented};
use crate::store::Store;

/// What has passed is shown at most this often.
const PACE: Duration = Duration::from_millis(150);

/// So many are on the page at once; all that are kept can be found and copied.
const ON_PAGE: usize = 200;

/// Nearer to the end than this is at the end, in pixels.
const NEAR: i32 = 24;

/// What is kept between the pane's visits to the page. It is only touched in the browser.
struct Kept {
    log: FrameLog,
    /// Counts up after each change.
    version: ArcRwSignal<u64>,
    /// The next change is already on its way to the page.
    announced: bool,
}

thread_local! {
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// Reads or changes what is kept. It is never called from within itself.
fn kept<T>(with: impl FnOnce(&mut Kept) -> T) -> T {
    KEPT.with_borrow_mut(|kept| {
        with(kept.get_or_insert_with(|| Kept {
            log: FrameLog::default(),
            version: ArcRwSignal::new(0),
            announced: false,
        }))
    })
}

/// From the first time on that the pane is opened, what passes is kept.
fn listen(store: Store) {
    store.tap(Arc::new(|text, sent| {
        let announced = kept(|kept| {
            kept.log.push(text, sent, browser::now_ms());
            std::mem::replace(&mut kept.announced, true)
        });
        if !announced {
            set_timeout(announce, PACE);
        }
    }));
}

fn announce() {
    let version = kept(|kept| {
        kept.announced = false;
        kept.version.clone()
    });
    version.update(|version| *version += 1);
}

/// The frames: filtered, held, copied.
#[component]
pub(super) fn LiveFrames() -> impl IntoView {
    let store = Store::here();
    let shown = RwSignal::new(Shown::default());
    let words = RwSignal::new(String::new());
    // What came later waits.
    let held = RwSignal::new(None::<u64>);
    let frames = RwSignal::new(Vec::<Arc<Passed>>::new());
    let list = NodeRef::<Ol>::new();
    let follows = StoredValue::new(true);
    Effect::new(move || listen(store));
    Effect::new(move || {
        kept(|kept| kept.version.clone()).track();
        let (shown, words, held) = (shown.get(), words.get(), held.get());
        frames.set(kept(|kept| kept.log.matching(shown, &words, held)));
        if follows.get_value() {
            request_animation_frame(move || {
                if let Some(list) = list.try_get_untracked().flatten() {
                    list.set_scroll_top(list.scroll_height());
                }
            });
        }
    });
    let scrolled = move |_| {
        if let Some(list) = list.get_untracked() {
            let left = list.scroll_height() - list.scroll_top() - list.client_height();
            follows.set_value(left <= NEAR);
        }
    };
    let hold = move |_| {
        held.update(|held| {
            *held = match held {
                Some(_) => None,
                None => Some(kept(|kept| kept.log.count())),
            }
        });
    };
    let clear = move |_| {
        kept(|kept| kept.log.clear());
        announce();
    };
    let copied = Callback::new(move |()| {
        frames.with_untracked(|frames| {
            let lines: Vec<_> = frames.iter().map(|frame| frame.json.as_str()).collect();
            lines.join("\n")
        })
    });
    let none = Memo::new(move |_| frames.with(Vec::is_empty));
    let each =
        move || frames.with(|frames| frames[frames.len().saturating_sub(ON_PAGE)..].to_vec());
    view! {
        <section class="pane-section" aria-labelledby="frames-title" data-testid="frames">
            <h2 id="frames-title">"Frames as they pass"</h2>
            <div class="frame-tools">
                <select
                    class="select"
                    aria-label="Which frames"
                    autocomplete="off"
                    on:change=move |event| {
                        let all = event_target_value(&event) == "all";
                        shown.set(if all { Shown::All } else { Shown::Turns });
                    }
                >
                    <option value="turns">"Of turns"</option>
                    <option value="all">"All"</option>
                </select>
                <input
                    class="input"
                    type="search"
                    aria-label="Frames with these words"
                    placeholder="Filter"
                    autocomplete="off"
                    on:input=move |event| words.set(event_target_value(&event))
                />
                <button
                    type="button"
                    class="button small"
                    data-testid="hold-frames"
                    aria-pressed=move || held.get().is_some().to_string()
                    on:click=hold
                >
                    {move || if held.get().is_some() { "Go on" } else { "Pause" }}
                </button>
                <button type="button" class="button small" on:click=clear>"Clear"</button>
                <CopyButton text=copied label="Copy frames" />
            </div>
            {move || none.get().then(|| view! {
                <p class="text-muted">"Nothing has passed yet. Ask something in the chat."</p>
            })}
            <ol
                node_ref=list
                class="frames"
                tabindex="0"
                aria-label="Frames"
                hidden=move || none.get()
                on:scroll=scrolled
            >
                <For each key=|frame| frame.number children=row />
            </ol>
        </section>
    }
    .into_any()
}

fn row(frame: Arc<Passed>) -> AnyView {
    let open = RwSignal::new(false);
    let (way, way_in_words) = if frame.sent {
        ("→", "sent")
    } else {
        ("←", "heard")
    };
    let time = browser::clock_time(frame.at_ms);
    let named = frame.kind.clone();
    let (kind, gist, size) = (
        frame.kind.clone(),
        frame.gist.clone(),
        format!("{} bytes", frame.bytes),
    );
    let json = move || {
        let (shown, copied) = (indented(&frame.json), frame.clone());
        open.get().then(|| {
            view! {
                <div class="frame-json">
                    <pre>{shown}</pre>
                    <p class="text-sm text-muted">
                        {size.clone()} " "
                        <CopyButton text=Callback::new(move |()| copied.json.clone()) label="Copy frame" />
                    </p>
                </div>
            }
        })
    };
    view! {
        <li class="frame" data-testid="frame" data-type=named>
            <details on:toggle=move |event| {
                open.set(event_target::<web_sys::HtmlDetailsElement>(&event).open());
            }>
                <summary>
                    <span class="frame-time">{time}</span>
                    <span aria-hidden="true">{way}</span>
                    <span class="sr-only">{way_in_words}</span>
                    <span class="frame-type">{kind}</span>
                    <span class="frame-gist">{gist}</span>
                </summary>
                {json}
            </details>
        </li>
    }
    .into_any()
}
