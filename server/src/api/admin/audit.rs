//! `/api/admin/audit`: who did what, and taking it back.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use evenkeel_protocol::{AuditPage, Effect};
use serde::Deserialize;

use super::{administrator, refusal};
use crate::api::{Id, Json, to_its_end};
use crate::config::Scope;
use crate::error::Refusal;
use crate::live::{self, Wanted};
use crate::principal::Principal;
use crate::shared::Shared;

/// Entries of a page, where nothing else is asked for, and at most.
const USUAL: u32 = 50;
const MOST: u32 = 200;

#[derive(Deserialize)]
pub(super) struct From {
    before: Option<u64>,
    limit: Option<u32>,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    from: Result<Query<From>, QueryRejection>,
) -> Result<axum::Json<AuditPage>, Refusal> {
    administrator(&principal)?;
    let Query(from) = from.map_err(|_| {
        Refusal::invalid("before and limit: give whole numbers, as in ?before=90&limit=50")
    })?;
    let limit = from.limit.unwrap_or(USUAL).clamp(1, MOST);
    let page = live::audit::page(&shared, from.before, limit).await?;
    Ok(axum::Json(page))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revert {
    revision: u64,
    #[serde(default)]
    preview: bool,
}

pub(super) async fn revert(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
    Json(revert): Json<Revert>,
) -> Result<axum::Json<Effect>, Refusal> {
    administrator(&principal)?;
    let unknown = || Refusal::not_found("entry");
    let id = id.parse().map_err(|_| unknown())?;
    let row = shared.store.audit_entry(id).await?.ok_or_else(unknown)?;
    let scope = Scope::parse(&row.deed.scope).filter(|_| row.deed.revision.is_some());
    let scope =
        scope.ok_or_else(|| Refusal::invalid("Only a change of a setting can be taken back."))?;
    if !live::audit::is_revertible(&shared.live, &row.deed) {
        let since = live::stale(&shared, row.deed.revision.unwrap_or_default()).await?;
        return Err(refusal(since));
    }
    let wanted = Wanted::from([((scope, row.deed.key), row.deed.live_before)]);
    let effect = to_its_end(async move {
        let (by, revision) = (&principal.id, revert.revision);
        let changed = live::change(&shared, by, revision, revert.preview, wanted).await;
        changed.map_err(refusal)
    });
    Ok(axum::Json(effect.await?))
}
