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
    // Models may be named as often as there are any, so that a page asks for those that are seen.
    let pairs = url::form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let (wanted, others): (Vec<_>, Vec<_>) = pairs.partition(|(key, _)| key == "model");
    let wanted: Vec<_> = wanted.into_iter().map(|(_, id)| id.into_owned()).collect();
    let others = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(others)
        .finish();
    let asked = Asked::read(&others, &["span"])?;
    let (health, catalog) = (&shared.health, shared.catalog());
    match asked.text("span") {
        None | Some("15m") => Ok(axum::Json(health.steps(&catalog, &wanted))),
        Some("24h") => Ok(axum::Json(health.minutes(&catalog, &wanted))),
        Some(_) => Err(Refusal::at("span", "give 15m or 24h")),
    }
}
