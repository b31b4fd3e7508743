//! ‹ 2/3 ›: from one version of a message to the next.

use evenkeel_protocol::MessageId;
use leptos::prelude::*;

use super::{Icon, icon};
use crate::browser;
use crate::store::Store;

/// The place of a message among its versions; nothing where there is only one.
#[component]
pub(crate) fn Versions(
    /// The message.
    id: MessageId,
) -> impl IntoView {
    let store = Store::here();
    move || {
        let (place, versions) = store.versions(&id)?;
        let count = versions.len();
        let step = |side: &'static str, name: &'static str, shape, to: Option<MessageId>| {
            let last = to.is_none();
            let go = move |_| {
                let Some(to) = &to else { return };
                store.choose(to);
                let place = store.versions(to).map_or(0, |(place, _)| place + 1);
                let said = format!("Version {place} of {count}.");
                store.announcement.set(said);
                // The buttons that were pressed are gone with their message.
                let next = format!("{side}-{to}");
                request_animation_frame(move || browser::focus(&next));
            };
            view! {
                <button
                    type="button"
                    class="tool"
                    id=format!("{side}-{id}")
                    aria-label=name
                    title=name
                    aria-disabled=last.to_string()
                    on:click=go
                >
                    <Icon shape />
                </button>
            }
        };
        let before = place.checked_sub(1).and_then(|place| versions.get(place));
        let after = versions.get(place + 1);
        let name = format!("Version {} of {count}", place + 1);
        Some(view! {
            <div class="versions" role="group" aria-label=name data-testid="versions">
                {step("earlier", "Previous version", icon::LEFT, before.cloned())}
                <span class="tabular-nums">{format!("{}/{count}", place + 1)}</span>
                {step("later", "Next version", icon::RIGHT, after.cloned())}
            </div>
        })
    }
}
