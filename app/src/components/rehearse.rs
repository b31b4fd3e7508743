//! The debug pane beside the chat: the button that opens it, and its place.

use evenkeel_protocol::Role;
use leptos::prelude::*;

use super::{Icon, icon, shown_if};
use crate::navigation::Page;
use crate::store::Store;
use crate::{browser, late};

impl Store {
    /// Opens the pane beside the chat, or closes it.
    pub(crate) fn rehearse(&self, open: bool) {
        self.rehearsing.set(open);
        if !open {
            request_animation_frame(|| browser::focus("rehearse"));
        }
    }

    /// The pane stands beside the chat now.
    pub(crate) fn rehearses(&self) -> bool {
        self.rehearsing.get() && self.chats()
    }

    fn chats(&self) -> bool {
        self.page.with(|page| matches!(page, Page::Chat(_)))
    }
}

/// Opens and closes the pane; for testers and administrators.
#[component]
pub(crate) fn RehearseButton() -> impl IntoView {
    let store = Store::here();
    let tests = Memo::new(move |_| {
        let may = |role: &Role| matches!(role, Role::Tester | Role::Admin);
        store.chats() && store.hello.with(|hello| hello.user.roles.iter().any(may))
    });
    shown_if(tests, move || {
        view! {
            <button
                type="button"
                id="rehearse"
                class="icon-button rehearse"
                data-testid="rehearse"
                aria-label="Rehearse outages beside the chat"
                title="Rehearse outages beside the chat"
                aria-controls="rehearsal"
                aria-expanded=move || store.rehearsing.get().to_string()
                disabled=move || !store.hydrated.get()
                on:click=move |_| store.rehearse(!store.rehearsing.get_untracked())
            >
                <Icon shape=icon::FLASK />
            </button>
        }
        .into_any()
    })
}

/// The pane's place, while it is open.
pub(crate) fn rehearsal(store: Store) -> AnyView {
    let open = Memo::new(move |_| store.rehearses());
    shown_if(open, || {
        view! {
            <aside id="rehearsal" class="rehearsal" data-testid="rehearsal" aria-label="Rehearsal">
                {late::page(&late::DEBUG)}
            </aside>
        }
        .into_any()
    })
}
