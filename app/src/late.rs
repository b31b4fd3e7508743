//! The parts of the user interface that a page can begin without. In the browser each is a file of its own, fetched
//! before it is needed; everywhere else (and in tests) they are there from the beginning.

use std::sync::Arc;
#[cfg(feature = "split")]
use std::sync::OnceLock;

#[cfg(feature = "split")]
use futures::future::LocalBoxFuture;
#[cfg(feature = "split")]
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
#[cfg(feature = "split")]
use leptos::wasm_split::{SplitLoaderError, wasm_split};

use crate::components;
use crate::pages::{AdminPage, DebugPage};
use crate::state::{Blocks, Entry, Paint, highlight};

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
    /// Everything around an answer.
    ANSWERS: Answers = answers {
        Answers { grow: Blocks::grow, view: components::answer }
    }
    /// The colours of code.
    CODE: Paint = code { highlight::line }
    /// Formulas.
    MATH: Math = math { components::formula_view }
    /// The health panel.
    ADMIN: fn() -> AnyView = admin { || view! { <AdminPage /> }.into_any() }
    /// The debug pane.
    DEBUG: fn() -> AnyView = debug { || view! { <DebugPage /> }.into_any() }
}

/// A formula as it is shown: its source, and whether it stands by itself.
pub(crate) type Math = fn(&str, bool) -> AnyView;

/// Everything around an answer.
#[derive(Clone, Copy)]
pub(crate) struct Answers {
    /// More of an answer's text as blocks.
    pub(crate) grow: fn(&mut Blocks, &str),
    /// An answer as it is shown.
    pub(crate) view: fn(ArcRwSignal<Arc<Entry>>) -> AnyView,
}

/// Fetches what the page at this address was rendered with, so that it can be hydrated.
#[cfg(feature = "hydrate")]
pub(crate) async fn load_for(path: &str) {
    match path.trim_end_matches('/') {
        "/admin" => drop(ADMIN.load().await),
        "/debug" => drop(DEBUG.load().await),
        path if path.starts_with("/c/") => {
            // The server has rendered them, and colours no code.
            let formulas = document().query_selector(".formula");
            let formulas = async {
                if formulas.is_ok_and(|found| found.is_some()) {
                    MATH.load().await;
                }
            };
            futures::future::join(ANSWERS.load(), formulas).await;
        }
        _ => {}
    }
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
