//! A stored turn, run again under a fault that strikes this run alone. It asks the same models the same, on circuits,
//! faults and a retry budget of its own; nothing of it is kept, counted or told to anybody but its caller.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use evenkeel_engine::{
    AttemptRecord, Chunk, Delivery, NoAnswer, Observer, Overlay, Progress, RetryBudget, SeamMode,
    Turn,
};
use evenkeel_protocol::{ErrorKind, MessageId, MessageRole, ReplayLine, TurnError};
use evenkeel_providers::{Caller, FaultOrder, Faults, Prompt};
use futures_util::FutureExt;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::sync::mpsc::UnboundedSender;

use crate::catalog::{self, Catalog, Choice};
use crate::error::Refusal;
use crate::guards::pii::Restorer;
use crate::guards::{self, RestoredAnswer};
use crate::principal::Principal;
use crate::shared::Shared;
use crate::{translate, turn};

/// Of a long answer so many characters are told.
const TOLD: usize = 4_000;

/// A turn that can be run again.
pub struct Replay {
    catalog: Arc<Catalog>,
    choice: Choice,
    prompt: Arc<Prompt>,
    restorer: Restorer,
    /// Whom the fault strikes.
    name: Arc<str>,
    order: FaultOrder,
}

type Lines = UnboundedSender<ReplayLine>;

impl Replay {
    /// The turn that wrote this answer, or that answered this question, under a fault whose audience is `name`.
    ///
    /// # Errors
    ///
    /// Where there is no such message, or its model is no more.
    pub async fn of(
        shared: &Shared,
        principal: &Principal,
        message: &MessageId,
        name: Arc<str>,
        order: FaultOrder,
    ) -> Result<Self, Refusal> {
        let none = || Refusal::not_found("message");
        let store = &shared.store;
        let message = store.message(&principal.id, message).await?;
        let message = message.ok_or_else(none)?;
        let question = store.question(&principal.id, &message.id).await?;
        let question = question.ok_or_else(none)?;
        let asked = match message.role {
            MessageRole::Assistant => message.requested_model.as_ref(),
            MessageRole::User => None,
        };
        let catalog = shared.catalog();
        let choice = turn::beside(shared, &catalog, principal, asked, &message).await?;
        let told_first = choice.system_prompt.as_deref();
        let guards = guards::of(&shared.config(), choice.assistant.as_deref());
        let guarded = turn::prompt_of(shared, &principal.id, &question, told_first, guards);
        let guarded = guarded.await?;
        Ok(Self {
            catalog,
            choice,
            prompt: Arc::new(guarded.prompt),
            restorer: guarded.restorer,
            name,
            order,
        })
    }
}

/// Runs it to its end. Dropping the future closes its connections.
pub async fn run(shared: &Arc<Shared>, replay: Replay, lines: Lines) {
    let (kind, seed, model) = (
        replay.order.kind.clone(),
        replay.order.seed,
        replay.choice.model.to_string(),
    );
    tracing::info!(model, ?kind, seed, "replay_started");
    let last = match AssertUnwindSafe(answer(shared, replay, &lines))
        .catch_unwind()
        .await
    {
        Ok(last) => last,
        Err(_) => {
            shared.metrics.panics.inc();
            tracing::error!(model, "replay_panicked");
            error(TurnError {
                error: "Something went wrong inside the server.".to_owned(),
                kind: ErrorKind::Internal,
            })
        }
    };
    let outcome = match &last {
        ReplayLine::Error { error } => error.kind.as_str(),
        ReplayLine::Begun { .. }
        | ReplayLine::Attempt { .. }
        | ReplayLine::Delta { .. }
        | ReplayLine::Seam { .. }
        | ReplayLine::Done { .. } => "answered",
    };
    tracing::info!(model, outcome, "replay_finished");
    tell(&lines, last);
}

/// Who does not listen any more has left, and the run with them.
fn tell(lines: &Lines, line: ReplayLine) {
    let _ = lines.send(line);
}

fn error(error: TurnError) -> ReplayLine {
    ReplayLine::Error { error }
}

/// What is seen of the attempts: each is marked, whether or not the fault had its hand in it.
struct Shown {
    shared: Arc<Shared>,
    catalog: Arc<Catalog>,
    lines: Lines,
}

