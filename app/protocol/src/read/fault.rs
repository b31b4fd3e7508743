//! Simulated outages.

use super::{Json, Object, Read, Take, Wrong};
use crate::{Audience, Fault, FaultChange, FaultKind, FaultSpec, Star, Target};

names! {
    Star { "*" => Star }
}

deserialize! { Audience Fault FaultChange FaultKind FaultSpec Target }

impl Take for FaultChange {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(match object.field::<String>("change")?.as_str() {
            "snapshot" => take!(object, Self::Snapshot { faults }),
            "armed" => take!(object, Self::Armed { fault }),
            "ended" => take!(object, Self::Ended { fault_id }),
            _ => return Err(Wrong::new("unknown change")),
        })
    }
}

impl Take for Fault {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            spec: Take::take(object)?,
            id: object.field("id")?,
            armed_at: object.field("armed_at")?,
            expires_at: object.field("expires_at")?,
            hits: object.field("hits")?,
        })
    }
}

impl Take for FaultSpec {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            target: object.field("target")?,
            audience: object.field("audience")?,
            kind: Take::take(object)?,
            probability: object.field::<Option<f64>>("probability")?.unwrap_or(1.0),
            first_n: object.field("first_n")?,
            seed: object.field("seed")?,
            ttl_s: object.field("ttl_s")?,
            note: object.field("note")?,
        })
    }
}

impl Take for FaultKind {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(match object.field::<String>("kind")?.as_str() {
            "http_status" => take!(
                object,
                Self::HttpStatus {
                    status,
                    retry_after_s,
                    message
                }
            ),
            "connection_refused" => Self::ConnectionRefused,
            "connection_reset" => Self::ConnectionReset,
            "no_response" => Self::NoResponse,
            "slow_first_token" => take!(object, Self::SlowFirstToken { ms }),
            "latency" => Self::Latency {
                ms: object.field("ms")?,
                jitter_ms: object.field::<Option<_>>("jitter_ms")?.unwrap_or_default(),
            },
            "stream_cut" => take!(object, Self::StreamCut { after_tokens }),
            "stream_stall" => take!(object, Self::StreamStall { after_tokens }),
            "malformed_event" => take!(object, Self::MalformedEvent { at_token }),
            "in_band_error" => take!(object, Self::InBandError { error }),
            "empty_answer" => Self::EmptyAnswer,
            "drip" => take!(object, Self::Drip { tokens_per_s }),
            "no_finish_reason" => Self::NoFinishReason,
            _ => return Err(Wrong::new(UNKNOWN_KIND)),
        })
    }
}

const UNKNOWN_KIND: &str = "unknown `kind` of fault: give one of http_status, connection_refused, connection_reset, \
    no_response, slow_first_token, latency, stream_cut, stream_stall, malformed_event, in_band_error, empty_answer, drip, \
    no_finish_reason";

impl Read for Audience {
    fn read(json: Json) -> Result<Self, Wrong> {
        match String::read(json)?.as_str() {
            "me" => Ok(Self::Me),
            "everyone" => Ok(Self::Everyone),
            _ => Err(Wrong::new("unknown name")),
        }
    }

    fn missing() -> Result<Self, Wrong> {
        Ok(Self::default())
    }
}

impl Read for Target {
    fn read(json: Json) -> Result<Self, Wrong> {
        if let Json::Object(mut object) = json {
            return Ok(take!(object, Self::Some { provider, model }));
        }
        Star::read(json).map(Self::Everything)
    }
}
