//! `/api/debug`: simulated outages, and replays under them.

mod check;
pub(crate) mod replay;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use evenkeel_protocol as wire;
use evenkeel_protocol::{FaultSpec, Role};
use evenkeel_providers::{Armed, Audience};
use serde::Serialize;

use super::{Id, Json, to_its_end};
use crate::error::Refusal;
use crate::live::audit::{Action, audit};
use crate::principal::Principal;
use crate::shared::Shared;
use crate::translate;

/// No more can be armed at once.
const MAX_ARMED: usize = 100;

#[derive(Serialize)]
pub(crate) struct List {
    faults: Vec<wire::Fault>,
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<axum::Json<List>, Refusal> {
    tester(&principal)?;
    Ok(axum::Json(List {
        faults: visible(&shared, &principal),
    }))
}

/// The faults that a principal may see: its own, and those that strike everybody.
pub(crate) fn visible(shared: &Shared, principal: &Principal) -> Vec<wire::Fault> {
    let faults = shared.faults.list();
    let shown = faults.iter().filter(|fault| concerns(fault, principal));
    shown
        .map(|fault| translate::fault(fault, &shared.clock))
        .collect()
}

fn concerns(fault: &Armed, principal: &Principal) -> bool {
    match &fault.order.audience {
        Audience::Only(only) => *only == principal.id,
        Audience::Everyone => true,
    }
}

pub(crate) async fn arm(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Json(spec): Json<FaultSpec>,
) -> Result<(StatusCode, axum::Json<wire::Fault>), Refusal> {
    tester(&principal)?;
    let order = check::order(&shared, &principal, spec)?;
    if shared.faults.list().len() >= MAX_ARMED {
        return Err(Refusal::invalid("100 faults are armed; end some first"));
    }
    to_its_end(async move {
        let armed = shared.faults.arm(&principal.id, order);
        let fault = translate::fault(&armed, &shared.clock);
        write_down(&shared, &principal, "armed", &fault).await;
        Ok((StatusCode::CREATED, axum::Json(fault)))
    })
    .await
}

/// What strikes everybody is everybody's business: it stands in the audit log.
async fn write_down(shared: &Shared, by: &Principal, done: &str, fault: &wire::Fault) {
    if fault.spec.audience == wire::Audience::Everyone {
        let what = serde_json::to_string(&fault.spec).ok();
        let scope = format!("faults/{}", fault.id.as_str());
        let what = what.as_deref();
        audit(shared, by, Action::Fault, scope, done, None, what).await;
    }
}

pub(crate) async fn disarm(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    tester(&principal)?;
    to_its_end(async move {
        let before = visible(&shared, &principal);
        let which = |fault: &Armed| fault.id.to_string() == id && concerns(fault, &principal);
        if shared.faults.halt(which) == 0 {
            return Err(Refusal::not_found("fault"));
        }
        for fault in before.iter().filter(|fault| fault.id.as_str() == id) {
            write_down(&shared, &principal, "ended", fault).await;
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Ends all of them, and closes the circuits that they opened.
pub(crate) async fn halt(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<StatusCode, Refusal> {
    tester(&principal)?;
    to_its_end(async move {
        let before = visible(&shared, &principal);
        shared.faults.halt(|fault| concerns(fault, &principal));
        for fault in &before {
            write_down(&shared, &principal, "halted", fault).await;
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

fn tester(principal: &Principal) -> Result<(), Refusal> {
    if principal.has(Role::Tester) || principal.has(Role::Admin) {
        Ok(())
    } else {
        Err(Refusal::not_allowed("This needs a tester."))
    }
}
