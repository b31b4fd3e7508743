//! Another model answered than the one that was asked for: what happened, and what can be made of it.

use evenkeel_protocol::{Message, MessageStatus};
use leptos::prelude::*;

use crate::state::{Choice, assistant};
use crate::store::Store;
use crate::wording;

/// The line under such an answer.
pub(super) fn stepped_in(message: &Message) -> Option<AnyView> {
    let text = wording::fallback(message)?;
    let settled = message.status != MessageStatus::Streaming;
    let actions = settled.then(|| actions(message)).flatten();
    let line = view! {
        <div class="fallback-line flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
            <p data-testid="fallback-line">{text}</p>
            {actions}
        </div>
    };
    Some(line.into_any())
}

fn actions(message: &Message) -> Option<AnyView> {
    let store = Store::here();
    let served = message.model_name.clone()?;
    let asked = message.requested_model.clone()?;
    if served == asked {
        return None;
    }
    let own = message.assistant.clone();
    let choice = Choice {
        // It steps in for the model, and the assistant stays.
        assistant: own.filter(|id| store.hello.with(|hello| assistant(hello, id).is_some())),
        model: Some(served.clone()),
    };
    let of_next = choice.clone();
    let taken = Memo::new(move |_| store.next() == of_next);
    let take = {
        let served = served.clone();
        move |_| {
            store.chosen.set(Some(choice.clone()));
            store
                .announcement
                .set(format!("{served} is asked from now on."));
        }
    };
    let again = {
        let (id, asked) = (message.id.clone(), asked.clone());
        // An assistant knows itself whom it asks first.
        let model = message.assistant.is_none().then_some(asked);
        move |_| store.ask_again(&id, model.clone())
    };
    let name = format!("Use {served} from now on");
    let actions = view! {
        <span class="flex flex-wrap gap-x-3 gap-y-1">
            <button
                type="button"
                class="line-button"
                data-testid="use-from-now-on"
                aria-label=name
                aria-pressed=move || taken.get().to_string()
                on:click=take
            >
                {move || if taken.get() { "in use from now on" } else { "use it from now on" }}
            </button>
            <button type="button" class="line-button" data-testid="try-asked-again" on:click=again>
                {format!("try {asked} again")}
            </button>
        </span>
    };
    Some(actions.into_any())
}
