//! The parts of the user interface that a page can begin without. In the browser each is a file of its own, fetched
//! before it is needed; everywhere else (and in tests) they are there from the beginning.

use std::sync::Arc;
#[cfg(feature = "split")]
use std::sync::OnceLock;

use evenkeel_protocol::{Conversation, ConversationId, MessageRole, Transcript};
use futures::future::LocalBoxFuture;
#[cfg(feature = "split")]
use gloo_timers::future::TimeoutFuture;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
#[cfg(feature = "split")]
use leptos::wasm_split::{SplitLoaderError, wasm_split};

use crate::api::{self, Problem};
use crate::components::{self, Follow, composer};
use crate::pages;
use crate::state::formula::markup;
use crate::state::{Action, Blocks, Entry, Paint, Pending, highlight};
use crate::store::Store;

/// After this time it is tried again to fetch a part that could not be fetched.
#[cfg(feature = "split")]
const AGAIN_MS: u32 = 2_000;

/// A part: something that is called as if it had always been there, by whoever has it.
pub(crate) struct Part<T: 'static> {
    #[cfg(feature = "split")]
    here: OnceLock<T>,
    #[cfg(feature = "split")]
    fetch: fn() -> LocalBoxFuture<'static, Result<T, SplitLoaderError>>,
    #[cfg(not(feature = "split"))]
    here: T,
}

impl<T: Copy> Part<T> {
    /// The part, where it is here.
    #[cfg(feature = "split")]
    pub(crate) fn get(&self) -> Option<T> {
        self.here.get().copied()
    }

    /// The part, where it is here.
    #[cfg(not(feature = "split"))]
    pub(crate) fn get(&self) -> Option<T> {
        Some(self.here)
    }

    /// The part, as soon as it is here.
    #[cfg(feature = "split")]
    pub(crate) async fn load(&self) -> T {
        loop {
            if let Some(part) = self.get() {
                return part;
            }
            match (self.fetch)().await {
                Ok(part) => return *self.here.get_or_init(|| part),
                Err(_) => TimeoutFuture::new(AGAIN_MS).await,
            }
        }
    }

