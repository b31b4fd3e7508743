//! `/v1`: any OpenAI client gets the engine.

mod encode;
mod stream;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use evenkeel_engine::{Answer, Delivery, NoAnswer, Progress, Seam, SeamMode, Turn};
use evenkeel_protocol::{Attempt, AttemptState, TurnError};
use evenkeel_providers::{Caller, Prompt};
use evenkeel_store::CallAttempts;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::encode::{Collected, Completion};
use super::Json as Body;
use crate::catalog::{self, Catalog, ModelEntry};
use crate::error::{Refusal, openai_error};
use crate::principal::Principal;
use crate::recorder::{Recorder, Whose};
use crate::shared::Shared;
use crate::{translate, turn};

pub(crate) async fn models(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let models: Vec<_> = shared.catalog().offered().map(described).collect();
    Json(json!({"object": "list", "data": models}))
}

/// One model; its id may hold slashes.
pub(crate) async fn model(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let catalog = shared.catalog();
    match catalog.offered().find(|model| model.id.as_str() == id) {
        Some(model) => Json(described(model)).into_response(),
        None => openai_error(&no_model(&catalog, &id)),
    }
}

fn no_model(catalog: &Catalog, asked: &str) -> Refusal {
    let no_model = catalog.no_model(asked, "GET /v1/models lists those there are");
    Refusal::invalid(&format!("model: {no_model}")).with_status(StatusCode::NOT_FOUND)
}

fn described(model: &ModelEntry) -> Value {
    let (id, provider) = (model.id.as_str(), model.provider.as_str());
    json!({"id": id, "object": "model", "created": 0, "owned_by": provider})
}

pub(crate) async fn unknown() -> Response {
    openai_error(&Refusal::not_found("route"))
}

pub(crate) async fn complete(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    body: Result<Body<Map<String, Value>>, Refusal>,
) -> Response {
    let request_id: Arc<str> = Uuid::now_v7().to_string().into();
    let answered = match body {
        Ok(Body(body)) => answer(&shared, &principal, &request_id, body).await,
        Err(refusal) => Err(refusal),
    };
    let mut response = answered.unwrap_or_else(|refusal| openai_error(&refusal));
    insert(response.headers_mut(), "x-request-id", &request_id);
    response
}

async fn answer(
    shared: &Arc<Shared>,
    principal: &Principal,
    request_id: &Arc<str>,
    body: Map<String, Value>,
) -> Result<Response, Refusal> {
    if shared.draining() {
        return Err(Refusal::draining());
    }
    let asked = body.get("model").and_then(Value::as_str);
    let asked = asked.ok_or_else(|| Refusal::invalid("model: give the id of a model"))?;
    let catalog = shared.catalog();
    let model = catalog
        .model(asked)
        .ok_or_else(|| no_model(&catalog, asked))?;
    if body
        .get("n")
        .is_some_and(|n| *n != json!(1) && !n.is_null())
    {
        return Err(Refusal::invalid(
            "n: only one choice is given; leave it out",
        ));
    }
    let flag = |value: Option<&Value>| value == Some(&Value::Bool(true));
    let stream = flag(body.get("stream"));
    let include_usage = flag(
        body.get("stream_options")
            .and_then(|it| it.get("include_usage")),
    );
    let prompt = Prompt::from_openai(body).map_err(|error| Refusal::invalid(&error.to_string()))?;
    let prompt = Arc::new(prompt);

    let caller = Caller {
        principal: principal.id.clone(),
    };
    let chain = catalog.chain(model, &prompt, &caller);
    let chain = chain.map_err(|error| Refusal::invalid(&format!("model: {error}")))?;
    let call = Arc::new(Call::new(shared, &catalog, principal, request_id));
    let whose = Whose {
        principal: principal.id.clone(),
        request_id: request_id.clone(),
    };
    let shown = call.clone();
    let recorder = Recorder::new(shared.clone(), whose, move |attempt| shown.note(attempt));
    let rng = SmallRng::from_rng(&mut rand::rng());
    let turn = Turn::new(
        chain,
        catalog::facts(&prompt),
        // A caller of a stream has what it has got.
        if stream {
            Delivery::Final
        } else {
            Delivery::Replaceable
        },
        Arc::new(recorder),
        shared.scrubber.clone(),
        shared.budget.clone(),
        rng,
    );
    let answer = turn.answer().await.map_err(|end| call.refuse(&end))?;

    let completion = Completion::new(
        request_id,
        model.id.as_str(),
        shared.clock.now().as_second(),
    );
    let mut headers = HeaderMap::new();
    insert(
        &mut headers,
        "x-evenkeel-requested-model",
        model.id.as_str(),
    );
    insert(
        &mut headers,
        "x-evenkeel-fallback",
        if completion.fell_back(&answer) {
            "true"
        } else {
            "false"
        },
    );
    insert(
        &mut headers,
        "x-evenkeel-attempts",
        &call.sent().to_string(),
    );
    let response = if stream {
        stream::respond(answer, completion, call, include_usage)
    } else {
        collect(answer, &completion, &call).await?
    };
    Ok((headers, response).into_response())
}

