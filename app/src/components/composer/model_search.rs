//! A search among many assistants and models: a list that is steered from its search field.

use evenkeel_protocol::{Hello, ModelId};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::dialog;
use crate::state::Choice;
use crate::store::Store;
use crate::wording;

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    id: String,
    label: String,
    /// What stands beside it: a model's provider, an assistant's model.
    beside: String,
    assistant: bool,
}

/// The assistants, then the models, whose label or what stands beside it has all words in it. An assistant's id counts, too.
fn found(hello: &Hello, words: &str) -> Vec<Entry> {
    let words = words.to_lowercase();
    let assistants = hello.assistants.iter().map(|one| Entry {
        id: one.id.clone(),
        label: one.name.clone(),
        beside: one.model.to_string(),
        assistant: true,
    });
    let models = hello.models.iter().map(|one| Entry {
        id: one.id.to_string(),
        label: one.id.to_string(),
        beside: one.provider.to_string(),
        assistant: false,
    });
    let matches = |entry: &Entry| {
        let text = format!("{} {} {}", entry.id, entry.label, entry.beside).to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    };
    assistants.chain(models).filter(matches).collect()
}

/// "1 assistant and 3 models", "3 models".
fn counted(entries: &[Entry]) -> String {
    let assistants = entries.iter().filter(|one| one.assistant).count();
    let of = |count: usize, noun: &str| {
        let count = count.try_into().unwrap_or(u64::MAX);
        (count > 0).then(|| wording::counted(count, noun))
    };
    let parts = [
        of(assistants, "assistant"),
        of(entries.len() - assistants, "model"),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "No model has these words.".to_owned()
    } else {
        parts.join(" and ")
    }
}

