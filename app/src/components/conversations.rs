//! The entries of the conversation list, in groups of time.

use evenkeel_protocol::{Conversation, ConversationId};
use leptos::prelude::*;

use super::{Icon, each, icon};
use crate::state::groups;
use crate::store::Store;
use crate::store::list::Overlay;
use crate::{browser, late};

/// What a conversation is called.
pub(crate) fn name_of(conversation: &Conversation) -> String {
    match conversation.title.trim() {
        "" => "Untitled".to_owned(),
        title => title.to_owned(),
    }
}

/// The list, or what was found in it.
#[component]
pub(crate) fn ConversationList() -> impl IntoView {
    let store = Store::here();
    let list = store.list;
    let groups = Memo::new(move |_| {
        let clock = list.clock.get();
        store.conversations.with(|all| {
            groups(all, clock.now, |at| {
                clock.utc_offset.unwrap_or_else(|| browser::utc_offset(at))
            })
        })
    });
    let open = Memo::new(move |_| store.open.with(|open| open.id.clone()));
    let renamed = Memo::new(move |_| list.renaming.get());
    let searching = Memo::new(move |_| list.query.with(|query| !query.trim().is_empty()));
    let group = move |name: String| {
        let heading = name.clone();
        let ids = Memo::new(move |_| {
            groups.with(|all| {
                let group = all.iter().find(|group| group.name == name);
                group.map(|group| group.ids.clone()).unwrap_or_default()
            })
        });
        view! {
            <section class="group">
                <h2 class="group-name">{heading.clone()}</h2>
                <ul class="flex flex-col" aria-label=heading>
                    {each(
                        move || ids.get().into_iter().map(|id| id.0).collect(),
                        move |id| entry(store, &ConversationId(id), open, renamed).into_any(),
                    )}
                </ul>
            </section>
        }
    };
    view! {
        <div class="list" data-testid="conversations">
            <div hidden=move || searching.get()>
                {each(
                    move || groups.with(|all| all.iter().map(|group| group.name.clone()).collect()),
                    move |name| group(name).into_any(),
                )}
            </div>
            {move || {
                (searching.get() && list.here.get())
                    .then(|| late::TOOLS.get().map(|tools| (tools.list.results)(store)))
            }}
        </div>
    }
    .into_any()
}

fn entry(
    store: Store,
    id: &ConversationId,
    open: Memo<Option<ConversationId>>,
    renamed: Memo<Option<ConversationId>>,
) -> impl IntoView + use<> {
    let cell = store.list.entry(id)?;
    let name = {
        let cell = cell.clone();
        Memo::new(move |_| cell.with(name_of))
    };
    let key = Some(id.clone());
    let id = id.clone();
    let renaming = {
        let key = key.clone();
        Memo::new(move |_| renamed.with(|renamed| *renamed == key))
    };
    let address = format!("/c/{id}");
    let shown = move || {
        if renaming.get() {
            late::TOOLS
                .get()
                .map(|tools| (tools.list.rename)(store, cell.clone()))
                .into_any()
        } else {
            let key = key.clone();
            view! {
                <a
                    class="side-link"
                    data-testid="conversation"
                    data-id=key.as_ref().map(ToString::to_string)
                    href=address.clone()
                    title=move || name.get()
                    aria-current=move || open.with(|open| *open == key).then_some("page")
                >
                    <span class="truncate">{move || name.get()}</span>
                </a>
            }
            .into_any()
        }
    };
    let expanded = {
        let id = id.clone();
        move || {
            let open = Overlay::Entry(id.clone());
            store
                .list
                .overlay
                .with(|overlay| overlay.as_ref() == Some(&open))
                .to_string()
        }
    };
    let more = format!("more-{id}");
    let menu = move |_| store.lay_over(Overlay::Entry(id.clone()));
    Some(view! {
        <li class="entry">
            {shown}
            <button
                type="button"
                id=more
                class="entry-more"
                data-testid="conversation-menu"
                aria-haspopup="menu"
                aria-expanded=expanded
                aria-label=move || format!("More about {}", name.get())
                on:click=menu
            >
                <Icon shape=icon::MORE />
            </button>
        </li>
    })
}
