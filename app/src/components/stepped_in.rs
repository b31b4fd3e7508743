//! Another model answered than the one that was asked for: what happened, and what can be made of it.

use evenkeel_protocol::{Message, MessageStatus};
use leptos::prelude::*;

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
    let (chosen, of_next) = (served.clone(), served.clone());
    let taken = Memo::new(move |_| {
        let next = store.chosen_model.get();
        next.unwrap_or_else(|| store.usual_model.get()) == of_next
    });
    let take = move |_| {
        store.chosen_model.set(Some(chosen.clone()));
        store
            .announcement
            .set(format!("{chosen} is asked from now on."));
    };
    let again = {
        let (id, asked) = (message.id.clone(), asked.clone());
        move |_| store.ask_again(&id, Some(asked.clone()))
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
