//! `/api/debug`: simulated outages.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use evenkeel_protocol as wire;
use evenkeel_protocol::{FaultSpec, Role};
use evenkeel_providers::{Armed, Audience, FaultKind, FaultOrder, Target};
use serde::Serialize;

use super::{Id, Json};
use crate::error::Refusal;
use crate::live::audit::{Action, audit};
use crate::principal::Principal;
use crate::shared::Shared;
use crate::translate;

/// A fault lives at most this long.
const MAX_TTL_S: u64 = 3600;

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
    let order = check(&shared, &principal, spec)?;
    if shared.faults.list().len() >= MAX_ARMED {
        return Err(Refusal::invalid("100 faults are armed; end some first"));
    }
    let armed = shared.faults.arm(&principal.id, order);
    let fault = translate::fault(&armed, &shared.clock);
    write_down(&shared, &principal, "armed", &fault).await;
    Ok((StatusCode::CREATED, axum::Json(fault)))
}

/// What strikes everybody is everybody's business: it stands in the audit log.
async fn write_down(shared: &Shared, by: &Principal, done: &str, fault: &wire::Fault) {
    if fault.spec.audience == wire::Audience::Everyone {
        let what = serde_json::to_string(&fault.spec).ok();
        let scope = format!("faults/{}", fault.id.as_str());
        audit(
            shared,
            by,
            Action::Fault,
            scope,
            done,
            None,
            what.as_deref(),
        )
        .await;
    }
}

fn check(shared: &Shared, principal: &Principal, spec: FaultSpec) -> Result<FaultOrder, Refusal> {
    let target = match spec.target {
        wire::Target::Everything(wire::Star::Star) => Target::default(),
        wire::Target::Some {
            provider: None,
            model: None,
        } => {
            return Err(Refusal::invalid(
                "target: name a provider or a model, or give \"*\"",
            ));
        }
        wire::Target::Some { provider, model } => {
            let catalog = shared.catalog();
            if let Some(id) = provider
                .as_ref()
                .filter(|id| catalog.provider(id.as_str()).is_none())
            {
                return Err(Refusal::invalid(&format!(
                    "target.provider: there is no {:?}",
                    id.as_str()
                )));
            }
            if let Some(id) = model
                .as_ref()
                .filter(|id| catalog.model(id.as_str()).is_none())
            {
                let no_model =
                    catalog.no_model(id.as_str(), "GET /v1/models lists those there are");
                return Err(Refusal::invalid(&format!("target.model: {no_model}")));
            }
            Target {
                provider: provider.map(|id| id.as_str().into()),
                model: model.map(|id| id.as_str().into()),
            }
        }
    };
    let audience = match spec.audience {
        wire::Audience::Me => Audience::Only(principal.id.clone()),
        wire::Audience::Everyone if principal.has(Role::Admin) => Audience::Everyone,
        wire::Audience::Everyone => {
            return Err(Refusal::not_allowed(
                "audience: \"everyone\" needs an administrator",
            ));
        }
    };
    let kind = match spec.kind {
        wire::FaultKind::HttpStatus {
            status,
            retry_after_s,
            message,
        } => {
            let status = http::StatusCode::from_u16(status)
                .ok()
                .filter(|status| status.is_client_error() || status.is_server_error());
            let status = status.ok_or_else(|| Refusal::invalid("status: give 400 to 599"))?;
            if message
                .as_ref()
                .is_some_and(|message| message.len() > 10_000)
            {
                return Err(Refusal::invalid("message: give at most 10,000 bytes"));
            }
            FaultKind::HttpStatus {
                status,
                retry_after_s,
                message,
            }
        }
        wire::FaultKind::ConnectionRefused => FaultKind::ConnectionRefused,
        wire::FaultKind::NoResponse => FaultKind::NoResponse,
        wire::FaultKind::StreamCut { after_tokens } => FaultKind::StreamCut { after_tokens },
    };
    if !(0.0..=1.0).contains(&spec.probability) {
        return Err(Refusal::invalid("probability: give 0 to 1"));
    }
    if !(1..=MAX_TTL_S).contains(&spec.ttl_s) {
        return Err(Refusal::invalid("ttl_s: give 1 to 3600 seconds"));
    }
    Ok(FaultOrder {
        target,
        audience,
        kind,
        probability: spec.probability,
        first_n: spec.first_n,
        // Kept below 2^53, so that every client can read it exactly.
        seed: spec.seed.unwrap_or_else(|| rand::random::<u64>() >> 12),
        ttl: Duration::from_secs(spec.ttl_s),
        note: spec.note.map(|note| note.chars().take(500).collect()),
    })
}

pub(crate) async fn disarm(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Id(id): Id,
) -> Result<StatusCode, Refusal> {
    tester(&principal)?;
    let before = visible(&shared, &principal);
    let ended = shared
        .faults
        .halt(|fault| fault.id.to_string() == id && concerns(fault, &principal));
    if ended == 0 {
        return Err(Refusal::not_found("fault"));
    }
    for fault in before.iter().filter(|fault| fault.id.as_str() == id) {
        write_down(&shared, &principal, "ended", fault).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of them, and closes the circuits that they opened.
pub(crate) async fn halt(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<StatusCode, Refusal> {
    tester(&principal)?;
    let before = visible(&shared, &principal);
    shared.faults.halt(|fault| concerns(fault, &principal));
    for fault in &before {
        write_down(&shared, &principal, "halted", fault).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn tester(principal: &Principal) -> Result<(), Refusal> {
    if principal.has(Role::Tester) || principal.has(Role::Admin) {
        Ok(())
    } else {
        Err(Refusal::not_allowed("This needs a tester."))
    }
}
