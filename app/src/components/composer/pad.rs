//! The text field of the composer, and the draft that is kept of what stands in it.

use std::time::Duration;

use leptos::html::Textarea;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;

use crate::state::{DRAFT, Draft, queue};
use crate::store::{Store, kept};
use crate::{browser, late};

/// After the last key it takes so long until the draft is kept.
const PAUSE: Duration = Duration::from_millis(250);

/// The text field.
#[derive(Clone, Copy)]
pub(super) struct Pad {
    store: Store,
    pub(super) area: NodeRef<Textarea>,
    /// There is nothing in it.
    pub(super) empty: RwSignal<bool>,
    timer: StoredValue<Option<TimeoutHandle>>,
    /// What the page has put there, and nobody has changed.
    given: StoredValue<String>,
    prepared: StoredValue<bool>,
}

/// As tall as its text, where the style sheet alone (`field-sizing`) cannot do it.
fn fit(area: &web_sys::HtmlTextAreaElement) {
    let style = web_sys::HtmlElement::style(area);
    let supported = js_sys::Reflect::has(&style, &"fieldSizing".into()).unwrap_or(false);
    if !supported {
        // Both only fail for a property that there is not.
        let _ = style.set_property("height", "auto");
        let _ = style.set_property("height", &format!("{}px", area.scroll_height()));
    }
}

impl Pad {
    pub(super) fn new(store: Store) -> Self {
        Self {
            store,
            area: NodeRef::new(),
            empty: RwSignal::new(true),
            timer: StoredValue::new(None),
            given: StoredValue::new(String::new()),
            prepared: StoredValue::new(false),
        }
    }

    fn text(self) -> String {
        self.area
            .get_untracked()
            .map(|area| area.value())
            .unwrap_or_default()
    }

    /// Not even a blank stands in it.
    pub(super) fn bare(self) -> bool {
        self.area
            .get_untracked()
            .is_some_and(|area| area.text_length() == 0)
    }

    pub(super) fn focus(self) {
        if let Some(area) = self.area.get_untracked() {
            // It can have the focus.
            let _ = area.focus();
        }
    }

    fn look(self) {
        if let Some(area) = self.area.get_untracked() {
            fit(&area);
            let empty = area.value().trim().is_empty();
            if self.empty.get_untracked() != empty {
                self.empty.set(empty);
            }
        }
    }

    fn put(self, text: &str) {
        if let Some(area) = self.area.get_untracked() {
            area.set_value(text);
            self.given.set_value(text.to_owned());
            self.look();
        }
    }

    /// Somebody writes, and is going to read an answer.
    pub(super) fn typed(self) {
        self.look();
        self.store.look();
        if !self.prepared.get_value() && self.store.prepare() {
            self.prepared.set_value(true);
            // Needed when an answer comes or the connection goes, and then it may be late for it.
            leptos::task::spawn_local(async move {
                late::ANSWERS.load().await;
                self.store.prepare_composing();
            });
        }
        self.keep_soon();
    }

    pub(super) fn submit(self) {
        if self.store.submit(&self.text()) {
            self.put("");
            self.keep();
        }
    }

    fn keep_soon(self) {
        self.forget_timer();
        let timer = set_timeout_with_handle(move || self.keep(), PAUSE);
        self.timer.set_value(timer.ok());
    }

    fn forget_timer(self) {
        if let Some(timer) = self.timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    }

    /// Keeps what stands there.
    fn keep(self) {
        self.forget_timer();
        if self.area.try_get_untracked().flatten().is_none() {
            return;
        }
        let composing = self.store.composing;
        let key = composing.key();
        if self.store.writes_secretly() {
            return;
        }
        let instructions = composing.instructions.get_untracked();
        let draft = Draft {
            text: self.text(),
            instructions: instructions.filter(|_| key == "new"),
            choice: untrack(|| self.store.written_for()),
            at: browser::now_ms(),
        };
        kept::keep_draft(&key, &draft);
    }

