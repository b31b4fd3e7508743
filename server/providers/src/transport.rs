//! The lowest layer: a request's bytes out, a response's bytes in.

use bytes::Bytes;
use engine::{Observed, Overlay, UpstreamError};
use evenkeel_engine as engine;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Request, StatusCode};

/// Carries requests to one provider.
pub trait Transport: Send + Sync {
    /// Sends the request; resolves with the response's headers. Dropping the future or the body closes the connection.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'static, Result<Reply, TransportError>>;
}

/// A response's body, as its bytes come in.
pub type Body = BoxStream<'static, Result<Bytes, TransportError>>;

/// A response.
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Body,
    /// A fault has its hand in it: whose.
    pub simulated: Option<Overlay>,
}

/// A request that got no response, or a body that broke off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// What happened.
    pub kind: TransportErrorKind,
    /// In the words of the layer below, without the address.
    pub message: String,
    /// A fault caused it: whose.
    pub simulated: Option<Overlay>,
}

/// What happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// Refused, unresolvable, or no TLS.
    Failed,
    /// No connection within this time.
    ConnectTimeout(std::time::Duration),
    /// Closed before any header.
    Reset,
    /// Broken after the headers.
    Cut,
    /// Anything else.
    Other,
}

impl From<TransportError> for UpstreamError {
    fn from(error: TransportError) -> Self {
        let TransportError {
            kind,
            message,
            simulated,
        } = error;
        let observed = match kind {
            TransportErrorKind::Failed => Observed::ConnectionFailed(message),
            TransportErrorKind::ConnectTimeout(limit) => Observed::ConnectTimeout(limit),
            TransportErrorKind::Reset => Observed::ConnectionReset(message),
            TransportErrorKind::Cut => Observed::Cut(message),
            TransportErrorKind::Other => Observed::Other(message),
        };
        Self {
            observed,
            simulated,
        }
    }
}

/// A credential. It shows itself to nobody who only prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps it.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// Gives it out, for a header or a scrubber.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
