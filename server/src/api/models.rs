//! `/v1/models`: both vendors' clients ask here; Anthropic's say who they are by a header, and read another form.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::gateway;
use crate::catalog::ModelEntry;
use crate::error::Shape;
use crate::shared::Shared;

/// A model as one of the vendors describes it. Nobody knows when it was made.
#[derive(Serialize)]
#[serde(untagged)]
enum Described<'m> {
    OpenAi {
        id: &'m str,
        object: &'static str,
        created: i64,
        owned_by: &'m str,
    },
    Anthropic {
        #[serde(rename = "type")]
        kind: &'static str,
        id: &'m str,
        display_name: &'m str,
        created_at: &'static str,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum List<'m> {
    OpenAi {
        object: &'static str,
        data: Vec<Described<'m>>,
    },
    Anthropic {
        data: Vec<Described<'m>>,
        has_more: bool,
        first_id: Option<&'m str>,
        last_id: Option<&'m str>,
    },
}

impl<'m> Described<'m> {
    fn of(model: &'m ModelEntry, shape: Shape) -> Self {
        let id = model.id.as_str();
        match shape {
            Shape::Anthropic => Self::Anthropic {
                kind: "model",
                id,
                display_name: id,
                created_at: "1970-01-01T00:00:00Z",
            },
            Shape::OpenAi | Shape::Problem => Self::OpenAi {
                id,
                object: "model",
                created: 0,
                owned_by: model.provider.as_str(),
            },
        }
    }
}

/// All models, whatever page of them is asked for.
pub(crate) async fn list(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let shape = Shape::of("/v1/models", &headers);
    let catalog = shared.catalog();
    let models: Vec<_> = catalog.offered().collect();
    let data = models.iter().map(|model| Described::of(model, shape));
    let data = data.collect();
    let list = match shape {
        Shape::Anthropic => List::Anthropic {
            data,
            has_more: false,
            first_id: models.first().map(|model| model.id.as_str()),
            last_id: models.last().map(|model| model.id.as_str()),
        },
        Shape::OpenAi | Shape::Problem => List::OpenAi {
            object: "list",
            data,
        },
    };
    Json(list).into_response()
}

/// One model; its id may hold slashes.
pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let shape = Shape::of("/v1/models", &headers);
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let catalog = shared.catalog();
    let mut models = catalog.offered();
    match models.find(|model| model.id.as_str() == id) {
        Some(model) => Json(Described::of(model, shape)).into_response(),
        None => gateway::no_model(&catalog, &id).respond(shape),
    }
}
