//! What every page shares: the conversation list (a drawer on a small screen), the bar above it, the place for the page.

use evenkeel_protocol::Conversation;
use leptos::prelude::*;

use crate::browser;
use crate::components::{Announcer, Icon, RehearseButton, Sidebar, icon, keys, rehearsal};
use crate::late;
use crate::navigation::{self, Page};
use crate::pages::{ChatPage, NotFoundPage};
use crate::store::Store;
use crate::store::list::is_wide;

/// The frame around every page.
#[component]
pub(crate) fn Layout() -> impl IntoView {
    let store = Store::here();
    let drawer = store.list.drawer;
    let close = move || {
        if drawer.get_untracked() {
            drawer.set(false);
            // The button can have the focus only when what is around it is no longer inert.
            request_animation_frame(|| browser::focus("menu"));
        }
    };
    navigation::follow(store);
    // From one conversation to another the page stays.
    let kind = Memo::new(move |_| store.page.with(std::mem::discriminant));
    Effect::new(move |before: Option<()>| {
        store.page.track();
        if before.is_some() {
            drawer.set(false);
        }
    });
    let title = Memo::new(move |_| {
        let open = store.open.get();
        let names = |all: &[Conversation]| {
            let open = all.iter().find(|one| Some(&one.id) == open.id.as_ref());
            open.map(|one| one.title.clone())
        };
        let name = store.conversations.with(|all| names(all));
        store
            .page
            .with(|page| page.title(open.phase, name.as_deref()))
    });
    Effect::new(move || document().set_title(&title.get()));

    Effect::new(move || {
        store.hydrated.set(true);
        store.start_list();
        keys::listen(store);
        mark("data-alive");
        let resize = window_event_listener(leptos::ev::resize, move |_| {
            if is_wide() {
                drawer.set(false);
            }
            store.rehearsing.notify();
        });
        // Wherever the focus is: it may be nowhere.
        let escape = window_event_listener(leptos::ev::keydown, move |event| {
            if event.key() == "Escape" {
                close();
            }
        });
        on_cleanup(move || {
            resize.remove();
            escape.remove();
        });
    });

    Effect::new(move || {
        if store.whole.get() {
            mark("data-ready");
        }
    });

    // What lies under a drawer that takes all of a small screen.
    let covered = move || drawer.get() || store.rehearses() && !is_wide();

    view! {
        <a
            class="skip"
            href="#main"
            inert=covered
            // The focus is moved, and the address stays as it is.
            on:click=move |event| {
                event.prevent_default();
                browser::focus("main");
            }
        >
            "Skip to content"
        </a>
        <div
            class="app"
            data-drawer=move || drawer.get().then_some("open")
        >
            <Sidebar close />
            <div class="backdrop" aria-hidden="true" on:click=move |_| close()></div>
            <div class="stage flex min-h-0 min-w-0 flex-col" inert=covered>
                <header class="bar items-center justify-between gap-2 px-2">
                    <button
                        type="button"
                        id="menu"
                        class="icon-button"
                        aria-label="Conversations"
                        aria-controls="sidebar"
                        aria-expanded=move || drawer.get().to_string()
                        on:click=move |_| {
                            store.unfold();
                            let there = if is_wide() { "fold" } else { "close-menu" };
                            request_animation_frame(move || browser::focus(there));
                        }
                    >
                        <Icon shape=icon::MENU />
                    </button>
                    <span class="brand">"Evenkeel"</span>
                    <a class="icon-button" href="/" aria-label="New chat">
                        <Icon shape=icon::PLUS />
                    </a>
                </header>
                <RehearseButton />
                <main id="main" tabindex="-1">
                    {move || {
                        kind.get();
                        match store.page.get_untracked() {
                            Page::Chat(_) => view! { <ChatPage /> }.into_any(),
                            Page::Admin => late::page(&late::ADMIN),
                            Page::Debug => late::page(&late::DEBUG),
                            Page::NotFound => view! { <NotFoundPage /> }.into_any(),
                        }
                    }}
                </main>
            </div>
            {rehearsal(store)}
            {move || {
                let part = store.list_part();
                part.map(|part| (part.overlays)(store))
            }}
            <Announcer />
        </div>
    }
    .into_any()
}

/// Tells on the document how far the page has come.
fn mark(name: &str) {
    if let Some(root) = document().document_element() {
        // It only fails for a name that no attribute can have.
        let _ = root.set_attribute(name, "");
    }
}
