//! The conversation list with what stands above and below it.

use evenkeel_protocol::Role;
use leptos::ev::DragEvent;
use leptos::prelude::*;

use super::{ConversationList, Icon, SearchField, icon, shown_if};
use crate::browser;
use crate::late;
use crate::navigation::Page;
use crate::store::Store;
use crate::store::list::Overlay;

/// The list at the side, a drawer on a small screen.
#[component]
pub(crate) fn Sidebar(
    /// Closes the drawer.
    close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let store = Store::here();
    let drawer = store.list.drawer;
    let may = move |role| store.hello.with(|hello| hello.user.roles.contains(&role));
    let administers = Memo::new(move |_| may(Role::Admin));
    let tests = Memo::new(move |_| may(Role::Tester) || may(Role::Admin));
    let current = move |page: Page| store.page.with(|shown| *shown == page).then_some("page");
    let fold = move |_| {
        store.fold(true);
        request_animation_frame(|| browser::focus("menu"));
    };
    // A file that is dropped beside what it was meant for would replace the page.
    let carries_files = |event: &DragEvent| {
        let types = event.data_transfer().map(|data| data.types());
        types.is_some_and(|types| types.includes(&"Files".into(), 0))
    };
    let dropping = RwSignal::new(false);
    let over = move |event: DragEvent| {
        if carries_files(&event) {
            event.prevent_default();
            store.prepare_list();
            dropping.set(true);
        }
    };
    let drop = move |event: DragEvent| {
        dropping.set(false);
        if !carries_files(&event) {
            return;
        }
        event.prevent_default();
        let files = event.data_transfer().and_then(|data| data.files());
        leptos::task::spawn_local(async move {
            let part = late::TOOLS.load().await.list;
            files
                .into_iter()
                .for_each(|files| (part.import)(store, files));
        });
    };
    let keydown = move |event| match late::TOOLS.get().map(|tools| tools.list) {
        Some(part) => (part.key)(store, event),
        // What is pressed before it has come is not lost.
        None => leptos::task::spawn_local(async move {
            let part = late::TOOLS.load().await.list;
            (part.key)(store, event);
        }),
    };
    view! {
        <nav
            id="sidebar"
            class="sidebar"
            aria-label="Conversations and pages"
            data-open=move || drawer.get().then_some("")
            data-dropping=move || dropping.get().then_some("")
            on:pointerenter=move |_| store.prepare_list()
            on:focusin=move |_| store.prepare_list()
            on:keydown=keydown
            on:dragover=over
            on:dragleave=move |_| dropping.set(false)
            on:drop=drop
        >
            <div class="flex items-center justify-between gap-2 p-3">
                <a class="brand marked" href="/">
                    "Evenkeel"
                </a>
                <button
                    type="button"
                    id="fold"
                    class="icon-button only-wide"
                    aria-label="Fold the list"
                    aria-expanded="true"
                    aria-controls="sidebar"
                    on:click=fold
                >
                    <Icon shape=icon::PANEL />
                </button>
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
            <div class="flex flex-col gap-2 px-3 pb-2">
                <a class="side-link new-chat" href="/" aria-current=move || current(Page::Chat(None))>
                    <Icon shape=icon::PLUS />
                    "New chat"
                </a>
                <SearchField />
            </div>
            <ConversationList />
            <div class="side-foot flex flex-col gap-1 p-3">
                {shown_if(administers, move || view! {
                    <a class="side-link" href="/admin" aria-current=move || current(Page::Admin)>
                        <Icon shape=icon::PULSE />
                        "Health"
                    </a>
                }.into_any())}
                {shown_if(tests, move || view! {
                    <a class="side-link" href="/debug" aria-current=move || current(Page::Debug)>
                        <Icon shape=icon::FLASK />
                        "Rehearse outages"
                    </a>
                }.into_any())}
                <button
                    type="button"
                    id="user-menu"
                    class="side-link"
                    data-testid="user-menu"
                    aria-haspopup="menu"
                    aria-expanded=move || {
                        store.list.overlay.with(|overlay| *overlay == Some(Overlay::User)).to_string()
                    }
                    on:click=move |_| store.lay_over(Overlay::User)
                >
                    <Icon shape=icon::PERSON />
                    <span class="truncate">{move || store.hello.with(|hello| hello.user.name.clone())}</span>
                    <span class="sr-only">": settings and more"</span>
                </button>
            </div>
            {move || {
                let part = store.list_part();
                part.map(|part| (part.menus)(store))
            }}
            <p class="drop-here" aria-hidden="true">"Drop an exported conversation here"</p>
        </nav>
    }
    .into_any()
}
