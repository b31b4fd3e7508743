//! The transport over real sockets.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use http::Request;

use crate::{Reply, Transport, TransportError, TransportErrorKind};

/// HTTP over TCP and TLS, with connections kept for reuse. Redirects are not followed: a client that followed them would
/// carry `x-api-key` to another host.
pub struct Network {
    client: reqwest::Client,
    connect_timeout: Duration,
}

impl Network {
    /// A client whose connections must stand within `connect_timeout`.
    ///
    /// # Errors
    ///
    /// Where TLS cannot be set up on this machine.
    pub fn new(connect_timeout: Duration) -> Result<Self, reqwest::Error> {
        // Fails only where another provider was installed before, and then that one holds.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(connect_timeout)
            .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            client,
            connect_timeout,
        })
    }
}

impl Transport for Network {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'static, Result<Reply, TransportError>> {
        let client = self.client.clone();
        let limit = self.connect_timeout;
        async move {
            let request = reqwest::Request::try_from(request.map(reqwest::Body::from))
                .map_err(|error| before_headers(error, limit))?;
            let response = client
                .execute(request)
                .await
                .map_err(|error| before_headers(error, limit))?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = response
                .bytes_stream()
                .map(|piece| {
                    piece.map_err(|error| TransportError {
                        kind: TransportErrorKind::Cut,
                        message: words(error),
                        simulated: None,
                    })
                })
                .boxed();
            Ok(Reply {
                status,
                headers,
                body,
                simulated: None,
            })
        }
        .boxed()
    }
}

fn before_headers(error: reqwest::Error, limit: Duration) -> TransportError {
    let kind = if error.is_connect() && error.is_timeout() {
        TransportErrorKind::ConnectTimeout(limit)
    } else if error.is_connect() {
        TransportErrorKind::Failed
    } else if error.is_request() {
        TransportErrorKind::Reset
    } else {
        TransportErrorKind::Other
    };
    TransportError {
        kind,
        message: words(error),
        simulated: None,
    }
}

/// The innermost cause: it says what happened, where the outer ones only say to whom.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
