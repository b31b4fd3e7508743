//! `/api/admin/series`: how the last 15 minutes or the last day went, for charts.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use evenkeel_protocol::Series;

use super::administrator;
use super::attempts::Asked;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

pub(crate) async fn series(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    RawQuery(query): RawQuery,
) -> Result<axum::Json<Series>, Refusal> {
    administrator(&principal)?;
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &["span"])?;
    let (health, catalog) = (&shared.health, shared.catalog());
    match asked.text("span") {
        None | Some("15m") => Ok(axum::Json(health.steps(&catalog))),
        Some("24h") => Ok(axum::Json(health.minutes(&catalog))),
        Some(_) => Err(Refusal::at("span", "give 15m or 24h")),
    }
}