/// A fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("an answer ended without its end")]
struct NoEnd;

/// The whole answer at once.
async fn collect(
    mut answer: Answer,
    completion: &Completion,
    call: &Call,
) -> Result<Response, Refusal> {
    let mut collected = Collected::default();
    loop {
        match answer.next().await {
            Some(Progress::Chunk(chunk)) => collected.add(chunk),
            Some(Progress::Seam(seam)) => {
                call.resumed(&seam);
                if seam.mode == SeamMode::Restarted {
                    collected = Collected::default();
                }
            }
            Some(Progress::Finished(finished)) => {
                call.finished(&answer, &finished);
                let body = completion.whole(collected, &finished, &answer, call.sent());
                return Ok(Json(body).into_response());
            }
            Some(Progress::Broken(end)) => return Err(call.refuse(&end)),
            None => return Err(Refusal::internal(&NoEnd)),
        }
    }
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // Ids may hold what a header cannot; then it is left out.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// One call of `/v1`: its attempts are kept when it is over, however it ends; its texts never are.
pub(super) struct Call {
    shared: Arc<Shared>,
    /// As it was when the call began.
    catalog: Arc<Catalog>,
    principal: Arc<str>,
    request_id: Arc<str>,
    attempts: Mutex<Vec<Attempt>>,
    outcome: Mutex<&'static str>,
    /// The server waits for it before it stops.
    _running: tokio_util::task::task_tracker::TaskTrackerToken,
}

impl Call {
    fn new(
        shared: &Arc<Shared>,
        catalog: &Arc<Catalog>,
        principal: &Principal,
        request_id: &Arc<str>,
    ) -> Self {
        Self {
            catalog: catalog.clone(),
            principal: principal.id.clone(),
            request_id: request_id.clone(),
            attempts: Mutex::default(),
            // Where nothing else is noted, the caller left.
            outcome: Mutex::new("cancelled"),
            _running: shared.tasks.token(),
            shared: shared.clone(),
        }
    }

    fn note(&self, attempt: Attempt) {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        match attempts
            .iter_mut()
            .find(|known| known.index == attempt.index)
        {
            Some(known) => *known = attempt,
            None => attempts.push(attempt),
        }
    }

    /// Requests that were sent.
    pub(super) fn sent(&self) -> usize {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts
            .iter()
            .filter(|attempt| attempt.state != AttemptState::Skipped)
            .count()
    }

    fn refuse(&self, end: &NoAnswer) -> Refusal {
        self.ended(end).into()
    }

    /// Takes note of an end without a whole answer.
    pub(super) fn ended(&self, end: &NoAnswer) -> TurnError {
        let error = translate::no_answer(end, &self.shared.clock);
        self.shared.exhausted(end, &self.request_id);
        self.outcome(error.kind.as_str());
        error
    }

    /// Takes note that another model goes on.
    pub(super) fn resumed(&self, seam: &Seam) {
        let (from, to) = (seam.from.as_str(), seam.to.as_str());
        let request_id = &*self.request_id;
        tracing::warn!(from, to, mode = ?seam.mode, request_id, "stream_resumed");
    }

    /// Takes note of a whole answer.
    pub(super) fn finished(&self, answer: &Answer, finished: &evenkeel_engine::Finished) {
        self.outcome("answered");
        turn::cost(&self.shared, &self.catalog, answer, finished.usage);
    }

    fn outcome(&self, outcome: &'static str) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let outcome = *self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared
            .metrics
            .turns
            .with_label_values(&[outcome])
            .inc();
        let attempts =
            std::mem::take(&mut *self.attempts.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.attempts.keep(CallAttempts {
            principal: self.principal.clone(),
            request_id: self.request_id.clone(),
            attempts,
        });
    }
}
