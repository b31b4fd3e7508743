//! The turn: saves the user's message, asks the engine, maps its events to frames, and saves the answer.
//!
//! It belongs to the server, not to the socket that began it.

use std::sync::Arc;

use evenkeel_engine::{Answer, Chunk, Delivery, NoAnswer, Progress, Turn};
use evenkeel_protocol::{
    Conversation, ConversationChange, ErrorKind, Message, MessageRole, MessageStatus, RunId, Send,
    ServerFrame, TurnError,
};
use evenkeel_providers::{Caller, Prompt, Speaker};
use evenkeel_store::{Begun, NewTurn, StoreError};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use uuid::Uuid;

use crate::catalog::{self, Catalog, ModelEntry};
use crate::checkpoint::Checkpoints;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::recorder::{Recorder, Whose};
use crate::run::{End, Run};
use crate::shared::{News, Shared};
use crate::translate;

/// A message may have this many bytes.
const TEXT_LIMIT: usize = 1024 * 1024;

/// How turns end, for the metrics.
pub const OUTCOMES: [&str; 6] = [
    "answered",
    "fallback_exhausted",
    "content_filtered",
    "deadline_exceeded",
    "cancelled",
    "internal",
];

/// A turn that was asked for.
pub enum Accepted {
    /// It runs.
    Running(Arc<Run>),
    /// The same request ran before, and has ended.
    Ended {
        /// What it was accepted as.
        accepted: Box<ServerFrame>,
        /// Its run.
        run_id: RunId,
    },
}

/// Begins a turn. The same `request_id` of the same principal begins it once.
///
/// # Errors
///
/// Where the request cannot be served as it is; nothing is written then.
pub async fn begin(
    shared: &Arc<Shared>,
    principal: &Principal,
    send: &Send,
) -> Result<Accepted, Refusal> {
    let _beginning = shared.runs.beginning.lock().await;
    // A request that is sent again gets what it got, whatever has changed since.
    if let Some(before) = shared
        .store
        .begun_before(&principal.id, &send.request_id)
        .await?
    {
        return accepted(shared, principal, send, before);
    }
    check(send)?;
    if shared.draining() {
        return Err(Refusal::draining());
    }
    let catalog = shared.catalog();
    let model = resolve_model(shared, &catalog, principal, send).await?;
    let run_id = Uuid::now_v7().to_string().into();
    let requested_model = model.id.as_str().into();
    let begun = shared.store.begin_turn(NewTurn {
        principal: &principal.id,
        request_id: &send.request_id,
        conversation: send.conversation_id.as_ref(),
        parent_id: send.parent_id.as_ref(),
        text: &send.text,
        run_id: &run_id,
        requested_model: &requested_model,
        now: shared.clock.now(),
    });
    accepted(shared, principal, send, begun.await?)
}

fn accepted(
    shared: &Arc<Shared>,
    principal: &Principal,
    send: &Send,
    begun: Begun,
) -> Result<Accepted, Refusal> {
    match begun {
        Begun::Duplicate {
            conversation_id,
            message_id,
            answer_id,
            run_id,
        } => {
            if let Some(run) = shared.runs.get(&run_id) {
                return Ok(Accepted::Running(run));
            }
            let (run, request_id) = (run_id.clone(), send.request_id.clone());
            let accepted = ServerFrame::Accepted {
                run_id: run,
                seq: 1,
                request_id,
                conversation_id,
                message_id,
                answer_id,
            };
            Ok(Accepted::Ended {
                accepted: Box::new(accepted),
                run_id,
            })
        }
        Begun::Started {
            conversation,
            question,
            answer,
        } => {
            let none = || Refusal::invalid("run_id: the answer has none");
            let run_id = answer.run_id.clone().ok_or_else(none)?;
            let run = Run::begin(
                run_id,
                principal.id.clone(),
                send.request_id.clone(),
                answer,
            )
            .map_err(|error| Refusal::internal(&error))?;
            shared.runs.insert(run.clone());
            announce(shared, principal, conversation);
            // Nobody may be listening.
            let _ = shared.news.send(News::Run(run.clone()));
            spawn(shared, run.clone(), question, send);
            Ok(Accepted::Running(run))
        }
    }
}

fn check(send: &Send) -> Result<(), Refusal> {
    if send.request_id.as_str().is_empty() || send.request_id.as_str().len() > 200 {
        return Err(Refusal::invalid("request_id: give a UUID"));
    }
    if send.text.trim().is_empty() {
        return Err(Refusal::invalid("text: write something first"));
    }
    if send.text.len() > TEXT_LIMIT {
        return Err(Refusal::invalid(
            "text: is longer than 1 MiB; send less at once",
        ));
    }
    if !send.attachments.is_empty() {
        return Err(Refusal::invalid(
            "attachments: this version takes none; leave them out",
        ));
    }
    if let Some(assistant) = &send.assistant {
        return Err(Refusal::invalid(&format!(
            "assistant: there is no {assistant:?}; leave it out"
        )));
    }
    Ok(())
}

