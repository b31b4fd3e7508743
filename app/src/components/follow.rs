//! The reader's place in the transcript: the view stays at the end only while the reader is there.

use leptos::html::Section;
use leptos::prelude::*;

/// Nearer to the end than this is at the end, in pixels.
const NEAR: i32 = 32;

/// How the reader stands to the end of the transcript.
#[derive(Clone, Copy)]
pub(crate) struct Follow {
    pub(crate) scroller: NodeRef<Section>,
    pub(crate) on: RwSignal<bool>,
    /// Where it was scrolled to the last time.
    top: StoredValue<i32>,
}

impl Follow {
    pub(super) fn new() -> Self {
        Self {
            scroller: NodeRef::new(),
            on: RwSignal::new(true),
            top: StoredValue::new(0),
        }
    }

    pub(crate) fn to_end(self) {
        if let Some(scroller) = self.scroller.get_untracked() {
            scroller.set_scroll_top(scroller.scroll_height());
            self.top.set_value(scroller.scroll_top());
        }
    }

    pub(super) fn start(self) {
        set(self.on, true);
        self.to_end();
    }

    pub(super) fn let_go(self) {
        let scrolls = self
            .scroller
            .get_untracked()
            .is_some_and(|scroller| scroller.scroll_height() > scroller.client_height());
        if scrolls {
            set(self.on, false);
        }
    }

    /// Any way up lets go; the way back to the end takes hold again.
    pub(super) fn scrolled(self) {
        let Some(scroller) = self.scroller.get_untracked() else {
            return;
        };
        let top = scroller.scroll_top();
        let left = scroller.scroll_height() - top - scroller.client_height();
        let before = self.top.get_value();
        self.top.set_value(top);
        if top < before && left > 1 {
            set(self.on, false);
        } else if top > before && left <= NEAR {
            set(self.on, true);
        }
    }
}

fn set(signal: RwSignal<bool>, value: bool) {
    if signal.get_untracked() != value {
        signal.set(value);
    }
}
