//! A search among many models: a list that is steered from its search field.

use evenkeel_protocol::Model;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::dialog;
use crate::store::Store;
use crate::wording;

/// The models whose id or provider has all words in it.
fn found(models: &[Model], words: &str) -> Vec<Model> {
    let words = words.to_lowercase();
    let matches = |model: &&Model| {
        let text = format!("{} {}", model.id, model.provider).to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    };
    models.iter().filter(matches).cloned().collect()
}

/// The dialog of the search.
pub(crate) fn model_search() -> AnyView {
    let store = Store::here();
    let words = RwSignal::new(String::new());
    let here = RwSignal::new(0_usize);
    let models = Memo::new(move |_| {
        let hello = store.hello.get();
        words.with(|words| found(&hello.models, words))
    });
    let choose = move |place: usize| {
        let model = models.with_untracked(|models| models.get(place).map(|model| model.id.clone()));
        if let Some(model) = model {
            store.chosen_model.set(Some(model));
            store.composing.dialog.set(None);
        }
    };
    let keydown = move |event: KeyboardEvent| {
        let count = models.with_untracked(Vec::len);
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
    let options = move || {
        let current = untrack(|| store.next_model());
        let forecast = store.composing.forecast.get();
        models.with(|models| {
            let option = |(place, model): (usize, &Model)| {
                let label = wording::option(
                    model.id.as_str(),
                    wording::forecast_for(&forecast, &model.id),
                );
                view! {
                    <li
                        id=format!("model-{place}")
                        class="model-option"
                        role="option"
                        aria-selected=(model.id == current).to_string()
                        data-here=move || (here.get() == place).then_some("")
                        on:click=move |_| choose(place)
                    >
                        <span class="model">{label}</span>
                        <span class="text-sm text-muted">{model.provider.to_string()}</span>
                    </li>
                }
            };
            models.iter().enumerate().map(option).collect::<Vec<_>>()
        })
    };
    let content = view! {
        <div class="flex flex-col gap-3">
            <label class="sr-only" for="model-words">"Search models"</label>
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
                placeholder="Search models"
                on:input=move |event| {
                    here.set(0);
                    words.set(event_target_value(&event));
                }
                on:keydown=keydown
            />
            <ul id="model-options" class="model-options" role="listbox" aria-label="Models">
                {options}
            </ul>
            <p class="text-sm text-muted" role="status">
                {move || match models.with(Vec::len) {
                    0 => "No model has these words.".to_owned(),
                    1 => "1 model".to_owned(),
                    count => format!("{count} models"),
                }}
            </p>
        </div>
    };
    dialog("model-search", "Models", content.into_any())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_id_and_provider() {
        let model = |id: &str, provider: &str| Model {
            id: id.into(),
            provider: provider.into(),
            fallbacks: vec![],
            demo: false,
        };
        let models = [model("gpt-4o", "openai"), model("sonnet", "anthropic")];
        let ids = |words| {
            let found = found(&models, words);
            found
                .iter()
                .map(|model| model.id.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(""), ["gpt-4o", "sonnet"]);
        assert_eq!(ids("OpenAI 4o"), ["gpt-4o"]);
        assert_eq!(ids("4o sonnet"), Vec::<String>::new());
    }
}
