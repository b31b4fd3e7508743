//! `/api/admin/models/{id}/test`: one small real request, and before it what it would cost.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::administrator;
use crate::api::{Id, Json, to_its_end};
use crate::error::Refusal;
use crate::live;
use crate::principal::Principal;
use crate::shared::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// Only say what would be sent.
    #[serde(default)]
    preview: bool,
}

pub(super) async fn test(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(test): Json<Test>,
) -> Result<Response, Refusal> {
    administrator(&principal)?;
    let unknown = || Refusal::not_found("model");
    if test.preview {
        let catalog = shared.catalog();
        let model = catalog.model(&id).ok_or_else(unknown)?;
        return Ok(axum::Json(live::plan(model)).into_response());
    }
    let tested = to_its_end(async move {
        let result = live::test(&shared, &principal, &id).await;
        result.ok_or_else(unknown)
    });
    Ok(axum::Json(tested.await?).into_response())
}
