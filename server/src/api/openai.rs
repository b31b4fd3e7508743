//! `/v1/chat/completions`: any OpenAI client gets the engine.

mod encode;
mod request;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use self::encode::{Collected, Completion};
use super::gateway::{self, Asked};
use crate::error::Shape;
use crate::principal::Principal;
use crate::shared::Shared;

pub(crate) async fn complete(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    request: Request,
) -> Response {
    Asked::serve(
        shared,
        principal,
        Shape::OpenAi,
        request,
        |asked, body| async move {
            let (question, include_usage) = request::read(body)?;
            let stream = question.stream;
            let committed = asked.ask(question).await?;
            let created = asked.shared.clock.now().as_second();
            let completion = Completion::new(&asked.request_id, created, include_usage);
            if stream {
                return Ok(gateway::respond(committed, completion));
            }
            committed
                .collect(Collected::add, |collected, finished, word| {
                    completion.whole(collected, finished, word)
                })
                .await
        },
    )
    .await
}
