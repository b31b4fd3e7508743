//! What a search has found: conversations, each with the place where the words stand.

use std::time::Duration;

use evenkeel_protocol::SearchHit;
use leptos::prelude::*;

use super::conversations::name_of;
use crate::api;
use crate::store::{Connection, Store};

/// Who types has paused when nothing came for so long.
const PAUSE: Duration = Duration::from_millis(150);

/// How the search stands.
#[derive(Clone, Debug, PartialEq)]
enum Found {
    /// Nothing is known yet.
    Nothing,
    /// These, best first.
    Hits(Vec<SearchHit>),
    /// It could not be asked: why.
    Failed(String),
}

#[derive(Clone, Copy)]
struct Search {
    store: Store,
    found: RwSignal<Found>,
    searching: RwSignal<bool>,
    /// How often was asked: only the last answer counts.
    asked: StoredValue<u32>,
}

impl Search {
    fn ask(self, words: String) {
        self.asked.update_value(|asked| *asked += 1);
        let mine = self.asked.get_value();
        self.searching.set(true);
        leptos::task::spawn_local(async move {
            let answer = api::search(&words).await;
            // It was asked for something else, or for nothing, meanwhile.
            if self.asked.try_get_value() != Some(mine) {
                return;
            }
            self.searching.set(false);
            self.found.set(match answer {
                Ok(results) => {
                    self.store.announcement.set(count(results.results.len()));
                    Found::Hits(results.results)
                }
                Err(problem) => Found::Failed(problem.sentence()),
            });
        });
    }

    fn words(self) -> String {
        self.store
            .list
            .query
            .with_untracked(|query| query.trim().to_owned())
    }
}

fn count(hits: usize) -> String {
    match hits {
        0 => "Nothing found.".to_owned(),
        1 => "1 conversation found.".to_owned(),
        50 => "The 50 best conversations.".to_owned(),
        _ => format!("{hits} conversations found."),
    }
}

/// The results of what stands in the field.
pub(crate) fn results(store: Store) -> AnyView {
    let search = Search {
        store,
        found: RwSignal::new(Found::Nothing),
        searching: RwSignal::new(false),
        asked: StoredValue::new(0),
    };
    Effect::new(move |before: Option<String>| {
        let words = store.list.query.with(|query| query.trim().to_owned());
        if before.as_ref() != Some(&words) && !words.is_empty() {
            let asked = words.clone();
            let pause = if before.is_none() {
                Duration::ZERO
            } else {
                PAUSE
            };
            // Without a timer there is no search, and no browser is without timers.
            if let Ok(timer) = set_timeout_with_handle(move || search.ask(asked), pause) {
                on_cleanup(move || timer.clear());
            }
        }
        words
    });
    // It could not be asked: it is asked when there is a connection again.
    Effect::new(move |before: Option<bool>| {
        let open = store.connection.get() == Connection::Open;
        if open && before == Some(false) && matches!(search.found.get_untracked(), Found::Failed(_))
        {
            search.ask(search.words());
        }
        open
    });
    let shown = move || {
        match search.found.get() {
        Found::Nothing => view! { <p class="list-note loading">"Searching …"</p> }.into_any(),
        Found::Failed(why) => view! {
            <div class="list-note">
                <p>"The search did not work. " {why}</p>
                <button type="button" class="button small" on:click=move |_| search.ask(search.words())>
                    "Try again"
                </button>
            </div>
        }
        .into_any(),
        Found::Hits(hits) if hits.is_empty() => view! {
            <div class="list-note" data-testid="nothing-found">
                <p>"Nothing found for “" {search.words()} "”."</p>
                <p>"All the words have to stand in a title or in one message."</p>
            </div>
        }
        .into_any(),
        Found::Hits(hits) => {
            let said = count(hits.len());
            let hits: Vec<_> = hits.into_iter().map(|hit| shown_hit(store, hit)).collect();
            view! {
                <p class="group-name">{said}</p>
                <ul class="flex flex-col gap-1" aria-label="Found">{hits}</ul>
            }
            .into_any()
        }
    }
    };
    view! {
        <section data-testid="search-results" aria-label="Search results" aria-busy=move || search.searching.get().to_string()>
            {shown}
        </section>
    }
    .into_any()
}

fn shown_hit(store: Store, hit: SearchHit) -> impl IntoView {
    let name = name_of(&hit.conversation);
    let mut address = format!("/c/{}", hit.conversation.id);
    if let Some(message) = &hit.message_id {
        address.push_str("#message-");
        address.push_str(message.as_str());
    }
    let excerpt: Vec<_> = hit
        .excerpt
        .into_iter()
        .map(|piece| {
            if piece.hit {
                view! { <mark>{piece.text}</mark> }.into_any()
            } else {
                piece.text.into_any()
            }
        })
        .collect();
    let message = hit.message_id;
    let reveal = move |event: leptos::ev::MouseEvent| {
        // In a window of its own the address says it.
        if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
            store.list.reveal.set(message.clone());
            store.list.drawer.set(false);
        }
    };
    view! {
        <li>
            <a class="result" data-testid="search-result" href=address on:click=reveal>
                <span class="truncate font-medium">{name}</span>
                <span class="excerpt">{excerpt}</span>
            </a>
        </li>
    }
}