/// The dialog of the search.
pub(crate) fn model_search() -> AnyView {
    let store = Store::here();
    let words = RwSignal::new(String::new());
    let here = RwSignal::new(0_usize);
    let title = store.hello.with_untracked(|hello| {
        if hello.assistants.is_empty() {
            "Models"
        } else {
            "Assistants and models"
        }
    });
    let entries = Memo::new(move |_| {
        let hello = store.hello.get();
        words.with(|words| found(&hello, words))
    });
    let choose = move |place: usize| {
        let id = entries.with_untracked(|all| all.get(place).map(|one| one.id.clone()));
        if let Some(id) = id {
            let choice = store.hello.with_untracked(|hello| Choice::of(&id, hello));
            store.chosen.set(Some(choice));
            store.composing.dialog.set(None);
        }
    };
    let keydown = move |event: KeyboardEvent| {
        let count = entries.with_untracked(Vec::len);
        let place = here.get_untracked();
        match event.key().as_str() {
            "ArrowDown" => here.set((place + 1).min(count.saturating_sub(1))),
            "ArrowUp" => here.set(place.saturating_sub(1)),
            "Home" if event.ctrl_key() => here.set(0),
            "End" if event.ctrl_key() => here.set(count.saturating_sub(1)),
            "Enter" => choose(place),
            _ => return,
        }
        event.prevent_default();
        request_animation_frame(move || {
            // The dialog may be closed by now.
            let Some(here) = here.try_get_untracked() else {
                return;
            };
            let id = format!("model-{here}");
            if let Some(element) = document().get_element_by_id(&id) {
                let options = web_sys::ScrollIntoViewOptions::new();
                options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                element.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    };
    let options = move |assistant: bool| {
        let current = untrack(|| store.next());
        let forecast = store.composing.forecast.get();
        let option = |(place, entry): (usize, &Entry)| {
            let own = ModelId(entry.id.clone());
            let model = entry.assistant.then(|| ModelId(entry.beside.clone()));
            let expected = wording::forecast_for(&forecast, &own);
            let label = wording::option(&entry.label, model.as_ref(), expected);
            view! {
                <div
                    id=format!("model-{place}")
                    class="model-option"
                    role="option"
                    aria-selected=(entry.id == current.id()).to_string()
                    data-here=move || (here.get() == place).then_some("")
                    on:click=move |_| choose(place)
                >
                    <span class="model">{label}</span>
                    <span class="text-sm text-muted">{entry.beside.clone()}</span>
                </div>
            }
        };
        entries.with(|all| {
            let places = all.iter().enumerate();
            let own = places.filter(|(_, one)| one.assistant == assistant);
            own.map(option).collect::<Vec<_>>()
        })
    };
    // Headings are needed only where there are two kinds to tell apart.
    let assistants = Memo::new(move |_| entries.with(|all| all.iter().any(|one| one.assistant)));
    let models = Memo::new(move |_| entries.with(|all| all.iter().any(|one| !one.assistant)));
    let group = move |name: &'static str, assistant: bool| {
        view! {
            <div role="group" aria-label=name>
                <p class="model-heading" aria-hidden="true">{name}</p>
                {move || options(assistant)}
            </div>
        }
        .into_any()
    };
    let listed = move || match (title == "Models", assistants.get(), models.get()) {
        (true, _, _) => (move || options(false)).into_any(),
        (false, assistants, models) => view! {
            {assistants.then(|| group("Assistants", true))}
            {models.then(|| group("Models", false))}
        }
        .into_any(),
    };
    let search = format!("Search {}", title.to_lowercase());
    let content = view! {
        <div class="flex flex-col gap-3">
            <label class="sr-only" for="model-words">{search.clone()}</label>
            <input
                id="model-words"
                class="input"
                type="text"
                role="combobox"
                aria-expanded="true"
                aria-controls="model-options"
                aria-activedescendant=move || format!("model-{}", here.get())
                autocomplete="off"
                autofocus
                placeholder=search
                on:input=move |event| {
                    here.set(0);
                    words.set(event_target_value(&event));
                }
                on:keydown=keydown
            />
            <div id="model-options" class="model-options" role="listbox" aria-label=title>
                {listed}
            </div>
            <p class="text-sm text-muted" role="status">{move || entries.with(|all| counted(all))}</p>
        </div>
    };
    dialog("model-search", title, content.into_any())
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::{Assistant, Model};

    use super::*;
    use crate::state::State;

    fn hello(assistants: Vec<Assistant>) -> Hello {
        let model = |id: &str, provider: &str| Model {
            id: id.into(),
            provider: provider.into(),
            fallbacks: vec![],
            demo: false,
        };
        Hello {
            models: vec![model("gpt-4o", "openai"), model("sonnet", "anthropic")],
            assistants,
            ..Hello::clone(&State::default().hello)
        }
    }

    fn ids(hello: &Hello, words: &str) -> Vec<String> {
        let found = found(hello, words);
        found.into_iter().map(|one| one.id).collect()
    }

    #[test]
    fn words_are_found_in_id_and_provider() {
        let hello = hello(vec![]);
        assert_eq!(ids(&hello, ""), ["gpt-4o", "sonnet"]);
        assert_eq!(ids(&hello, "OpenAI 4o"), ["gpt-4o"]);
        assert_eq!(ids(&hello, "4o sonnet"), Vec::<String>::new());
        assert_eq!(counted(&found(&hello, "")), "2 models");
        assert_eq!(counted(&found(&hello, "x")), "No model has these words.");
    }

    #[test]
    fn assistants_come_first_and_are_found_by_name_id_and_model() {
        let hello = hello(vec![Assistant {
            id: "qa".into(),
            name: "Questions and answers".into(),
            model: "gpt-4o".into(),
        }]);
        assert_eq!(ids(&hello, ""), ["qa", "gpt-4o", "sonnet"]);
        assert_eq!(ids(&hello, "answers"), ["qa"]);
        assert_eq!(ids(&hello, "QA"), ["qa"]);
        assert_eq!(ids(&hello, "4o"), ["qa", "gpt-4o"]);
        assert_eq!(counted(&found(&hello, "4o")), "1 assistant and 1 model");
    }
}
