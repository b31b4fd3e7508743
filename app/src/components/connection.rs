//! A quiet line while there is no connection; never a modal, never "please refresh".

use leptos::prelude::*;

use super::Countdown;
use crate::state::Connection;
use crate::store::Store;

/// Says how the connection stands, where it does not stand.
#[component]
pub(crate) fn ConnectionLine() -> impl IntoView {
    let store = Store::here();
    let state = move || match store.connection.get() {
        Connection::Connecting => "connecting",
        Connection::Open => "open",
        Connection::Silent => "silent",
        Connection::Waiting { .. } => "waiting",
    };
    view! {
        <div class="connection flex flex-wrap items-center gap-x-2 text-sm text-muted" data-testid="connection" data-state=state>
            {move || match store.connection.get() {
                Connection::Open => ().into_any(),
                Connection::Connecting => view! { <span>"Connecting …"</span> }.into_any(),
                Connection::Silent => {
                    view! { <span>"The server does not answer. Still trying …"</span> }.into_any()
                }
                Connection::Waiting { until } => {
                    let lost = if window().navigator().on_line() {
                        "Connection lost."
                    } else {
                        "This device is offline."
                    };
                    view! {
                        <span>{lost} " Next try in " <Countdown until over="a moment" /> "."</span>
                        <button type="button" class="link-button" on:click=move |_| store.hurry()>
                            "Try now"
                        </button>
                    }
                        .into_any()
                }
            }}
        </div>
    }
    .into_any()
}
