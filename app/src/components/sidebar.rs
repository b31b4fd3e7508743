//! The conversation list with what stands above and below it.

use evenkeel_protocol::Role;
use leptos::prelude::*;

use super::{Icon, ThemeSwitch, icon};
use crate::navigation::Page;
use crate::store::Store;

/// The list at the side, a drawer on a small screen.
#[component]
pub(crate) fn Sidebar(
    /// Whether the drawer is open.
    drawer: RwSignal<bool>,
    /// Closes the drawer.
    close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let store = Store::here();
    let may = move |role| store.hello.with(|hello| hello.user.roles.contains(&role));
    let current = move |page: Page| store.page.with(|shown| *shown == page).then_some("page");
    view! {
        <nav
            id="sidebar"
            class="sidebar"
            aria-label="Conversations and pages"
            data-open=move || drawer.get().then_some("")
        >
            <div class="flex items-center justify-between gap-2 p-3">
                <a class="brand" href="/">
                    <img src="/favicon.svg" alt="" width="24" height="24" />
                    "Evenkeel"
                </a>
                <button
                    type="button"
                    id="close-menu"
                    class="icon-button only-narrow"
                    aria-label="Close"
                    on:click=move |_| close()
                >
                    <Icon shape=icon::CLOSE />
                </button>
            </div>
            <div class="px-3 pb-2">
                <a class="side-link new-chat" href="/" aria-current=move || current(Page::Chat(None))>
                    <Icon shape=icon::PLUS />
                    "New chat"
                </a>
            </div>
            <ul class="flex min-h-0 flex-1 flex-col gap-1 overflow-y-auto px-3 py-1" aria-label="Conversations">
                <For
                    each=move || store.conversations.get().to_vec()
                    key=|entry| (entry.id.clone(), entry.title.clone())
                    let:entry
                >
                    {
                        let id = entry.id.clone();
                        let current = move || {
                            store.open.with(|open| open.id.as_ref() == Some(&id)).then_some("page")
                        };
                        let title = if entry.title.trim().is_empty() {
                            "Untitled".to_owned()
                        } else {
                            entry.title.clone()
                        };
                        view! {
                            <li>
                                <a
                                    class="side-link"
                                    data-testid="conversation"
                                    data-id=entry.id.to_string()
                                    href=format!("/c/{}", entry.id)
                                    title=title.clone()
                                    aria-current=current
                                >
                                    <span class="truncate">{title.clone()}</span>
                                </a>
                            </li>
                        }
                    }
                </For>
            </ul>
            <div class="side-foot flex flex-col gap-1 p-3">
                <Show when=move || may(Role::Admin)>
                    <a class="side-link" href="/admin" aria-current=move || current(Page::Admin)>
                        <Icon shape=icon::PULSE />
                        "Health"
                    </a>
                </Show>
                <Show when=move || may(Role::Tester) || may(Role::Admin)>
                    <a class="side-link" href="/debug" aria-current=move || current(Page::Debug)>
                        <Icon shape=icon::FLASK />
                        "Rehearse outages"
                    </a>
                </Show>
                <ThemeSwitch />
            </div>
        </nav>
    }
    .into_any()
}