    /// The part, as soon as it is here.
    #[cfg(not(feature = "split"))]
    pub(crate) async fn load(&self) -> T {
        self.here
    }
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $file:ident { $part:expr })+) => {$(
        $(#[$doc])*
        #[cfg(feature = "split")]
        pub(crate) static $name: Part<$type> = {
            #[wasm_split($file, wasm_split_path = leptos::wasm_split, fallible)]
            fn $file() -> Result<$type, SplitLoaderError> {
                Ok($part)
            }
            Part { here: OnceLock::new(), fetch: || Box::pin($file()) }
        };

        $(#[$doc])*
        #[cfg(not(feature = "split"))]
        pub(crate) static $name: Part<$type> = Part { here: $part };
    )+};
}

parts! {
    /// Everything around a message.
    ANSWERS: Answers = answers {
        Answers {
            grow: Blocks::grow,
            view: message,
            transcript: |id| Box::pin(async move { api::transcript(&id).await }),
            tail: components::tail,
            asking_again: components::asking_again,
            refused: components::refused,
            wait: components::wait,
        }
    }
    /// What is opened or added in the composer, and around the conversation list.
    TOOLS: Tools = tools {
        Tools {
            composing: Composing {
                take: composer::take,
                take_text: composer::take_text,
                restore: composer::restore,
                look_after: composer::look_after,
                tray: composer::tray,
                queued: composer::queued,
                instructions: composer::instructions,
                models: composer::model_search,
            },
            list: List {
                menus: components::menus,
                overlays: components::overlays,
                results: components::results,
                rename: components::rename,
                import: components::import,
                key: components::list_key,
                act: components::act,
                deleted: components::deleted,
                forget: |id| Box::pin(forget(id)),
            },
        }
    }
    /// The colours of code.
    CODE: Paint = code { highlight::line }
    /// Formulas. It knows of no page and so shares little with the others: each share is one file more for all.
    MATH: Math = math { markup }
    /// The health panel.
    ADMIN: fn() -> AnyView = admin { pages::admin }
    /// The debug pane, as a page or as the chat's drawer.
    DEBUG: fn() -> AnyView = debug { pages::debug }
}

/// A formula's markup, from its source, and whether it stands by itself.
pub(crate) type Math = fn(&str, bool) -> String;

/// Everything around a message.
#[derive(Clone, Copy)]
pub(crate) struct Answers {
    /// More of an answer's text as blocks.
    pub(crate) grow: fn(&mut Blocks, &str),
    /// A message as it is shown.
    pub(crate) view: fn(ArcRwSignal<Arc<Entry>>) -> AnyView,
    /// Fetches a conversation with its messages.
    pub(crate) transcript:
        fn(ConversationId) -> LocalBoxFuture<'static, Result<Transcript, Problem>>,
    /// What stands at the end of all messages.
    pub(crate) tail: fn(Follow) -> AnyView,
    /// An answer that has been asked for again.
    pub(crate) asking_again: fn() -> AnyView,
    /// Why a message was refused.
    pub(crate) refused: fn(Memo<Option<Arc<Pending>>>) -> AnyView,
    /// Looks after the questions that wait until a model is back.
    pub(crate) wait: fn(Store),
}

fn message(entry: ArcRwSignal<Arc<Entry>>) -> AnyView {
    match entry.with_untracked(|entry| entry.message.role) {
        MessageRole::User => components::question(entry),
        MessageRole::Assistant => components::answer(entry),
    }
}

async fn forget(id: ConversationId) {
    // One that could not be deleted is no worse than one whose window was closed without a connection.
    let _ = api::delete(&id).await;
}

/// What a reader opens on the chat's page. Both come in one file: each file more is one more that shares code with others,
/// and every such share is a file as well.
#[derive(Clone, Copy)]
pub(crate) struct Tools {
    /// In the composer.
    pub(crate) composing: Composing,
    /// Around the conversation list.
    pub(crate) list: List,
}

/// What is opened or added in the composer.
#[derive(Clone, Copy)]
pub(crate) struct Composing {
    /// Reads files.
    pub(crate) take: fn(Store, Vec<web_sys::File>),
    /// Makes a file of a long text.
    pub(crate) take_text: fn(Store, String),
    /// Takes up what was on its way when a page was closed.
    pub(crate) restore: fn(Store),
    /// Looks after what waits in conversations that are not shown.
    pub(crate) look_after: fn(Store),
    /// The files of the message.
    pub(crate) tray: fn() -> AnyView,
    /// The messages that wait.
    pub(crate) queued: fn() -> AnyView,
    /// The dialog of the instructions.
    pub(crate) instructions: fn() -> AnyView,
    /// The search among many models.
    pub(crate) models: fn() -> AnyView,
}

/// What opens around the conversation list.
#[derive(Clone, Copy)]
pub(crate) struct List {
    /// The menus.
    pub(crate) menus: fn(Store) -> AnyView,
    /// Dialogs, and lines that pass.
    pub(crate) overlays: fn(Store) -> AnyView,
    /// What a search has found.
    pub(crate) results: fn(Store) -> AnyView,
    /// The field for another title.
    pub(crate) rename: fn(Store, ArcRwSignal<Conversation>) -> AnyView,
    /// Takes in conversations that were exported.
    pub(crate) import: fn(Store, web_sys::FileList),
    /// A key was pressed in the list.
    pub(crate) key: fn(Store, KeyboardEvent),
    /// Does what a shortcut asks for.
    pub(crate) act: fn(Store, Action),
    /// What is shown in the place of a conversation that was deleted.
    pub(crate) deleted: fn() -> AnyView,
    /// Deletes a temporary conversation that is left.
    pub(crate) forget: fn(ConversationId) -> LocalBoxFuture<'static, ()>,
}

/// Fetches what the page at this address was rendered with, so that it can be hydrated.
#[cfg(feature = "hydrate")]
pub(crate) async fn load_for(path: &str) {
    match path.trim_end_matches('/') {
        "/admin" => drop(ADMIN.load().await),
        "/debug" => drop(DEBUG.load().await),
        _ => {}
    }
}

/// Fetches what the messages were rendered with.
pub(crate) fn load_messages() -> LocalBoxFuture<'static, ()> {
    Box::pin(async {
        // The server has rendered formulas, and colours no code.
        let formulas = document().query_selector(".formula");
        let formulas = async {
            if formulas.is_ok_and(|found| found.is_some()) {
                MATH.load().await;
            }
        };
        futures::future::join(ANSWERS.load(), formulas).await;
    })
}

/// A page that is a part.
pub(crate) fn page(part: &'static Part<fn() -> AnyView>) -> AnyView {
    if let Some(page) = part.get() {
        return page();
    }
    let here = RwSignal::new(None::<fn() -> AnyView>);
    leptos::task::spawn_local(async move {
        let page = part.load().await;
        // The reader may have left the page.
        let _ = here.try_set(Some(page));
    });
    let shown = move || match here.get() {
        Some(page) => page(),
        None => view! { <p class="loading p-4 text-sm text-muted">"Loading …"</p> }.into_any(),
    };
    shown.into_any()
}
