//! The chat: transcript and composer.

use leptos::prelude::*;

use super::NotFoundPage;
use crate::components::{
    Composer, ConnectionLine, ForecastLine, TemporaryLine, TemporarySwitch, Transcript,
    WaitingMessages,
};
use crate::state::Phase;
use crate::store::Store;

const EXAMPLES: [&str; 3] = [
    "Explain a circuit breaker in three sentences",
    "Write a haiku about a calm sea",
    "Compare retries and fallbacks in a table",
];

/// A conversation, or the beginning of one.
#[component]
pub(crate) fn ChatPage() -> impl IntoView {
    let store = Store::here();
    let title = Memo::new(move |_| {
        let id = store.open.with(|open| open.id.clone());
        let known = id.and_then(|id| {
            store.conversations.with(|all| {
                all.iter()
                    .find(|one| one.id == id)
                    .map(|one| one.title.clone())
            })
        });
        known
            .filter(|title| !title.trim().is_empty())
            .unwrap_or_else(|| "New chat".to_owned())
    });
    let phase = Memo::new(move |_| store.open.with(|open| open.phase));
    let missing = Memo::new(move |_| phase.get() == Phase::Missing);
    let deleted = Memo::new(move |_| phase.get() == Phase::Deleted);
    view! {
        {move || {
            if missing.get() {
                view! { <NotFoundPage /> }.into_any()
            } else if deleted.get() {
                store.prepare_list();
                store.list_part().map(|part| (part.deleted)()).into_any()
            } else {
                view! {
                    <div class="chat flex h-full min-h-0 flex-col">
                        <TemporaryLine />
                        <Opening title phase />
                        <Transcript />
                        <div class="foot mx-auto flex w-full flex-col gap-2 px-4">
                            <div class="foot-line">
                                <ConnectionLine />
                                <ForecastLine />
                            </div>
                            <Complaint />
                            <WaitingMessages />
                            <Composer />
                        </div>
                    </div>
                }
                    .into_any()
            }
        }}
    }
    .into_any()
}

/// The page's heading, which is seen where there is no message yet.
#[component]
fn Opening(
    /// The conversation's title.
    title: Memo<String>,
    /// How far the conversation is known.
    phase: Memo<Phase>,
) -> impl IntoView {
    let store = Store::here();
    let empty = Memo::new(move |_| {
        store.items.with(Vec::is_empty) && store.open.with(|open| open.id.is_none())
    });
    view! {
        {move || match (phase.get(), empty.get()) {
            (Phase::Ready, true) => view! { <Welcome /> }.into_any(),
            (Phase::Failed, _) => {
                view! {
                    <div class="mx-auto flex max-w-md flex-col gap-3 p-4" role="alert">
                        <h1 class="text-xl font-semibold">"This conversation could not be fetched"</h1>
                        <p>
                            <button
                                type="button"
                                class="button primary"
                                on:click=move |_| store.refresh()
                            >
                                "Try again"
                            </button>
                        </p>
                    </div>
                }
                    .into_any()
            }
            (Phase::Loading, _) => {
                view! {
                    <h1 class="sr-only">{move || title.get()}</h1>
                    <p class="loading p-4 text-center text-sm text-muted">"Loading …"</p>
                }
                    .into_any()
            }
            (Phase::Ready | Phase::Missing | Phase::Deleted, _) => {
                view! { <h1 class="sr-only">{move || title.get()}</h1> }.into_any()
            }
        }}
    }
    .into_any()
}

/// What a new conversation begins with.
#[component]
fn Welcome() -> impl IntoView {
    let store = Store::here();
    let examples: Vec<_> = EXAMPLES
        .into_iter()
        .map(|text| {
            view! {
                <li>
                    <button
                        type="button"
                        class="example"
                        on:click=move |_| store.draft.set(Some(text.to_owned()))
                    >
                        {text}
                    </button>
                </li>
            }
        })
        .collect();
    view! {
        <div class="welcome mx-auto flex w-full flex-col gap-3 px-4 pb-4">
            <h1 class="text-2xl font-semibold">"What shall we look into?"</h1>
            <p class="text-muted">"If a model fails, the next one answers, and you see it happen."</p>
            <ul class="mt-2 flex flex-col items-start gap-2">{examples}</ul>
            <TemporarySwitch />
        </div>
    }
    .into_any()
}

/// An error that belongs to no message.
#[component]
fn Complaint() -> impl IntoView {
    let store = Store::here();
    move || {
        store.complaint.get().map(|text| {
            view! {
                <div class="complaint flex items-center gap-3 text-sm" role="alert">
                    <span>{text}</span>
                    <button
                        type="button"
                        class="link-button"
                        on:click=move |_| store.complaint.set(None)
                    >
                        "Dismiss"
                    </button>
                </div>
            }
        })
    }
}
