//! A block of code: the name of its language or file, a button to copy it, and colours as soon as somebody looks at it and
//! the part that knows them is there. Colours change no line's place: without them the same text stands there.

use std::sync::Arc;

use gloo_timers::future::TimeoutFuture;
use leptos::html::Pre;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::CopyButton;
use crate::late;
use crate::state::highlight::Kind;
use crate::state::{Line, Lines, Paint, Source, cut, named};
use crate::store::Store;

/// As many lines get their colours in one go.
const LINES: usize = 200;

/// The mark of a seam, by its place in the message's list.
pub(crate) type Mark = Arc<dyn Fn(usize) -> AnyView + Send + Sync>;

/// Code, as it was written.
#[component]
pub(crate) fn Code(
    /// The code as it becomes.
    #[prop(into)]
    source: Signal<Arc<Source>>,
    /// The marks of the seams in it.
    mark: Mark,
) -> impl IntoView {
    // What is rendered anew while an answer grows has its colours from the beginning; what is hydrated has them later.
    let alive = Store::here().hydrated.get_untracked();
    let paint = RwSignal::new(late::CODE.get().filter(|_| alive));
    let limit = RwSignal::new(LINES);
    let name = Memo::new(move |_| source.with(|source| named(&source.language)));
    let pre = NodeRef::<Pre>::new();
    Effect::new(move || {
        if name.get().is_some() && paint.get_untracked().is_none() {
            when_seen(pre, paint);
        }
    });

    // All that is shown hangs on this alone.
    let lines = Memo::new(move |before: Option<&Lines>| {
        source.with(|source| Lines::of(before, source, paint.get(), limit.get()))
    });
    let more = Memo::new(move |_| lines.with(Lines::more));
    Effect::new(move || {
        if more.get() && limit.get() > 0 {
            leptos::task::spawn_local(async move {
                TimeoutFuture::new(0).await;
                let _ = limit.try_update(|limit| *limit += LINES);
            });
        }
    });

    let label = move || {
        source.with(
            |source| match (source.title.as_str(), source.language.as_str()) {
                ("", "") => "text".to_owned(),
                ("", shown) | (shown, _) => shown.to_owned(),
            },
        )
    };
    let line = {
        let mark = Arc::clone(&mark);
        move |line: Arc<Line>| painted(&line, &mark)
    };
    let rest = move || {
        lines.with(|lines| {
            let (text, seams) = lines.rest();
            pieces(text, seams, None, &mark)
        })
    };
    let copied = Callback::new(move |()| source.with_untracked(|source| source.text.clone()));
    view! {
        <div class="code">
            <div class="code-head">
                <span class="code-name">{label}</span>
                <CopyButton text=copied label="Copy code" />
            </div>
            <pre node_ref=pre tabindex="0">
                <code>
                    <For each=move || lines.with(|lines| lines.lines().to_vec()) key=|line| line.key children=line />
                    {rest}
                </code>
            </pre>
        </div>
    }
    .into_any()
}

/// Fetches the colours when the block comes near to what is seen.
fn when_seen(pre: NodeRef<Pre>, paint: RwSignal<Option<Paint>>) {
    let fetch = move || {
        leptos::task::spawn_local(async move {
            let part = late::CODE.load().await;
            // Each block has a task of its own.
            TimeoutFuture::new(0).await;
            let _ = paint.try_set(Some(part));
        });
    };
    let seen = Closure::<dyn Fn(js_sys::Array, web_sys::IntersectionObserver)>::new(
        move |entries: js_sys::Array, observer: web_sys::IntersectionObserver| {
            let seen = entries.iter().any(|entry| {
                entry
                    .dyn_into::<web_sys::IntersectionObserverEntry>()
                    .is_ok_and(|entry| entry.is_intersecting())
            });
            if seen {
                observer.disconnect();
                fetch();
            }
        },
    );
    let init = web_sys::IntersectionObserverInit::new();
    init.set_root_margin("600px");
    let observer =
        web_sys::IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &init);
    let (Ok(observer), Some(pre)) = (observer, pre.get_untracked()) else {
        return fetch();
    };
    observer.observe(&pre);
    let kept = StoredValue::new_local((observer, seen));
    on_cleanup(move || {
        kept.try_with_value(|(observer, _)| observer.disconnect());
    });
}

/// A line with its colours.
fn painted(line: &Line, mark: &Mark) -> Vec<AnyView> {
    let mut from = 0;
    let mut views = Vec::with_capacity(line.spans.len() + 1);
    let end = [(line.text.len(), None)];
    for &(until, kind) in line.spans.iter().chain(&end) {
        let Some(text) = line.text.get(from..until).filter(|text| !text.is_empty()) else {
            continue;
        };
        // A seam at the line's very end comes after all that is in it.
        let last = until == line.text.len();
        let here = |at: usize| (from..until).contains(&at) || last && at == until;
        let seams = line.seams.iter().filter(|seam| here(seam.0));
        let seams: Vec<_> = seams.map(|(at, place)| (at - from, *place)).collect();
        views.extend(pieces(text, &seams, kind, mark));
        from = until;
    }
    views
}

/// A text of one kind, with the marks of the seams in it.
fn pieces(text: &str, seams: &[(usize, usize)], kind: Option<Kind>, mark: &Mark) -> Vec<AnyView> {
    let mut views = Vec::with_capacity(1);
    for (seams, text) in cut(text, seams) {
        views.extend(seams.into_iter().map(|place| mark(place)));
        let text = text.replace('\0', "\u{fffd}");
        views.push(match kind {
            Some(kind) if !text.is_empty() => {
                view! { <span class=kind.class()>{text}</span> }.into_any()
            }
            Some(_) | None => text.into_any(),
        });
    }
    views
}
