//! The turn under way: from the engine's events to the run's frames, to the end.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_engine::{Chunk, Delivery, NoAnswer, Progress, ResponseGuard, Turn};
use evenkeel_protocol::{ErrorKind, Message, MessageStatus, ModelId, RunId, TurnError};
use evenkeel_providers::Caller;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::time::{Instant, sleep};

use super::{OUTCOMES, announce_to, cost, prompt};
use crate::catalog::{self, Catalog, Choice};
use crate::checkpoint::Checkpoints;
use crate::error::Refusal;
use crate::guards::grounding::Sources;
use crate::guards::{self, RestoredAnswer};
use crate::health::EndedTurn;
use crate::recorder::{Recorder, Whose};
use crate::run::{End, Run};
use crate::shared::Shared;
use crate::translate;

/// An answer that could not be saved is tried again after each of these.
const SAVE_AGAIN: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// What a turn asks for, with the models as they were when it began.
pub(super) struct Asked {
    pub(super) catalog: Arc<Catalog>,
    pub(super) choice: Choice,
}

pub(super) fn internal() -> TurnError {
    TurnError {
        error: "Something went wrong inside the server. Your question is kept; try again."
            .to_owned(),
        kind: ErrorKind::Internal,
    }
}

/// Runs the turn to its end; says why there is no whole answer, where there is none.
pub(super) async fn play(
    shared: &Arc<Shared>,
    run: &Arc<Run>,
    question: &Message,
    asked: &Asked,
    whose: Whose,
) -> Option<TurnError> {
    let request_id = whose.request_id.clone();
    let answering = answer(shared, run, question, asked, whose);
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

/// Tells the log and the metrics of each answer that is refused.
struct Told {
    sources: Sources,
    shared: Arc<Shared>,
    request_id: Arc<str>,
}

impl ResponseGuard for Told {
    fn name(&self) -> &str {
        self.sources.name()
    }

    fn check(&self, answer: &str) -> Result<(), String> {
        self.sources.check(answer).inspect_err(|_| {
            let refused = [Sources::refused()];
            guards::triggered(&self.shared, &refused, &self.request_id);
        })
    }
}

enum Failed {
    NoAnswer(NoAnswer),
    Refused(Refusal),
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

async fn answer(
    shared: &Arc<Shared>,
    run: &Arc<Run>,
    question: &Message,
    asked: &Asked,
    whose: Whose,
) -> Result<(), Failed> {
    let Asked { catalog, choice } = asked;
    let told_first = choice.system_prompt.as_deref();
    let request_id = whose.request_id.clone();
    let guards = guards::of(&shared.config(), choice.assistant.as_deref());
    let guarded = prompt::of(shared, &run.principal, question, told_first, guards).await?;
    guards::triggered(shared, &guarded.notices, &whose.request_id);
    run.update(|message| message.guards.clone_from(&guarded.notices));
    let guarded = guarded.admitted()?;
    let (prompt, restorer) = (Arc::new(guarded.prompt), guarded.restorer);
    let sources = guarded.sources;
    let caller = Caller::of_turn(run.principal.clone());
    let chain = catalog.chain(choice, &prompt, &caller);
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
    let turn = match sources.clone() {
        Some(sources) => turn.guarded(Arc::new(Told {
            sources,
            shared: shared.clone(),
            request_id,
        })),
        None => turn,
    };
    let mut checkpoints = Checkpoints::new();
    let answering = turn.answer();
    tokio::pin!(answering);
    let answer = loop {
        tokio::select! {
            answer = &mut answering => break answer.map_err(Failed::NoAnswer)?,
            () = checkpoints.due() => checkpoints.save(shared, run),
        }
    };
    let mut answer = RestoredAnswer::new(answer, restorer);
    run.update(|message| {
        message.model_name = Some(answer.model().as_str().into());
        message.provider = Some(answer.provider().as_str().into());
        message.fallback = *answer.model() != choice.model;
        message.simulated |= answer.simulated();
    });
    let streamed = stream(shared, catalog, run, &mut answer, &mut checkpoints).await;
    if let (Ok(()), Some(sources)) = (&streamed, sources) {
        run.update(|message| message.guards.extend(sources.notice(&message.text)));
    }
    streamed
}

async fn stream(
    shared: &Arc<Shared>,
    catalog: &Catalog,
    run: &Arc<Run>,
    answer: &mut RestoredAnswer,
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
                let cost = cost(catalog, answer, finished.usage);
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
                let cost = cost(catalog, answer, None);
                run.update(|message| message.cost = cost);
                return Err(Failed::NoAnswer(end));
            }
            None => return Ok(()),
        }
    }
}

/// Saves an answer that has ended. It is the last time, so that a database that is only busy is waited for.
async fn save(shared: &Shared, message: &Message, seq: u64) {
    for pause in SAVE_AGAIN.into_iter().map(Some).chain([None]) {
        let saved = shared.store.save_answer(message, seq, shared.clock.now());
        let Err(error) = saved.await else {
            return;
        };
        let (run_id, tried_again) = (message.run_id.as_ref().map(RunId::as_str), pause.is_some());
        tracing::error!(%error, run_id, tried_again, "answer_not_saved");
        if let Some(pause) = pause {
            sleep(pause).await;
        }
    }
}

/// Gives the answer its final state, saves it, and tells those who follow.
///
/// `share`: where its conversation stands among its assistant's 100.
pub(super) async fn finish(
    shared: &Arc<Shared>,
    run: &Arc<Run>,
    share: Option<f64>,
    error: Option<TurnError>,
) {
    let ended = Instant::now();
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
    let (message, seq) = run.answer();
    let asked = message.requested_model.as_ref();
    shared.turn_ended(&EndedTurn {
        principal: &run.principal,
        asked: asked.map_or("", ModelId::as_str),
        assistant: message.assistant.as_deref(),
        share,
        outcome,
        attempts: &message.attempts,
        ended_at: shared.clock.at(ended),
        took: ended.duration_since(run.began),
    });
    save(shared, &message, seq + 1).await;
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
        announce_to(shared, run.principal.clone(), conversation);
    }
}

#[cfg(test)]
mod tests;
