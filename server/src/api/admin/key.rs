//! `/api/admin/providers/{id}/key`: a provider's key, which comes in and never goes out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::administrator;
use crate::api::{Id, Raw, to_its_end};
use crate::error::Refusal;
use crate::live::{self, KeyRefused, Tested};
use crate::principal::Principal;
use crate::shared::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    key: String,
}

pub(super) async fn replace(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Raw(body): Raw,
) -> Result<axum::Json<Value>, Refusal> {
    administrator(&principal)?;
    // Whatever else came: an error that showed it could show the key.
    let NewKey { key } = serde_json::from_slice(&body)
        .map_err(|_| Refusal::invalid("The body must be {\"key\": \"…\"}."))?;
    let tested = to_its_end(async move {
        let replaced = live::replace_key(&shared, &principal, &id, key).await;
        replaced.map_err(refusal)
    });
    Ok(axum::Json(match tested.await? {
        Tested::Models(count) => json!({"tested": {"models": count}}),
        Tested::Attempt(attempt) => json!({"tested": {"attempt": attempt}}),
    }))
}

pub(super) async fn forget(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    administrator(&principal)?;
    to_its_end(async move {
        let forgotten = live::forget_key(&shared, &principal, &id).await;
        forgotten.map_err(refusal)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn refusal(refused: KeyRefused) -> Refusal {
    match refused {
        KeyRefused::NoSuchProvider => Refusal::not_found("provider that takes a key"),
        KeyRefused::NoKey(mend) => Refusal::at("key", mend),
        KeyRefused::Provider {
            reason,
            status_code,
            detail,
            simulated,
        } => {
            let reason = reason.as_str();
            let by = if simulated {
                "A simulated fault struck the test of the key; halt it, and try again"
            } else {
                "The provider did not take the key, so the old one stays in use"
            };
            Refusal::invalid(&format!("{by} ({reason}): {detail}"))
                .with_status(StatusCode::UNPROCESSABLE_ENTITY)
                .with_member("reason", json!(reason))
                .with_member("status_code", json!(status_code))
                .with_member("provider_detail", json!(detail))
                .with_member("simulated", json!(simulated))
        }
        KeyRefused::Io(error) => Refusal::internal(&error),
        KeyRefused::Configuration(said) => Refusal::invalid(&said),
    }
}