/// The model asked for, else the conversation's last, else the default.
async fn resolve_model<'c>(
    shared: &Shared,
    catalog: &'c Catalog,
    principal: &Principal,
    send: &Send,
) -> Result<&'c ModelEntry, Refusal> {
    if let Some(asked) = &send.model {
        return catalog.model(asked.as_str()).ok_or_else(|| {
            let no_model = catalog.no_model(asked.as_str(), "hello lists those there are");
            Refusal::invalid(&format!("model: {no_model}"))
        });
    }
    let last = match &send.conversation_id {
        Some(conversation) => shared.store.last_model(&principal.id, conversation).await?,
        None => None,
    };
    // A model that was taken out of the configuration, or switched off, is replaced by the default.
    last.and_then(|last| {
        catalog
            .offered()
            .find(|model| model.id.as_str() == last.as_str())
    })
    .or_else(|| catalog.model(catalog.default_model().as_str()))
    .ok_or_else(|| Refusal::invalid("model: no model is configured"))
}

/// Tells the principal's sockets of a conversation that is new or has changed.
pub fn announce(shared: &Shared, principal: &Principal, conversation: Conversation) {
    let change = ConversationChange::Upserted { conversation };
    let _ = shared
        .news
        .send(News::Conversation(principal.id.clone(), change));
}

fn spawn(shared: &Arc<Shared>, run: Arc<Run>, question: Message, send: &Send) {
    let model = run
        .answer()
        .0
        .requested_model
        .map(|model| model.0)
        .unwrap_or_default();
    let (keeper, request_id) = (shared.clone(), Arc::from(send.request_id.as_str()));
    let turn = {
        let (shared, run) = (shared.clone(), run.clone());
        shared.clone().tasks.spawn(async move {
            let whose = Whose {
                principal: run.principal.clone(),
                request_id,
            };
            play(&shared, &run, &question, &model, whose).await
        })
    };
    shared.tasks.spawn(async move {
        let error = match turn.await {
            Ok(end) => end,
            Err(panic) => {
                keeper.metrics.panics.inc();
                tracing::error!(%panic, run_id = %run.id, "turn_panicked");
                Some(internal())
            }
        };
        finish(&keeper, &run, error).await;
    });
}

fn internal() -> TurnError {
    TurnError {
        error: "Something went wrong inside the server. Your question is kept; try again."
            .to_owned(),
        kind: ErrorKind::Internal,
    }
}

/// Runs the turn to its end; says why there is no whole answer, where there is none.
async fn play(
    shared: &Arc<Shared>,
    run: &Arc<Run>,
    question: &Message,
    model: &str,
    whose: Whose,
) -> Option<TurnError> {
    let request_id = whose.request_id.clone();
    let answering = answer(shared, run, question, model, whose);
    tokio::select! {
        // A stop wins over everything; what it drops closes the upstream connection.
        biased;
        () = run.stop.cancelled() => Some(TurnError {
            error: "You stopped this answer.".to_owned(),
            kind: ErrorKind::Cancelled,
        }),
        result = answering => match result {
            Ok(()) => None,
            Err(Failed::NoAnswer(end)) => {
                shared.exhausted(&end, &request_id);
                Some(translate::no_answer(&end, &shared.clock))
            }
            Err(Failed::Refused(refusal)) => Some(refusal.error),
        },
    }
}

