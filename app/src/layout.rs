//! What every page shares: the conversation list (a drawer on a small screen), the bar above it, the place for the page.

use evenkeel_protocol::ConversationId;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::{ParentRoute, Route, Routes};
use leptos_router::hooks::{use_location, use_navigate};
use leptos_router::path;

use crate::browser;
use crate::components::{Announcer, Icon, Sidebar, icon};
use crate::late;
use crate::pages::{ChatPage, NotFoundPage};
use crate::store::Store;

/// Below this width the conversation list is a drawer; as in `style/base.css`.
const WIDE: f64 = 768.0;

/// The conversation that an address names: none where it is another page's, an inner none for a new one.
fn conversation_of(path: &str) -> Option<Option<ConversationId>> {
    match path.trim_end_matches('/') {
        "" => Some(None),
        path => {
            let id = path
                .strip_prefix("/c/")
                .filter(|id| !id.is_empty() && !id.contains('/'))?;
            Some(Some(id.into()))
        }
    }
}

/// The frame around every page.
#[component]
pub(crate) fn Layout() -> impl IntoView {
    let store = Store::here();
    let drawer = RwSignal::new(false);
    let close = move || {
        if drawer.get_untracked() {
            drawer.set(false);
            // The button can have the focus only when what is around it is no longer inert.
            request_animation_frame(|| browser::focus("menu"));
        }
    };
    follow_address(store, drawer);

    Effect::new(move || {
        store.hydrated.set(true);
        let root = document().document_element();
        if let Some(root) = root {
            // It only fails for a name that no attribute can have.
            let _ = root.set_attribute("data-ready", "");
        }
        let resize = window_event_listener(leptos::ev::resize, move |_| {
            let width = window().inner_width().ok().and_then(|width| width.as_f64());
            if width.is_some_and(|width| width >= WIDE) {
                drawer.set(false);
            }
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

    view! {
        <a
            class="skip"
            href="#main"
            inert=move || drawer.get()
            // The router takes every link for a page, and moves no focus.
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
            <Sidebar drawer close />
            <div class="backdrop" aria-hidden="true" on:click=move |_| close()></div>
            <div class="stage flex min-h-0 min-w-0 flex-col" inert=move || drawer.get()>
                <header class="bar items-center justify-between gap-2 px-2">
                    <button
                        type="button"
                        id="menu"
                        class="icon-button"
                        aria-label="Conversations"
                        aria-controls="sidebar"
                        aria-expanded=move || drawer.get().to_string()
                        on:click=move |_| {
                            drawer.set(true);
                            request_animation_frame(|| browser::focus("close-menu"));
                        }
                    >
                        <Icon shape=icon::MENU />
                    </button>
                    <span class="brand">"Evenkeel"</span>
                    <a class="icon-button" href="/" aria-label="New chat">
                        <Icon shape=icon::PLUS />
                    </a>
                </header>
                <main id="main" tabindex="-1">
                    <Routes fallback=NotFoundPage>
                        <ParentRoute path=path!("") view=ChatPage>
                            <Route path=path!("/") view=|| () />
                            <Route path=path!("/c/:id") view=|| () />
                        </ParentRoute>
                        <Route path=path!("/admin") view=|| late::page(&late::ADMIN) />
                        <Route path=path!("/debug") view=|| late::page(&late::DEBUG) />
                    </Routes>
                </main>
            </div>
            <Announcer />
        </div>
    }
    .into_any()
}

/// The address says which conversation is shown; a new conversation that has got its id takes its address.
fn follow_address(store: Store, drawer: RwSignal<bool>) {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.as_ref().is_some_and(|before| *before != path) {
            drawer.set(false);
            if let Some(id) = conversation_of(&path) {
                store.show(id);
            }
        }
        path
    });
    let navigate = use_navigate();
    Effect::new(move || {
        let Some(id) = store.opened.get() else { return };
        if path.get_untracked() == "/" {
            let options = NavigateOptions {
                replace: true,
                scroll: false,
                ..Default::default()
            };
            navigate(&format!("/c/{id}"), options);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_conversation() {
        assert_eq!(conversation_of("/"), Some(None));
        assert_eq!(conversation_of("/c/7"), Some(Some("7".into())));
        assert_eq!(conversation_of("/c/7/"), Some(Some("7".into())));
        for other in ["/admin", "/debug", "/c/", "/c", "/c/7/8", "/x"] {
            assert_eq!(conversation_of(other), None, "{other}");
        }
    }
}
