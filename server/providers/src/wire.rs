//! One provider's wire: its transport, under the faults that are armed against it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evenkeel_engine::{ModelId, Overlay, ProviderId};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use serde_json::Value;

use crate::tamper::{Tampering, late, tamper};
use crate::{
    Body, Family, FaultKind, Faults, Reply, Transport, TransportError, TransportErrorKind,
};

/// On whose behalf a request is sent.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The principal's id.
    pub principal: Arc<str>,
    /// It is for nobody's turn: it meets the faults that are armed, and uses none of them up.
    pub aside: bool,
    /// The faults that strike it, in the place of those that are armed.
    own_faults: Option<Arc<Faults>>,
}

impl Caller {
    /// Whoever begins a turn.
    pub fn of_turn(principal: Arc<str>) -> Self {
        Self {
            principal,
            aside: false,
            own_faults: None,
        }
    }

    /// The same, who asks for something beside it.
    pub fn aside(principal: Arc<str>) -> Self {
        Self {
            principal,
            aside: true,
            own_faults: None,
        }
    }

    /// Whoever begins a turn that meets these faults, and none that is armed.
    pub fn rehearsing(principal: Arc<str>, faults: Arc<Faults>) -> Self {
        Self {
            own_faults: Some(faults),
            ..Self::of_turn(principal)
        }
    }
}

/// A transport with the fault layer on top of it. Faults act on bytes: the adapters above cannot tell them from real
/// outages, except by the mark `simulated`.
#[derive(Clone)]
pub struct Wire {
    provider: ProviderId,
    transport: Arc<dyn Transport>,
    faults: Arc<Faults>,
    /// Whose words a simulated error uses.
    family: Family,
}

impl Wire {
    /// A provider's wire.
    pub fn new(provider: ProviderId, transport: Arc<dyn Transport>, faults: Arc<Faults>) -> Self {
        Self {
            provider,
            transport,
            faults,
            family: Family::OpenAi,
        }
    }

    /// The same wire, whose simulated errors are in this family's words.
    pub(crate) fn speaking(self, family: Family) -> Self {
        Self { family, ..self }
    }

    /// Sends a request, or suffers the fault that is armed for it. A request that is for no model (discovery) meets the
    /// faults that are armed against the provider. Neither it nor a caller's request beside a turn uses them up.
    ///
    /// # Errors
    ///
    /// As [`Transport::send`], or as the fault has it.
    pub async fn send(
        &self,
        caller: &Caller,
        model: Option<&ModelId>,
        request: Request<Bytes>,
    ) -> Result<Reply, TransportError> {
        let faults = caller.own_faults.as_ref().unwrap_or(&self.faults);
        let strike = faults.strike(caller, &self.provider, model);
        let Some((kind, overlay)) = strike else {
            return self.transport.send(request).await;
        };
        match kind {
            FaultKind::HttpStatus {
                status,
                retry_after_s,
                message,
            } => {
                let message = message.unwrap_or_else(|| format!("simulated: {status}"));
                let body = self.family.error_body(status, &message);
                Ok(error_reply(status, retry_after_s, body, overlay))
            }
            FaultKind::ConnectionRefused => Err(TransportError {
                kind: TransportErrorKind::Failed,
                message: "connection refused".to_owned(),
                simulated: Some(overlay),
            }),
            FaultKind::ConnectionReset => Err(TransportError {
                kind: TransportErrorKind::Reset,
                message: "connection reset by peer".to_owned(),
                simulated: Some(overlay),
            }),
            // Headers that say nothing and a body that never comes: outside this process nobody can tell it from no headers,
            // and inside the silence carries its mark.
            FaultKind::NoResponse => Ok(reply(stream::pending().boxed(), overlay)),
            FaultKind::InBandError { error } => {
                Ok(reply(said(self.family.in_band_error(&error)), overlay))
            }
            FaultKind::EmptyAnswer => Ok(reply(said(self.family.empty_answer()), overlay)),
            // The headers are not held back, for the same reason.
            FaultKind::Latency { delay, .. } => {
                let real = self.transport.send(request).await;
                match real {
                    Ok(real) if real.status.is_success() => Ok(Reply {
                        body: late(real.body, delay),
                        simulated: Some(overlay),
                        ..real
                    }),
                    // What is late without being marked would pass for a real silence.
                    refused => refused,
                }
            }
            FaultKind::SlowFirstToken { delay } => {
                self.tampered(request, Tampering::HoldFirst(delay), overlay)
                    .await
            }
            FaultKind::StreamCut { after_tokens } => {
                self.tampered(request, Tampering::CutAfter(after_tokens), overlay)
                    .await
            }
            FaultKind::StreamStall { after_tokens } => {
                self.tampered(request, Tampering::StallAfter(after_tokens), overlay)
                    .await
            }
            FaultKind::MalformedEvent { at_token } => {
                self.tampered(request, Tampering::BreakAfter(at_token), overlay)
                    .await
            }
            FaultKind::Drip { tokens_per_s } => {
                let pause = Duration::try_from_secs_f64(tokens_per_s.recip()).unwrap_or_default();
                self.tampered(request, Tampering::Pace(pause), overlay)
                    .await
            }
            FaultKind::NoFinishReason => self.tampered(request, Tampering::NoEnd, overlay).await,
        }
    }

    /// The provider's own response with a changed body; one that says an error is left as it is.
    async fn tampered(
        &self,
        request: Request<Bytes>,
        tampering: Tampering,
        overlay: Overlay,
    ) -> Result<Reply, TransportError> {
        let real = self.transport.send(request).await?;
        if !real.status.is_success() {
            return Ok(real);
        }
        Ok(Reply {
            body: tamper(self.family, real.body, tampering, overlay.clone()),
            simulated: Some(overlay),
            ..real
        })
    }
}

/// A response of which only the body is wrong.
fn reply(body: Body, overlay: Overlay) -> Reply {
    Reply {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body,
        simulated: Some(overlay),
    }
}

/// A body that is there at once.
fn said(text: String) -> Body {
    stream::iter([Ok(Bytes::from(text))]).boxed()
}

fn error_reply(
    status: StatusCode,
    retry_after_s: Option<u64>,
    body: Value,
    overlay: Overlay,
) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Some(seconds) = retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Reply {
        status,
        headers,
        ..reply(said(body.to_string()), overlay)
    }
}
