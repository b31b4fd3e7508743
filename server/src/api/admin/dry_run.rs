//! `/api/admin/dry-run`: what settings would have made of the last hours.

use std::sync::Arc;

use axum::extract::State;
use evenkeel_protocol::{DryRun, DryRunRequest, ErrorKind, Timestamp, TurnError};
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use super::settings::wanted;
use super::{administrator, refusal};
use crate::api::{Json, to_its_end};
use crate::dry_run::{self, MOST, NoDryRun};
use crate::error::Refusal;
use crate::live;
use crate::principal::Principal;
use crate::shared::Shared;

/// The span, where none is named, and the longest.
const USUAL: SignedDuration = SignedDuration::from_hours(3);
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

pub(super) async fn dry_run(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Json(asked): Json<DryRunRequest>,
) -> Result<axum::Json<DryRun>, Refusal> {
    administrator(&principal)?;
    let to = asked.to.unwrap_or_else(|| shared.clock.now());
    let usual = to.checked_sub(USUAL).unwrap_or(Timestamp::MIN);
    let from = asked.from.unwrap_or(usual);
    if from > to || to.duration_since(from) > LONGEST {
        return Err(Refusal::at(
            "from",
            "give a time before `to`, by 24 hours at most",
        ));
    }
    // It takes a processor for seconds, also when its reader has left.
    static ONE: Semaphore = Semaphore::const_new(1);
    let place = ONE.try_acquire().map_err(|_| {
        Refusal::from(TurnError {
            error: "A replay is running. Wait until it has ended.".to_owned(),
            kind: ErrorKind::RateLimited,
        })
    })?;
    let wanted = wanted(&shared, asked.changes)?;
    let imagined = live::imagine(&shared, &wanted).map_err(refusal)?;
    let run = to_its_end(async move {
        let _place = place;
        Ok(dry_run::dry_run(&shared, imagined, from, to).await)
    });
    run.await?.map(axum::Json).map_err(|error| match error {
        NoDryRun::TooLong(turns) => Refusal::at(
            "from",
            &format!(
                "{turns} turns ended in this span, and {MOST} can be replayed; give a shorter one"
            ),
        ),
        NoDryRun::Store(error) => error.into(),
        NoDryRun::Failed(error) => Refusal::internal(&error),
    })
}