    /// Shows the draft of the conversation; what somebody has typed before the page was alive is dearer.
    fn load(self, typed: bool) {
        let key = self.store.composing.key();
        let draft = kept::draft(&key);
        if !typed {
            self.put(&draft.text);
        }
        self.store.composing.instructions.set(draft.instructions);
        if draft.choice.is_some() {
            self.store.chosen.set(draft.choice);
        }
        self.look();
    }

    /// Follows the conversation, the other tabs and the rest of the page.
    pub(super) fn live(self) {
        let store = self.store;
        Effect::new(move |begun: Option<bool>| {
            let id = store.open.with(|open| open.id.clone());
            let Some(area) = self.area.get() else {
                return false;
            };
            if begun != Some(true) {
                store.turn_to_open();
                self.load(!area.value().is_empty());
                store.read_queue();
                kept::forget_old_drafts();
                // An Enter that came before anybody listened; see public/early.js.
                if area.has_attribute("data-submit") {
                    // It is there, so it can be removed.
                    let _ = area.remove_attribute("data-submit");
                    self.submit();
                }
                return true;
            }
            self.keep();
            let before = store.composing.key();
            if store.turn_to_open() {
                self.load(false);
            } else if id.is_some_and(|id| id.0 != before) {
                // The new conversation has begun; what was typed since goes with it.
                kept::keep_draft("new", &Draft::default());
                self.keep();
            }
            true
        });
        Effect::new(move || {
            let Some(text) = store.draft.get() else {
                return;
            };
            let here = self.text();
            let untouched = here.trim().is_empty() || self.given.with_value(|given| *given == here);
            // What somebody has written is not thrown away for it.
            let text = if untouched {
                text
            } else {
                format!("{text}\n\n{here}")
            };
            self.put(&text);
            self.keep_soon();
            self.focus();
            store.draft.set(None);
        });
        Effect::new(move || {
            let Some(text) = store.composing.insert.get() else {
                return;
            };
            if let Some(area) = self.area.get_untracked() {
                let place = |place: Result<Option<u32>, _>| place.ok().flatten();
                let end = area.text_length();
                let from = place(area.selection_start()).unwrap_or(end);
                let to = place(area.selection_end()).unwrap_or(end);
                // It only fails for places that are not in the text.
                let _ = area.set_range_text_with_start_and_end_and_mode(&text, from, to, "end");
                self.focus();
            }
            self.typed();
            store.composing.insert.set(None);
        });
        Effect::new(move || store.send_queued());
        Effect::new(move || {
            // They change what is kept.
            store.composing.instructions.track();
            store.written_for();
            self.keep_soon();
        });
        self.listen();
    }

    fn listen(self) {
        let store = self.store;
        Effect::new(move || {
            let event = |name| leptos::ev::Custom::<web_sys::Event>::new(name);
            let hidden = window_event_listener(event("visibilitychange"), move |_| self.keep());
            let leave = window_event_listener(event("pagehide"), move |_| {
                self.keep();
                kept::release_unsent();
            });
            let storage = window_event_listener(leptos::ev::storage, move |event| {
                let Some(name) = event.key() else { return };
                let key = store.composing.key();
                if name.strip_prefix(queue::QUEUE) == Some(&key) {
                    store.read_queue();
                } else if name.starts_with(DRAFT) {
                    let (old, new) = (event.old_value(), event.new_value());
                    if name.strip_prefix(DRAFT) == Some(&key) {
                        self.follow(old.as_deref(), new.as_deref());
                    }
                    kept::follow_draft(&name, old.as_deref(), new.as_deref());
                }
            });
            on_cleanup(move || {
                self.keep();
                storage.remove();
                hidden.remove();
                leave.remove();
            });
        });
    }

    /// Another tab has changed the draft of this conversation. It is shown here where nobody writes here: this tab shows
    /// just what the other one had before, or nothing.
    fn follow(self, old: Option<&str>, new: Option<&str>) {
        let text = |json: Option<&str>| json.map(|json| Draft::read(json).text).unwrap_or_default();
        let here = self.text();
        let writes = document().has_focus().unwrap_or(false);
        if !writes && (here.is_empty() || here == text(old)) {
            self.put(&text(new));
        }
    }
}
