//! Who would answer now, where it is not the model that is chosen. It is no live region: it would speak each second.

use evenkeel_protocol::ModelForecast;
use leptos::prelude::*;

use crate::components::{Countdown, Simulated};
use crate::state::{Connection, assistant};
use crate::store::Store;
use crate::wording;

/// A quiet line; nothing while the chosen model would answer itself.
#[component]
pub(crate) fn ForecastLine() -> impl IntoView {
    let store = Store::here();
    let expected = Memo::new(move |_| {
        let open = store.connection.get() == Connection::Open;
        store.expected().filter(|_| open)
    });
    let said = move |expected: &ModelForecast| {
        store.hello.with_untracked(|hello| {
            let assistant = assistant(hello, expected.model.as_str());
            wording::forecast(expected, assistant)
        })
    };
    view! {
        <p id="forecast" class="forecast text-sm text-muted" data-testid="forecast">
            {move || {
                expected
                    .get()
                    .map(|expected| {
                        let back = expected
                            .retry_at
                            .map(|at| {
                                view! {
                                    ", likely back in "
                                    <Countdown until=at.as_millisecond() over="a moment" />
                                }
                            });
                        view! {
                            <span>{said(&expected)} {back}</span>
                            {expected.simulated.then(|| view! { <Simulated /> })}
                        }
                    })
            }}
        </p>
    }
    .into_any()
}
