//! JSON bodies and ids in paths, refused in the words of this API.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::Refusal;

/// A JSON body. Holding it is the proof that it was one.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                let status = rejection.into_response_status();
                Refusal::invalid("The body cannot be read, or is larger than 32 MiB.")
                    .with_status(status)
            })?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Refusal::invalid(&format!("The body is not what this route takes: {error}"))
        })
    }
}

/// The id in a path.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id))
            .map_err(|_| Refusal::invalid("the id in the path is not UTF-8"))
    }
}

trait ResponseStatus {
    fn into_response_status(self) -> StatusCode;
}

impl<R: axum::response::IntoResponse> ResponseStatus for R {
    fn into_response_status(self) -> StatusCode {
        self.into_response().status()
    }
}
