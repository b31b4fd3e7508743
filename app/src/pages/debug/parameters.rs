//! What a kind of fault can be told.

use leptos::prelude::*;

use super::fields::Field;
use crate::state::FaultDraft;

/// The fields of the chosen kind.
pub(super) fn parameters(draft: RwSignal<FaultDraft>, kind: &str) -> AnyView {
    let after_tokens = |label| {
        view! {
            <Field draft name="after_tokens" label get=|draft| &draft.after_tokens set=|draft, value| draft.after_tokens = value />
        }
        .into_any()
    };
    let ms = |label| {
        view! {
            <Field draft name="ms" label get=|draft| &draft.ms set=|draft, value| draft.ms = value />
        }
        .into_any()
    };
    match kind {
        "http_status" => view! {
            <Field draft name="status" label="Status" get=|draft| &draft.status set=|draft, value| draft.status = value />
            <Field draft name="retry_after_s" label="Retry-After in seconds (optional)" get=|draft| &draft.retry_after_s set=|draft, value| draft.retry_after_s = value />
            <div class="wide-field">
                <Field draft name="message" label="Message (optional)" text=true get=|draft| &draft.message set=|draft, value| draft.message = value />
            </div>
        }
        .into_any(),
        "slow_first_token" => ms("For how many milliseconds"),
        "latency" => view! {
            {ms("Later by so many milliseconds")}
            <Field draft name="jitter_ms" label="Give or take (optional)" get=|draft| &draft.jitter_ms set=|draft, value| draft.jitter_ms = value />
        }
        .into_any(),
        "stream_cut" | "stream_stall" => after_tokens("After so many pieces"),
        "malformed_event" => after_tokens("After so many whole pieces"),
        "in_band_error" => view! {
            <div class="wide-field">
                <Field draft name="error" label="Type of the error, or its message" text=true get=|draft| &draft.error set=|draft, value| draft.error = value />
            </div>
        }
        .into_any(),
        "drip" => view! {
            <Field draft name="tokens_per_s" label="Pieces a second" get=|draft| &draft.tokens_per_s set=|draft, value| draft.tokens_per_s = value />
        }
        .into_any(),
        _ => ().into_any(),
    }
}
