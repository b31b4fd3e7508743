//! `/api/admin`: what administrators see and do.

mod alerts;
mod attempts;
mod audit;
mod circuit;
mod dry_run;
mod key;
mod order;
mod rollout;
mod series;
mod settings;
mod statistics;
mod table;
mod test;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, patch, post, put};
use evenkeel_protocol::{HealthReport, Role};
use serde_json::json;

use crate::error::Refusal;
use crate::live;
use crate::principal::Principal;
use crate::shared::Shared;

/// The routes of live control.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/admin/providers", get(providers))
        .route(
            "/api/admin/providers/{id}/circuit",
            post(circuit::of_provider),
        )
        .route(
            "/api/admin/providers/{id}/key",
            put(key::replace).delete(key::forget),
        )
        .route("/api/admin/models/{id}/circuit", post(circuit::of_model))
        .route("/api/admin/assistants/{id}/rollout", post(rollout::change))
        .route("/api/admin/models/{id}/test", post(test::test))
        .route(
            "/api/admin/settings",
            patch(settings::change).get(settings::read),
        )
        .route("/api/admin/order", get(order::read).put(order::change))
        .route("/api/admin/alerts", get(alerts::list))
        .route("/api/admin/alerts/test", post(alerts::test))
        .route("/api/admin/attempts", get(attempts::attempts))
        .route("/api/admin/statistics", get(statistics::statistics))
        .route("/api/admin/dry-run", post(dry_run::dry_run))
        .route("/api/admin/series", get(series::series))
        .route("/api/admin/audit", get(audit::page))
        .route("/api/admin/audit/{id}/revert", post(audit::revert))
}

async fn providers(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<axum::Json<HealthReport>, Refusal> {
    administrator(&principal)?;
    let catalog = shared.catalog();
    let report = shared.health.report(&catalog, &principal.id, &shared.clock);
    Ok(axum::Json(report))
}

fn administrator(principal: &Principal) -> Result<(), Refusal> {
    if principal.has(Role::Admin) {
        Ok(())
    } else {
        Err(Refusal::not_allowed("This needs an administrator."))
    }
}

/// Does something to its end, even where the caller does not wait for it: what is half done would be neither the old nor
/// the new.
pub(super) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        // It is counted and answered where every panic is.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(Refusal::internal(&error)),
    }
}

/// Why nothing was changed, with what its author needs to know.
fn refusal(refused: live::Refused) -> Refusal {
    match refused {
        live::Refused::Wrong(wrong) => {
            let said = wrong
                .iter()
                .map(|it| format!("{} of {}: {}", it.key, it.scope, it.message));
            let said: Vec<_> = said.collect();
            Refusal::invalid(&said.join("; ")).with_member("problems", json!(wrong))
        }
        live::Refused::Stale { revision, changes } => Refusal::invalid(
            "Somebody has changed something since you looked. See what it was, and decide again.",
        )
        .with_status(StatusCode::CONFLICT)
        .with_member("revision", json!(revision))
        .with_member("changes", json!(changes)),
        live::Refused::Store(error) => error.into(),
        live::Refused::Catalog(error) => Refusal::internal(&error),
    }
}
