//! `/api/admin/assistants/{id}/rollout`: how many of an assistant's conversations try its candidate, which is the setting
//! `candidate.percent`.

use std::sync::Arc;

use axum::extract::State;
use evenkeel_protocol::{Effect, SettingValue};
use serde::Deserialize;

use super::{administrator, refusal, to_its_end};
use crate::api::{Id, Json};
use crate::config::Scope;
use crate::error::Refusal;
use crate::live::{self, Wanted};
use crate::principal::Principal;
use crate::shared::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rollout {
    percent: f64,
    /// Where it is left out, whatever has been changed meanwhile is accepted.
    #[serde(default)]
    revision: Option<u64>,
    #[serde(default)]
    preview: bool,
}

pub(super) async fn change(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(rollout): Json<Rollout>,
) -> Result<axum::Json<Effect>, Refusal> {
    administrator(&principal)?;
    let catalog = shared.catalog();
    let assistant = catalog.assistant(&id);
    let assistant = assistant.ok_or_else(|| Refusal::not_found("assistant"))?;
    if assistant.candidate.is_none() {
        return Err(Refusal::invalid(
            "percent: this assistant has no candidate; give it one in the configuration",
        ));
    }
    let place = (Scope::Assistant(id), "candidate.percent".to_owned());
    let wanted = Wanted::from([(place, Some(SettingValue::Number(rollout.percent)))]);
    let effect = to_its_end(async move {
        let (by, preview) = (&principal.id, rollout.preview);
        let revision = rollout.revision.unwrap_or_else(|| shared.live.revision());
        let changed = live::change(&shared, by, revision, preview, wanted).await;
        changed.map_err(refusal)
    });
    Ok(axum::Json(effect.await?))
}
