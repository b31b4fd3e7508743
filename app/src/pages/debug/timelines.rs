//! The timelines of the last turns of the open conversation.

use std::sync::Arc;

use evenkeel_protocol::{Message, MessageId, MessageRole};
use leptos::prelude::*;

use crate::components::{Simulated, Turn, timeline};
use crate::navigation::Page;
use crate::state::{Entry, Item};
use crate::store::Store;
use crate::wording;

/// So many turns are shown.
const SHOWN: usize = 4;

/// On a page of its own, the pane shows the newest conversation where none was open: what is asked in another window is
/// seen here.
pub(super) fn open_newest(store: Store) {
    let by_itself = StoredValue::new(false);
    Effect::new(move || {
        let newest = store
            .conversations
            .with(|all| all.first().map(|one| one.id.clone()));
        let open = store.open.with_untracked(|open| open.id.clone());
        // A conversation that the reader has opened stays, above all a temporary one.
        let free = open.is_none() || by_itself.get_value();
        let here = store.page.with_untracked(|page| *page == Page::Debug);
        if let Some(newest) = newest.filter(|newest| free && here && open.as_ref() != Some(newest))
        {
            by_itself.set_value(true);
            store.show(Some(newest));
        }
    });
}

/// The last turns, newest first.
#[component]
pub(super) fn Timelines() -> impl IntoView {
    let store = Store::here();
    let newest = Memo::new(move |_| {
        let items = store.items.get();
        let ids = items.iter().rev().filter_map(|item| match item {
            Item::Message(id) => Some(id.clone()),
            Item::Pending(_) | Item::Again(_) => None,
        });
        ids.filter(|id| answers(store, id))
            .take(SHOWN)
            .collect::<Vec<_>>()
    });
    let none = Memo::new(move |_| newest.with(Vec::is_empty));
    view! {
        <section class="pane-section" aria-labelledby="timelines-title" data-testid="timelines">
            <h2 id="timelines-title">"Last turns"</h2>
            {move || none.get().then(|| view! {
                <p class="text-muted">"Ask something in the chat: how its answer came about is drawn here."</p>
            })}
            <For
                each=move || newest.get()
                key=MessageId::clone
                children=move |id| store.entry(&id).map(|entry| turn(store, entry))
            />
        </section>
    }
    .into_any()
}

fn answers(store: Store, id: &MessageId) -> bool {
    let message = store.message(id);
    message.is_some_and(|entry| entry.message.role == MessageRole::Assistant)
}

/// What of an answer is drawn; its text is not.
#[derive(Clone, PartialEq)]
struct Drawn {
    turn: Turn,
    then: String,
    simulated: bool,
}

fn turn(store: Store, entry: ArcRwSignal<Arc<Entry>>) -> AnyView {
    let asked = {
        let entry = entry.clone();
        Memo::new(move |_| {
            // The question may come after its answer: when another window has asked.
            store.items.track();
            entry.with(|entry| question(store, &entry.message))
        })
    };
    let drawn = Memo::new(move |_| {
        entry.with(|entry| Drawn {
            turn: Turn::of(&entry.message),
            then: wording::then(&entry.message),
            simulated: entry.message.simulated,
        })
    });
    view! {
        <article class="turn-card" data-testid="turn">
            <p class="turn-asked">{move || asked.get()}</p>
            <p class="text-sm text-muted">
                {move || drawn.with(|drawn| drawn.then.clone())}
                {move || drawn.with(|drawn| drawn.simulated).then(|| view! { " " <Simulated /> })}
            </p>
            <div class="timeline">{move || drawn.with(|drawn| timeline(&drawn.turn, 0))}</div>
        </article>
    }
    .into_any()
}

/// The beginning of the question that a message answers.
fn question(store: Store, answer: &Message) -> String {
    let question = answer.parent_id.as_ref().and_then(|id| store.message(id));
    question.map_or_else(
        || "An answer".to_owned(),
        |question| excerpt(&question.message.text),
    )
}

/// The beginning of a text, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(90) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
