//! A transport that is answered by a router in this process, over the same HTTP types.

use axum::Router;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use http::Request;
use tower::ServiceExt;

use crate::{Reply, Transport, TransportError, TransportErrorKind};

/// Answers requests with a router.
pub struct InProcess(Router);

impl InProcess {
    /// Asks this router.
    pub fn new(router: Router) -> Self {
        Self(router)
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'static, Result<Reply, TransportError>> {
        let router = self.0.clone();
        async move {
            let response = match router.oneshot(request.map(axum::body::Body::from)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (parts, body) = response.into_parts();
            let body = body
                .into_data_stream()
                .map(|piece| {
                    piece.map_err(|error| TransportError {
                        kind: TransportErrorKind::Cut,
                        message: error.to_string(),
                        simulated: None,
                    })
                })
                .boxed();
            Ok(Reply {
                status: parts.status,
                headers: parts.headers,
                body,
                simulated: None,
            })
        }
        .boxed()
    }
}
