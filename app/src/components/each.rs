//! Lists whose entries come and go.

use std::sync::Arc;

use leptos::prelude::*;

/// An entry for each key, which stays as it is while its key does. It is leptos's `For` in a single type, however often it
/// is used.
pub(crate) fn each(
    keys: impl Fn() -> Vec<String> + Send + Sync + 'static,
    entry: impl Fn(String) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    list(Box::new(keys), Arc::new(entry))
}

type Keys = Box<dyn Fn() -> Vec<String> + Send + Sync>;
type Entry = Arc<dyn Fn(String) -> AnyView + Send + Sync>;

fn list(keys: Keys, entry: Entry) -> AnyView {
    let entry = move |key: String| entry(key);
    view! { <For each=move || keys() key=String::clone children=entry /> }.into_any()
}
