//! `/v1/models`: both vendors' clients ask here; Anthropic's say who they are by a header, and read another form.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::gateway;
use crate::catalog::Catalog;
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
    fn of(offer: &Offer<'m>, shape: Shape) -> Self {
        match shape {
            Shape::Anthropic => Self::Anthropic {
                kind: "model",
                id: offer.id,
                display_name: offer.name,
                created_at: "1970-01-01T00:00:00Z",
            },
            Shape::OpenAi | Shape::Problem => Self::OpenAi {
                id: offer.id,
                object: "model",
                created: 0,
                owned_by: offer.owner,
            },
        }
    }
}

/// What can be named as a model: one, or an assistant.
struct Offer<'m> {
    id: &'m str,
    name: &'m str,
    owner: &'m str,
}

/// The models first.
fn offers(catalog: &Catalog) -> impl Iterator<Item = Offer<'_>> {
    let models = catalog.offered().map(|model| Offer {
        id: model.id.as_str(),
        name: model.id.as_str(),
        owner: model.provider.as_str(),
    });
    let assistants = catalog.assistants().iter().map(|assistant| Offer {
        id: &assistant.id,
        name: &assistant.name,
        owner: "evenkeel",
    });
    models.chain(assistants)
}

/// All models and assistants, whatever page of them is asked for.
pub(crate) async fn list(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let shape = Shape::of("/v1/models", &headers);
    let catalog = shared.catalog();
    let offers: Vec<_> = offers(&catalog).collect();
    let data = offers.iter().map(|offer| Described::of(offer, shape));
    let data = data.collect();
    let list = match shape {
        Shape::Anthropic => List::Anthropic {
            data,
            has_more: false,
            first_id: offers.first().map(|offer| offer.id),
            last_id: offers.last().map(|offer| offer.id),
        },
        Shape::OpenAi | Shape::Problem => List::OpenAi {
            object: "list",
            data,
        },
    };
    Json(list).into_response()
}

/// One model or assistant; its id may hold slashes.
pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let shape = Shape::of("/v1/models", &headers);
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let catalog = shared.catalog();
    let offer = offers(&catalog).find(|offer| offer.id == id);
    match offer {
        Some(offer) => Json(Described::of(&offer, shape)).into_response(),
        None => gateway::no_model(&catalog, &id).respond(shape),
    }
}
