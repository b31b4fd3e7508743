//! What both forms of `/v1` have in common: a question goes in, and an answer that has committed comes out.

mod call;
mod check;
mod stream;
mod tools;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use evenkeel_engine::{Chunk, Delivery, Finished, Progress, SeamMode, Turn};
use evenkeel_providers::{Caller, Prompt};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde_json::{Map, Value};

pub(super) use call::{Call, LastWord, WireSeam};
pub(super) use check::{Fields, kind_of, place};
pub(super) use stream::{Encoder, event, respond};
pub(super) use tools::{ToolCalls, ToolPart};

use super::Json;
use crate::catalog::{self, Catalog, Choice};
use crate::error::{Refusal, Shape};
use crate::guards::pii::Restorer;
use crate::guards::{self, RestoredAnswer};
use crate::principal::Principal;
use crate::recorder::{Recorder, Whose};
use crate::shared::Shared;
use crate::telemetry;

/// A request to `/v1`, by whom and under which id.
pub(super) struct Asked {
    pub(super) shared: Arc<Shared>,
    pub(super) principal: Principal,
    pub(super) request_id: Arc<str>,
    shape: Shape,
}

/// What is asked, whichever form it came in.
pub(super) struct Question {
    pub(super) model: String,
    pub(super) prompt: Prompt,
    pub(super) stream: bool,
}

/// An answer whose first content has come.
pub(super) struct Committed {
    pub(super) answer: RestoredAnswer,
    pub(super) call: Arc<Call>,
}

impl Asked {
    /// Reads the body, has it answered, and puts what both forms promise on the response.
    pub(super) async fn serve<F, R>(
        shared: Arc<Shared>,
        principal: Principal,
        shape: Shape,
        request: Request,
        answer: F,
    ) -> Response
    where
        F: FnOnce(Arc<Self>, Map<String, Value>) -> R,
        R: Future<Output = Result<Response, Refusal>>,
    {
        let asked = Arc::new(Self {
            shared,
            principal,
            request_id: telemetry::current_id().into(),
            shape,
        });
        let answered = match Json::<Map<String, Value>>::from_request(request, &()).await {
            Ok(Json(body)) => answer(asked.clone(), body).await,
            Err(refusal) => Err(refusal),
        };
        let mut response = answered.unwrap_or_else(|refusal| {
            let now = asked.shared.clock.now();
            let refusal = refusal.waiting_from(now).of_request(&asked.request_id);
            refusal.respond(asked.shape)
        });
        let headers = response.headers_mut();
        insert(headers, "x-request-id", &asked.request_id);
        if asked.shape == Shape::Anthropic {
            // Where Anthropic's clients look for it.
            insert(headers, "request-id", &asked.request_id);
        }
        response
    }

    /// Asks along the model's chain until one answers. Nothing is sent to the caller before; when the caller leaves,
    /// this is dropped, and the upstream connection with it.
    pub(super) async fn ask(&self, question: Question) -> Result<Committed, Refusal> {
        let shared = &self.shared;
        if shared.draining() {
            return Err(Refusal::draining());
        }
        let catalog = shared.catalog();
        let choice = choice(&catalog, &question.model, &self.request_id)?;
        let prompt = told_first(&choice, question.prompt);
        let (prompt, restorer) = match choice.assistant.as_deref() {
            Some(assistant) => {
                let guards = guards::of(&shared.config(), Some(assistant));
                let guarded = guards::call(shared, guards, prompt, &self.request_id).await?;
                (guarded.prompt, guarded.restorer)
            }
            // Who names a model gets what he asks, word for word.
            None => (prompt, Restorer::default()),
        };
        let prompt = Arc::new(prompt);
        let caller = Caller::of_turn(self.principal.id.clone());
        let chain = catalog.chain(&choice, &prompt, &caller);
        let chain = chain.map_err(|error| Refusal::at("model", &error.to_string()))?;
        let call = Arc::new(Call::new(self, &choice));
        let whose = Whose {
            principal: self.principal.id.clone(),
            request_id: self.request_id.clone(),
            assistant: choice.assistant,
        };
        let shown = call.clone();
        let recorder = Recorder::new(shared.clone(), whose, move |attempt| shown.note(attempt));
        let turn = Turn::new(
            chain,
            catalog::facts(&prompt),
            // A caller of a stream has what it has got.
            if question.stream {
                Delivery::Final
            } else {
                Delivery::Replaceable
            },
            Arc::new(recorder),
            shared.scrubber.clone(),
            shared.budget.clone(),
            SmallRng::from_rng(&mut rand::rng()),
        );
        let answer = turn.answer().await.map_err(|end| call.refuse(&end))?;
        Ok(Committed {
            answer: RestoredAnswer::new(answer, restorer),
            call,
        })
    }
}

impl Committed {
    /// What is sent at commit.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let word = self.call.last_word(&self.answer, &[], None);
        let (fallback, attempts) = (word.fallback.to_string(), word.attempts.to_string());
        insert(
            &mut headers,
            "x-evenkeel-requested-model",
            word.requested_model,
        );
        insert(&mut headers, "x-evenkeel-fallback", &fallback);
        insert(&mut headers, "x-evenkeel-attempts", &attempts);
        headers
    }

    /// The whole answer at once: `add` collects its chunks, and `whole` makes the body of them.
    pub(super) async fn collect<C: Default>(
        mut self,
        add: impl Fn(&mut C, Chunk),
        whole: impl FnOnce(C, &Finished, &LastWord<'_>) -> Result<Bytes, serde_json::Error>,
    ) -> Result<Response, Refusal> {
        let (mut collected, mut seams) = (C::default(), vec![]);
        loop {
            match self.answer.next().await {
                Some(Progress::Chunk(chunk)) => add(&mut collected, chunk),
                Some(Progress::Seam(seam)) => {
                    self.call.resumed(&seam);
                    if seam.mode == SeamMode::Restarted {
                        collected = C::default();
                    }
                    seams.push(seam);
                }
                Some(Progress::Finished(finished)) => {
                    self.call.finished();
                    let reason = finished.finish_reason.as_ref();
                    let word = self.call.last_word(&self.answer, &seams, reason);
                    let body = whole(collected, &finished, &word);
                    let body = body.map_err(|error| Refusal::internal(&error))?;
                    // Nothing is out yet: they can still name the model that ended it.
                    let headers = self.headers();
                    let kind = [(header::CONTENT_TYPE, "application/json")];
                    return Ok((headers, kind, body).into_response());
                }
                Some(Progress::Broken(end)) => {
                    return Err(self.call.broke_off(&end).into());
                }
                None => return Err(Refusal::internal(&NoEnd)),
            }
        }
    }
}

/// What is asked for who names a model or an assistant.
pub(super) fn choice(catalog: &Catalog, asked: &str, call: &str) -> Result<Choice, Refusal> {
    let choice = catalog.choice(asked, call);
    choice.ok_or_else(|| no_model(catalog, asked))
}

/// The caller's prompt, after what the assistant's models are told first.
pub(super) fn told_first(choice: &Choice, prompt: Prompt) -> Prompt {
    match choice.system_prompt.as_deref() {
        Some(told) => prompt.told_first(told),
        None => prompt,
    }
}

/// There is no such model or assistant.
pub(super) fn no_model(catalog: &Catalog, asked: &str) -> Refusal {
    let no_model = catalog.no_model(asked, "GET /v1/models lists those there are");
    Refusal::at("model", &no_model)
        .with_status(StatusCode::NOT_FOUND)
        .with_code("model_not_found")
}

/// A fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("an answer ended without its end")]
struct NoEnd;

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // Ids may hold what a header cannot; then it is left out.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
