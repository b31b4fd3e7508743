//! `/api/admin/settings`: what can be changed while the server runs.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use evenkeel_protocol::{Effect, SettingChange, Settings, SettingsChange};
use serde::Deserialize;

use super::{administrator, refusal, to_its_end};
use crate::api::Json;
use crate::config::Scope;
use crate::error::Refusal;
use crate::live::{self, Wanted};
use crate::principal::Principal;
use crate::shared::Shared;

/// So many settings can be changed together.
const MOST: usize = 1000;

#[derive(Deserialize)]
pub(super) struct Of {
    scope: Option<String>,
}

pub(super) async fn read(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    of: Result<Query<Of>, QueryRejection>,
) -> Result<axum::Json<Settings>, Refusal> {
    administrator(&principal)?;
    let Query(of) =
        of.map_err(|_| Refusal::invalid("scope: give it once, as in ?scope=models/gpt-4o"))?;
    let scope = scope(of.scope.as_deref().unwrap_or("global"))?;
    let settings = live::settings(&shared, &scope);
    let what = match scope {
        Scope::Global => "scope",
        Scope::Provider(_) => "provider",
        Scope::Model(_) => "model",
        Scope::Assistant(_) => "assistant",
    };
    settings
        .map(axum::Json)
        .ok_or_else(|| Refusal::not_found(what))
}

pub(super) async fn change(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Json(change): Json<SettingsChange>,
) -> Result<axum::Json<Effect>, Refusal> {
    administrator(&principal)?;
    let wanted = wanted(&shared, change.changes)?;
    let (revision, preview) = (change.revision, change.preview);
    let effect = to_its_end(async move {
        let changed = live::change(&shared, &principal.id, revision, preview, wanted).await;
        changed.map_err(refusal)
    });
    Ok(axum::Json(effect.await?))
}

pub(super) fn wanted(shared: &Shared, changes: Vec<SettingChange>) -> Result<Wanted, Refusal> {
    if changes.len() > MOST {
        return Err(Refusal::invalid("changes: give at most 1000 at once"));
    }
    let mut wanted = Wanted::new();
    for (place, change) in changes.into_iter().enumerate() {
        if (change.scope.as_str(), change.key.as_str()) == ("*", "*") && change.value.is_none() {
            wanted.extend(shared.live.everything());
            continue;
        }
        let scope = Scope::parse(&change.scope).ok_or_else(|| {
            Refusal::invalid(&format!(
                "changes[{place}].scope: must be global, providers/ID, models/ID or assistants/ID"
            ))
        })?;
        if wanted.insert((scope, change.key), change.value).is_some() {
            return Err(Refusal::invalid(&format!(
                "changes[{place}]: this setting is changed twice"
            )));
        }
    }
    Ok(wanted)
}

fn scope(text: &str) -> Result<Scope, Refusal> {
    Scope::parse(text).ok_or_else(|| {
        Refusal::invalid("scope: must be global, providers/ID, models/ID or assistants/ID")
    })
}
