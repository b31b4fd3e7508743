//! Gives a provider another key. It is written, tested, and never shown again.

use evenkeel_protocol::AttemptState;
use leptos::html::Input;
use leptos::prelude::*;

use super::panel::Panel;
use crate::api::admin::{self as api, KeyTest, Refused};
use crate::browser;
use crate::wording;

/// The field's id.
const FIELD: &str = "provider-key";

/// The form of a provider's key.
pub(super) fn key_form(panel: Panel, id: &str) -> AnyView {
    let field = NodeRef::<Input>::new();
    let result = RwSignal::new(None::<Result<String, Refused>>);
    let busy = RwSignal::new(false);
    let provider = StoredValue::new(id.to_owned());
    let head = panel.head(&id.into());
    let source = Memo::new(move |_| {
        let head = head.as_ref()?;
        head.with(|head| head.health.key_source.clone())
    });
    Effect::new(move |before: Option<bool>| {
        let wanted = panel.route.with(|route| route.get("key") == Some("key"));
        if wanted && before != Some(true) {
            request_animation_frame(|| browser::focus(FIELD));
        }
        wanted
    });
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(input) = field.get_untracked().filter(|_| !busy.get_untracked()) else {
            return;
        };
        let key = input.value();
        if key.trim().is_empty() {
            return;
        }
        busy.set(true);
        result.set(None);
        leptos::task::spawn_local(async move {
            let told = api::replace_key(&provider.get_value(), key.trim()).await;
            // The reader may have left the page; so below.
            let _ = busy.try_set(false);
            if told.is_ok() {
                input.set_value("");
            }
            let _ = result.try_set(Some(told.map(|tested| taken(&tested))));
        });
    };
    let forget = move |_| {
        leptos::task::spawn_local(async move {
            let told = api::forget_key(&provider.get_value()).await;
            let said = "What the file or the environment says holds again.".to_owned();
            let _ = result.try_set(Some(told.map(|()| said)));
        });
    };
    let outcome = move || {
        result.get().map(|told| match told {
            Ok(said) => view! { <p class="well" data-testid="key-taken">{said}</p> }.into_any(),
            Err(refused) => view! {
                <p class="problem" data-testid="key-refused">
                    {refused.sentence} " The old key stays in use."
                </p>
            }
            .into_any(),
        })
    };
    let whence = move || match source.get() {
        None => "It has no key.".to_owned(),
        Some(source) if source == "live" => "Its key was given here.".to_owned(),
        Some(source) => format!("Its key comes from the {source}."),
    };
    let live = Memo::new(move |_| source.with(|source| source.as_deref() == Some("live")));
    let back = crate::components::shown_if(live, move || {
        view! {
            <button type="button" class="button" data-testid="key-forget" on:click=forget>
                "Take it back"
            </button>
        }
        .into_any()
    });
    view! {
        <form class="card settings" data-testid="key-form" on:submit=send>
            <h2>"Key"</h2>
            <div class="setting">
                <div class="setting-about">
                    <label for=FIELD>"Another key"</label>
                    <p class="text-muted" id="provider-key-help">
                        {whence} " A new one is tested first, used from the next attempt on, and never shown again."
                    </p>
                </div>
                <div class="setting-field">
                    <input
                        node_ref=field
                        type="password"
                        class="input"
                        id=FIELD
                        name="provider-key"
                        autocomplete="off"
                        spellcheck="false"
                        aria-describedby="provider-key-help"
                    />
                    <div class="flex flex-wrap gap-2">
                        <button type="submit" class="button primary" data-testid="key-go" aria-disabled=move || busy.get().to_string()>
                            {move || if busy.get() { "Testing it …" } else { "Test and use it" }}
                        </button>
                        {back}
                    </div>
                    <div role="status">{outcome}</div>
                </div>
            </div>
        </form>
    }
    .into_any()
}

/// What the test of a key that was taken said.
fn taken(tested: &KeyTest) -> String {
    let how = match (&tested.attempt, tested.models) {
        (Some(attempt), _) if attempt.state == AttemptState::Answered => {
            let took = attempt.duration_ms.map_or_else(String::new, |ms| {
                format!(" after {}", wording::short_time(ms))
            });
            format!("{} answered with it{took}.", attempt.model_name)
        }
        (_, Some(models)) => {
            let count = wording::counted(models.try_into().unwrap_or(0), "model");
            format!("The provider lists {count} for it.")
        }
        (_, None) => "The provider accepted it.".to_owned(),
    };
    format!("{how} It is in use from now on.")
}
