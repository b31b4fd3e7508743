//! `/v1/messages`: any Anthropic client gets the engine.
//!
//! The request becomes the one shape that every provider is asked in, OpenAI's; what only Anthropic's own models
//! understand goes along under `anthropic`. The answer becomes Anthropic's events again, whoever gave it.

mod blocks;
mod encode;
mod object;
mod request;
mod tools;
mod turns;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use self::encode::{Blocks, Message};
use self::request::Limit;
use super::gateway::{self, Asked};
use crate::error::Shape;
use crate::principal::Principal;
use crate::shared::Shared;

pub(crate) async fn message(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let shape = Shape::Anthropic;
    Asked::serve(
        shared,
        principal,
        shape,
        request,
        |asked, body| async move {
            let question = request::read(body, &headers, Limit::Needed)?;
            let stream = question.stream;
            let committed = asked.ask(question).await?;
            let id = &asked.request_id;
            if stream {
                return Ok(gateway::respond(committed, Message::new(id)));
            }
            committed
                .collect(Blocks::add, |blocks, finished, word| {
                    blocks.whole(id, finished, word)
                })
                .await
        },
    )
    .await
}

/// How many tokens a request would have, about: nobody is asked.
#[derive(Serialize)]
struct Count {
    input_tokens: u64,
    evenkeel: Estimate,
}

#[derive(Serialize)]
struct Estimate {
    estimated: bool,
}

pub(crate) async fn count_tokens(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let shape = Shape::Anthropic;
    Asked::serve(
        shared,
        principal,
        shape,
        request,
        |asked, body| async move {
            let question = request::read(body, &headers, Limit::Optional)?;
            let catalog = asked.shared.catalog();
            let choice = gateway::choice(&catalog, &question.model, &asked.request_id)?;
            let prompt = gateway::told_first(&choice, question.prompt);
            let count = Count {
                input_tokens: prompt.estimated_tokens(),
                evenkeel: Estimate { estimated: true },
            };
            Ok(Json(count).into_response())
        },
    )
    .await
}
