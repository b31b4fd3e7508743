//! JSON bodies and ids in paths, refused in the words of this API.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::error::Refusal;

/// A JSON body. Holding it is the proof that it was one.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let Raw(bytes) = Raw::from_request(request, state).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| unreadable(&error))
    }
}

/// A body as it came.
pub(crate) struct Raw(pub(crate) Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request, state).await;
        bytes.map(Self).map_err(|rejection| {
            let status = rejection.into_response_status();
            Refusal::invalid(
                "The body cannot be read, or is larger than 32 MiB (64 MiB for an import).",
            )
            .with_status(status)
        })
    }
}

/// Says what is wrong with the text, or that it is something else.
fn unreadable(error: &serde_json::Error) -> Refusal {
    let said = error.to_string();
    Refusal::invalid(&match error.classify() {
        Category::Syntax if said.starts_with("recursion limit") => {
            format!("The body is too deep: give at most 127 levels ({said})")
        }
        Category::Syntax | Category::Eof => format!("The body is no JSON: {said}"),
        Category::Data | Category::Io => {
            format!("The body is not what this route takes, which is one object: {said}")
        }
    })
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
