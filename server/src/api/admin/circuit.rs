//! `/api/admin/{models|providers}/{id}/circuit`: circuits in an administrator's hands.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use evenkeel_engine::{ForcedState, ModelId};
use serde::Deserialize;

use super::administrator;
use crate::api::{Id, Json, to_its_end};
use crate::catalog::ProviderEntry;
use crate::config::Scope;
use crate::error::Refusal;
use crate::live::audit::{Action, audit};
use crate::live::{Hand, circuit_effect};
use crate::principal::Principal;
use crate::shared::Shared;
use crate::translate;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Circuit {
    action: Asked,
    /// Only say what would happen.
    #[serde(default)]
    preview: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Open,
    Close,
    Reset,
}

impl Asked {
    const fn hand(self) -> Hand {
        match self {
            Self::Open => Hand::Open,
            Self::Close => Hand::Close,
            Self::Reset => Hand::Reset,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Close => "close",
            Self::Reset => "reset",
        }
    }
}

pub(super) async fn of_model(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(body): Json<Circuit>,
) -> Result<Response, Refusal> {
    administrator(&principal)?;
    to_its_end(async move {
        let catalog = shared.catalog();
        let model = catalog.model(&id);
        let model = model.ok_or_else(|| Refusal::not_found("model"))?;
        let provider = catalog.provider(model.provider.as_str());
        let provider = provider.ok_or_else(|| Refusal::not_found("provider"))?;
        Ok(act(&shared, &principal, provider, Some(&model.id), &body).await)
    })
    .await
}

pub(super) async fn of_provider(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(body): Json<Circuit>,
) -> Result<Response, Refusal> {
    administrator(&principal)?;
    to_its_end(async move {
        let catalog = shared.catalog();
        let provider = catalog.provider(&id);
        let provider = provider.ok_or_else(|| Refusal::not_found("provider"))?;
        Ok(act(&shared, &principal, provider, None, &body).await)
    })
    .await
}

async fn act(
    shared: &Shared,
    by: &Principal,
    provider: &ProviderEntry,
    model: Option<&ModelId>,
    circuit: &Circuit,
) -> Response {
    let action = circuit.action;
    if circuit.preview {
        let effect = circuit_effect(shared, &by.id, provider, model, action.hand());
        return axum::Json(effect).into_response();
    }
    tracing::warn!(
        by = &*by.id,
        provider = provider.id.as_str(),
        model = model.map(ModelId::as_str),
        ?action,
        "circuit_changed_by_administrator"
    );
    let circuits = provider.circuits(&by.id);
    let state = || {
        let view = match model {
            Some(model) => circuits.model_view(model),
            None => Some(circuits.view()),
        };
        view.map(|view| {
            let held = if view.forced { ", held" } else { "" };
            let state = translate::circuit(&view, &shared.clock).state.as_str();
            format!("{state}{held}")
        })
    };
    let before = state();
    match action {
        Asked::Open => circuits.force(model, ForcedState::Open),
        Asked::Close => circuits.force(model, ForcedState::Closed),
        Asked::Reset => circuits.reset(model),
    }
    let scope = match model {
        Some(model) => Scope::Model(model.as_str().to_owned()),
        None => Scope::Provider(provider.id.as_str().to_owned()),
    };
    let (before, after) = (before.as_deref(), state());
    let (scope, key) = (scope.to_string(), action.as_str());
    audit(
        shared,
        by,
        Action::Circuit,
        scope,
        key,
        before,
        after.as_deref(),
    )
    .await;
    StatusCode::NO_CONTENT.into_response()
}