impl Observer for Shown {
    fn attempt(&self, record: &AttemptRecord) {
        let mut attempt = translate::attempt(record, &self.shared.clock);
        attempt.simulated = true;
        attempt.cost = record.usage.and_then(|usage| {
            let model = self.catalog.model(record.model.as_str())?;
            model.price(usage.input_tokens, usage.output_tokens)
        });
        tell(&self.lines, ReplayLine::Attempt { attempt });
    }
}

/// The last line.
async fn answer(shared: &Arc<Shared>, replay: Replay, lines: &Lines) -> ReplayLine {
    let Replay {
        catalog,
        choice,
        prompt,
        restorer,
        name,
        order,
    } = replay;
    let seed = order.seed;
    let faults = Arc::new(Faults::new(Box::new(|_| {})));
    faults.arm(&name, order);
    let caller = Caller::rehearsing(name.clone(), faults);
    let chain = match catalog.chain_apart(&choice, &prompt, &caller, &Overlay::from(&*name)) {
        Ok(chain) => chain,
        Err(none) => return error(Refusal::invalid(&format!("model: {none}")).error),
    };
    tell(
        lines,
        ReplayLine::Begun {
            requested_model: choice.model.as_str().into(),
            chain: choice.chain().iter().map(|id| id.as_str().into()).collect(),
            seed,
        },
    );
    let shown = Shown {
        shared: shared.clone(),
        catalog: catalog.clone(),
        lines: lines.clone(),
    };
    let turn = Turn::new(
        chain,
        catalog::facts(&prompt),
        Delivery::Replaceable,
        Arc::new(shown),
        shared.scrubber.clone(),
        Arc::new(RetryBudget::new(shared.config().retry_budget)),
        SmallRng::seed_from_u64(seed),
    );
    let ended = match turn.answer().await {
        Ok(answer) => {
            let mut answer = RestoredAnswer::new(answer, restorer);
            stream(&catalog, choice.model.as_str(), &mut answer, lines).await
        }
        Err(end) => Err(end),
    };
    ended.unwrap_or_else(|end| error(translate::no_answer(&end, &shared.clock)))
}

async fn stream(
    catalog: &Catalog,
    requested: &str,
    answer: &mut RestoredAnswer,
    lines: &Lines,
) -> Result<ReplayLine, NoAnswer> {
    let mut characters = 0;
    loop {
        match answer.next().await {
            Some(Progress::Chunk(Chunk::Content(text))) => {
                let room = TOLD.saturating_sub(characters);
                characters += text.chars().count();
                let text: String = text.chars().take(room).collect();
                if !text.is_empty() {
                    tell(lines, ReplayLine::Delta { text });
                }
            }
            Some(Progress::Chunk(
                Chunk::Reasoning(_)
                | Chunk::Signature(_)
                | Chunk::ToolCall(_)
                | Chunk::Usage(_)
                | Chunk::Finish(_)
                | Chunk::End,
            )) => {}
            Some(Progress::Seam(seam)) => {
                if seam.mode == SeamMode::Restarted {
                    characters = 0;
                }
                tell(
                    lines,
                    ReplayLine::Seam {
                        from: seam.from.as_str().into(),
                        to: seam.to.as_str().into(),
                        mode: translate::seam_mode(seam.mode),
                    },
                );
            }
            Some(Progress::Finished(finished)) => {
                let lost = answer.spent().iter();
                let lost = lost.map(|spent| (&spent.model, spent.usage));
                let own = finished.usage.map(|usage| (answer.model(), usage));
                let costs = own.into_iter().chain(lost).filter_map(|(model, usage)| {
                    let model = catalog.model(model.as_str())?;
                    model.price(usage.input_tokens, usage.output_tokens)
                });
                return Ok(ReplayLine::Done {
                    model_name: answer.model().as_str().into(),
                    provider: answer.provider().as_str().into(),
                    fallback: answer.model().as_str() != requested,
                    finish_reason: finished
                        .finish_reason
                        .map(|reason| reason.as_str().to_owned()),
                    usage: finished.usage.map(translate::usage),
                    cost: costs.reduce(|one, other| one + other),
                    characters: characters as u64,
                });
            }
            Some(Progress::Broken(end)) => return Err(end),
            None => return Err(NoAnswer::DeadlineExceeded),
        }
    }
}