enum Failed {
    NoAnswer(NoAnswer),
    Refused(Refusal),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

async fn answer(
    shared: &Arc<Shared>,
    run: &Arc<Run>,
    question: &Message,
    model: &str,
    whose: Whose,
) -> Result<(), Failed> {
    let unknown = || {
        Failed::Refused(Refusal::invalid(
            "model: it was taken out of the configuration",
        ))
    };
    let catalog = shared.catalog();
    let entry = catalog.model(model).ok_or_else(unknown)?;
    let thread = shared.store.thread(&run.principal, &question.id).await?;
    let prompt = Arc::new(Prompt::conversation(
        thread
            .iter()
            .filter(|message| !message.text.is_empty())
            .map(|message| {
                let speaker = match message.role {
                    MessageRole::User => Speaker::User,
                    MessageRole::Assistant => Speaker::Assistant,
                };
                (speaker, message.text.as_str())
            }),
    ));
    let caller = Caller {
        principal: run.principal.clone(),
    };
    let chain = catalog.chain(entry, &prompt, &caller);
    let chain =
        chain.map_err(|error| Failed::Refused(Refusal::invalid(&format!("model: {error}"))))?;
    let shown = run.clone();
    let recorder = Recorder::new(shared.clone(), whose, move |attempt| shown.attempt(attempt));
    let turn = Turn::new(
        chain,
        catalog::facts(&prompt),
        Delivery::Replaceable,
        Arc::new(recorder),
        shared.scrubber.clone(),
        shared.budget.clone(),
        SmallRng::from_os_rng(),
    );
    let mut checkpoints = Checkpoints::new();
    let answering = turn.answer();
    tokio::pin!(answering);
    let mut answer = loop {
        tokio::select! {
            answer = &mut answering => break answer.map_err(Failed::NoAnswer)?,
            () = checkpoints.due() => checkpoints.save(shared, run),
        }
    };
    run.update(|message| {
        message.model_name = Some(answer.model().as_str().into());
        message.provider = Some(answer.provider().as_str().into());
        message.fallback = answer.model() != &entry.id;
        message.simulated |= answer.simulated();
    });
    stream(shared, &catalog, run, &mut answer, &mut checkpoints).await
}

async fn stream(
    shared: &Arc<Shared>,
    catalog: &Catalog,
    run: &Arc<Run>,
    answer: &mut Answer,
    checkpoints: &mut Checkpoints,
) -> Result<(), Failed> {
    loop {
        let progress = tokio::select! {
            progress = answer.next() => progress,
            () = checkpoints.due() => {
                checkpoints.save(shared, run);
                continue;
            }
        };
        match progress {
            Some(Progress::Chunk(Chunk::Content(text))) => run.delta(text),
            Some(Progress::Chunk(
                Chunk::Reasoning(_)
                | Chunk::Signature(_)
                | Chunk::ToolCall(_)
                | Chunk::Usage(_)
                | Chunk::Finish(_)
                | Chunk::End,
            )) => {}
            Some(Progress::Seam(seam)) => {
                let (from, to) = (seam.from.as_str(), seam.to.as_str());
                tracing::warn!(from, to, mode = ?seam.mode, run_id = %run.id, "stream_resumed");
                run.seam(&seam, answer);
            }
            Some(Progress::Finished(finished)) => {
                let cost = cost(shared, catalog, answer, finished.usage);
                run.update(|message| {
                    message.finish_reason = finished
                        .finish_reason
                        .map(|reason| reason.as_str().to_owned());
                    message.usage = finished.usage.map(translate::usage);
                    message.cost = cost;
                });
                return Ok(());
            }
            Some(Progress::Broken(end)) => {
                let cost = cost(shared, catalog, answer, None);
                run.update(|message| message.cost = cost);
                return Err(Failed::NoAnswer(end));
            }
            None => return Ok(()),
        }
    }
}

/// Counts the tokens of a turn that is at its end, and what they cost where the prices are known: the answer's, and those
/// of answers that nobody got.
pub fn cost(
    shared: &Shared,
    catalog: &Catalog,
    answer: &Answer,
    usage: Option<evenkeel_engine::Usage>,
) -> Option<f64> {
    let own = usage.map(|usage| (answer.model(), usage));
    let lost = answer.spent().iter();
    own.into_iter()
        .chain(lost.map(|spent| (&spent.model, spent.usage)))
        .filter_map(|(model, usage)| {
            let id = model.as_str();
            let tokens = |direction, count| {
                let tokens = &shared.metrics.tokens;
                tokens.with_label_values(&[id, direction]).inc_by(count);
            };
            tokens("input", usage.input_tokens);
            tokens("output", usage.output_tokens);
            let (input, output) = catalog.model(id)?.cost?;
            let cost =
                (usage.input_tokens as f64 * input + usage.output_tokens as f64 * output) / 1e6;
            shared.metrics.cost.with_label_values(&[id]).inc_by(cost);
            Some(cost)
        })
        .reduce(|one, other| one + other)
}

/// Gives the answer its final state, saves it, and tells those who follow.
async fn finish(shared: &Arc<Shared>, run: &Arc<Run>, error: Option<TurnError>) {
    run.update(|message| {
        message.status = match error.as_ref().map(|error| &error.kind) {
            None => MessageStatus::Complete,
            Some(ErrorKind::Cancelled) => MessageStatus::Cancelled,
            Some(_) if message.text.is_empty() => MessageStatus::Failed,
            Some(_) => MessageStatus::Incomplete,
        };
        message.error.clone_from(&error);
    });
    let outcome = error.as_ref().map_or("answered", |error| {
        // What was accepted and then could not be begun is the server's fault.
        let known = error.kind.as_str();
        if OUTCOMES.contains(&known) {
            known
        } else {
            "internal"
        }
    });
    shared.metrics.turns.with_label_values(&[outcome]).inc();
    let (message, seq) = run.answer();
    if let Err(error) = shared
        .store
        .save_answer(&message, seq + 1, shared.clock.now())
        .await
    {
        tracing::error!(%error, run_id = %run.id, "answer_not_saved");
    }
    run.end(match error {
        None => End::Done(message),
        Some(error) => End::Error(error, message),
    });
    shared.runs.remove(&run.id);
    let conversation = shared
        .store
        .conversation(&run.principal, &run.conversation_id)
        .await;
    if let Ok(Some(conversation)) = conversation {
        let change = ConversationChange::Upserted { conversation };
        let _ = shared
            .news
            .send(News::Conversation(run.principal.clone(), change));
    }
}
