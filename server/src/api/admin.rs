//! `/api/admin`: what administrators see and do.

pub(crate) mod alerts;
pub(crate) mod attempts;
pub(crate) mod series;
pub(crate) mod statistics;
mod table;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use evenkeel_engine::{ForcedState, ModelId};
use evenkeel_protocol::{HealthReport, Role};
use serde::Deserialize;

use super::{Id, Json};
use crate::catalog::ProviderEntry;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

pub(crate) async fn providers(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<axum::Json<HealthReport>, Refusal> {
    administrator(&principal)?;
    let (catalog, clock) = (shared.catalog(), &shared.clock);
    let report = shared.health.report(&catalog, &principal.id, clock);
    Ok(axum::Json(report))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Circuit {
    action: Action,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Open,
    Close,
    Reset,
}

pub(crate) async fn model_circuit(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(body): Json<Circuit>,
) -> Result<StatusCode, Refusal> {
    administrator(&principal)?;
    let catalog = shared.catalog();
    let model = catalog
        .model(&id)
        .ok_or_else(|| Refusal::not_found("model"))?;
    let provider = catalog.provider(model.provider.as_str());
    let provider = provider.ok_or_else(|| Refusal::not_found("provider"))?;
    act(&principal, provider, Some(&model.id), body.action);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn provider_circuit(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(body): Json<Circuit>,
) -> Result<StatusCode, Refusal> {
    administrator(&principal)?;
    let catalog = shared.catalog();
    let provider = catalog
        .provider(&id)
        .ok_or_else(|| Refusal::not_found("provider"))?;
    act(&principal, provider, None, body.action);
    Ok(StatusCode::NO_CONTENT)
}

fn act(by: &Principal, provider: &ProviderEntry, model: Option<&ModelId>, action: Action) {
    tracing::warn!(
        by = &*by.id,
        provider = provider.id.as_str(),
        model = model.map(ModelId::as_str),
        ?action,
        "circuit_changed_by_administrator"
    );
    let circuits = provider.circuits(&by.id);
    match action {
        Action::Open => circuits.force(model, ForcedState::Open),
        Action::Close => circuits.force(model, ForcedState::Closed),
        Action::Reset => circuits.reset(model),
    }
}

fn administrator(principal: &Principal) -> Result<(), Refusal> {
    if principal.has(Role::Admin) {
        Ok(())
    } else {
        Err(Refusal::not_allowed("This needs an administrator."))
    }
}
