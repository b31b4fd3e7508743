//! What a fault may be: each mistake names its field and the mend.

use std::time::Duration;

use evenkeel_protocol as wire;
use evenkeel_protocol::Role;
use evenkeel_providers::{Audience, FaultKind, FaultOrder, Target};

use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

/// A fault lives at most this long.
const MAX_TTL_S: u64 = 3600;

/// Nothing waits longer than a fault lives.
const MAX_WAIT_MS: u64 = MAX_TTL_S * 1000;

/// The bytes of a message.
const MESSAGE_BYTES: usize = 10_000;

/// The characters of a note.
const NOTE: usize = 500;

/// A fault to arm.
pub(super) fn order(
    shared: &Shared,
    principal: &Principal,
    spec: wire::FaultSpec,
) -> Result<FaultOrder, Refusal> {
    let audience = match spec.audience {
        wire::Audience::Me => Audience::Only(principal.id.clone()),
        wire::Audience::Everyone if principal.has(Role::Admin) => Audience::Everyone,
        wire::Audience::Everyone => {
            return Err(Refusal::not_allowed(
                "audience: \"everyone\" needs an administrator; give \"me\"",
            ));
        }
    };
    if !(1..=MAX_TTL_S).contains(&spec.ttl_s) {
        return Err(Refusal::at("ttl_s", "give 1 to 3600 seconds"));
    }
    let ttl = Duration::from_secs(spec.ttl_s);
    let note = spec.note.map(|note| note.chars().take(NOTE).collect());
    let strike = wire::ReplayFault {
        target: spec.target,
        kind: spec.kind,
        probability: spec.probability,
        first_n: spec.first_n,
        seed: spec.seed,
    };
    Ok(FaultOrder {
        note,
        ..strikes(shared, strike, audience, ttl)?
    })
}

/// A fault for this audience, whatever it is armed for.
pub(super) fn strikes(
    shared: &Shared,
    fault: wire::ReplayFault,
    audience: Audience,
    ttl: Duration,
) -> Result<FaultOrder, Refusal> {
    if !(0.0..=1.0).contains(&fault.probability) {
        return Err(Refusal::at("probability", "give 0 to 1"));
    }
    if fault.first_n == Some(0) {
        let mend = "give 1 or more, or leave it out to strike every request";
        return Err(Refusal::at("first_n", mend));
    }
    Ok(FaultOrder {
        target: target(shared, fault.target)?,
        audience,
        kind: kind(fault.kind)?,
        probability: fault.probability,
        first_n: fault.first_n,
        // Kept below 2^53, so that every client can read it exactly.
        seed: fault.seed.unwrap_or_else(|| rand::random::<u64>() >> 12),
        ttl,
        note: None,
    })
}

fn target(shared: &Shared, target: wire::Target) -> Result<Target, Refusal> {
    let (provider, model) = match target {
        wire::Target::Everything(wire::Star::Star) => return Ok(Target::default()),
        wire::Target::Some { provider, model } => (provider, model),
    };
    if provider.is_none() && model.is_none() {
        let mend = "name a provider or a model, or give \"*\"";
        return Err(Refusal::at("target", mend));
    }
    let catalog = shared.catalog();
    if let Some(id) = &provider
        && catalog.provider(id.as_str()).is_none()
    {
        let known = catalog.providers().iter();
        let known: Vec<_> = known.map(|provider| provider.id.as_str()).collect();
        let mend = format!(
            "there is no {:?}; there are {}",
            id.as_str(),
            known.join(", ")
        );
        return Err(Refusal::at("target.provider", &mend));
    }
    if let Some(id) = &model
        && catalog.model(id.as_str()).is_none()
    {
        let mend = catalog.no_model(id.as_str(), "GET /v1/models lists those there are");
        return Err(Refusal::at("target.model", &mend));
    }
    Ok(Target {
        provider: provider.map(|id| id.as_str().into()),
        model: model.map(|id| id.as_str().into()),
    })
}

fn kind(kind: wire::FaultKind) -> Result<FaultKind, Refusal> {
    use wire::FaultKind as W;
    Ok(match kind {
        W::HttpStatus {
            status,
            retry_after_s,
            message,
        } => {
            let status = http::StatusCode::from_u16(status)
                .ok()
                .filter(|status| status.is_client_error() || status.is_server_error());
            let long = |message: &String| message.len() > MESSAGE_BYTES;
            if message.as_ref().is_some_and(long) {
                return Err(Refusal::at("message", "give at most 10,000 bytes"));
            }
            FaultKind::HttpStatus {
                status: status.ok_or_else(|| Refusal::at("status", "give 400 to 599"))?,
                retry_after_s,
                message,
            }
        }
        W::ConnectionRefused => FaultKind::ConnectionRefused,
        W::ConnectionReset => FaultKind::ConnectionReset,
        W::NoResponse => FaultKind::NoResponse,
        W::SlowFirstToken { ms } => FaultKind::SlowFirstToken {
            delay: wait("ms", 1, ms)?,
        },
        W::Latency { ms, jitter_ms } => FaultKind::Latency {
            delay: wait("ms", 0, ms)?,
            jitter: wait("jitter_ms", 0, jitter_ms)?,
        },
        W::StreamCut { after_tokens } => FaultKind::StreamCut { after_tokens },
        W::StreamStall { after_tokens } => FaultKind::StreamStall { after_tokens },
        W::MalformedEvent { at_token } => FaultKind::MalformedEvent { at_token },
        W::InBandError { error } => {
            if error.trim().is_empty() || error.len() > MESSAGE_BYTES {
                let mend =
                    "give a type such as \"overloaded_error\", or a message of 1 to 10,000 bytes";
                return Err(Refusal::at("error", mend));
            }
            FaultKind::InBandError { error }
        }
        W::EmptyAnswer => FaultKind::EmptyAnswer,
        W::Drip { tokens_per_s } => {
            if !(0.01..=1000.0).contains(&tokens_per_s) {
                return Err(Refusal::at("tokens_per_s", "give 0.01 to 1000"));
            }
            FaultKind::Drip { tokens_per_s }
        }
        W::NoFinishReason => FaultKind::NoFinishReason,
    })
}

fn wait(field: &str, least: u64, ms: u64) -> Result<Duration, Refusal> {
    if !(least..=MAX_WAIT_MS).contains(&ms) {
        let mend = format!("give {least} to {MAX_WAIT_MS} milliseconds");
        return Err(Refusal::at(field, &mend));
    }
    Ok(Duration::from_millis(ms))
}
