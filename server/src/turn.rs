//! The turn: saves the user's message, asks the engine, maps its events to frames, and saves the answer.
//!
//! It belongs to the server, not to the socket that began it.

mod check;
mod cost;
mod model;
mod play;
mod prompt;

use std::sync::Arc;

use evenkeel_protocol::{
    Conversation, ConversationChange, ConversationId, Message, MessageId, ModelId, RequestId,
    RunId, Send, ServerFrame,
};
use evenkeel_store::{Begun, NewAnswer, NewTurn};
use tracing::{Instrument, Span};
use uuid::Uuid;

pub use self::check::check_system_prompt;
use self::check::{check, check_request_id};
pub use self::cost::cost;
pub use self::model::resolve_model;
pub use self::prompt::of as prompt_of;
use crate::attachments;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::recorder::Whose;
use crate::run::Run;
use crate::shared::{News, Shared};

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
    if let Some(before) = begun_before(shared, principal, &send.request_id).await? {
        return Ok(before);
    }
    check(send)?;
    let files = attachments::read(&send.attachments)?;
    let conversation = send.conversation_id.as_ref();
    let requested_model = asked(shared, principal, send.model.as_ref(), conversation).await?;
    let run_id = Uuid::now_v7().to_string().into();
    let begun = shared.store.begin_turn(NewTurn {
        principal: &principal.id,
        request_id: &send.request_id,
        conversation,
        parent_id: send.parent_id.as_ref(),
        edited_id: send.edited_id.as_ref(),
        temporary: send.temporary,
        system_prompt: check_system_prompt(send.system_prompt.as_deref())?,
        text: &send.text,
        files: &files,
        run_id: &run_id,
        requested_model: &requested_model,
        now: shared.clock.now(),
    });
    accepted(shared, principal, &send.request_id, begun.await?)
}

/// Begins another answer to a question, which stands beside those that it has. The message is the question, or one of
/// its answers; that one of them is being written does not matter. The same `request_id` begins it once.
///
/// # Errors
///
/// Where the request cannot be served as it is; nothing is written then.
pub async fn regenerate(
    shared: &Arc<Shared>,
    principal: &Principal,
    request_id: &RequestId,
    message_id: &MessageId,
    model: Option<&ModelId>,
) -> Result<Accepted, Refusal> {
    let _beginning = shared.runs.beginning.lock().await;
    if let Some(before) = begun_before(shared, principal, request_id).await? {
        return Ok(before);
    }
    check_request_id(request_id)?;
    let question = shared.store.question(&principal.id, message_id).await?;
    let question = question.ok_or_else(|| Refusal::not_found("message"))?;
    let conversation = Some(&question.conversation_id);
    let requested_model = asked(shared, principal, model, conversation).await?;
    let run_id = Uuid::now_v7().to_string().into();
    let begun = shared.store.begin_answer(NewAnswer {
        principal: &principal.id,
        request_id,
        message_id,
        run_id: &run_id,
        requested_model: &requested_model,
        now: shared.clock.now(),
    });
    accepted(shared, principal, request_id, begun.await?)
}

/// A request that is sent again gets what it got, whatever has changed since.
async fn begun_before(
    shared: &Arc<Shared>,
    principal: &Principal,
    request_id: &RequestId,
) -> Result<Option<Accepted>, Refusal> {
    let before = shared.store.begun_before(&principal.id, request_id).await?;
    before
        .map(|before| accepted(shared, principal, request_id, before))
        .transpose()
}

/// The model that a new turn asks for, where the server takes new turns.
async fn asked(
    shared: &Shared,
    principal: &Principal,
    model: Option<&ModelId>,
    conversation: Option<&ConversationId>,
) -> Result<ModelId, Refusal> {
    if shared.draining() {
        return Err(Refusal::draining());
    }
    let catalog = shared.catalog();
    let model = resolve_model(shared, &catalog, principal, model, conversation).await?;
    Ok(model.id.as_str().into())
}

fn accepted(
    shared: &Arc<Shared>,
    principal: &Principal,
    request_id: &RequestId,
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
            let accepted = ServerFrame::Accepted {
                run_id: run_id.clone(),
                seq: 1,
                request_id: request_id.clone(),
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
            let run = Run::begin(run_id, principal.id.clone(), request_id.clone(), answer)
                .map_err(|error| Refusal::internal(&error))?;
            shared.runs.insert(run.clone());
            announce(shared, principal, conversation);
            // Nobody may be listening.
            let _ = shared.news.send(News::Run(run.clone()));
            spawn(shared, run.clone(), question, request_id);
            Ok(Accepted::Running(run))
        }
    }
}

/// Tells the principal's sockets of a conversation that is new or has changed.
pub fn announce(shared: &Shared, principal: &Principal, conversation: Conversation) {
    announce_to(shared, principal.id.clone(), conversation);
}

/// A temporary conversation stands in no list, and so in no news of it.
fn announce_to(shared: &Shared, principal: Arc<str>, conversation: Conversation) {
    if conversation.temporary {
        return;
    }
    let change = ConversationChange::Upserted { conversation };
    // Nobody may be listening.
    let _ = shared.news.send(News::Conversation(principal, change));
}

fn spawn(shared: &Arc<Shared>, run: Arc<Run>, question: Message, request_id: &RequestId) {
    let model = run
        .answer()
        .0
        .requested_model
        .map(|model| model.0)
        .unwrap_or_default();
    let (keeper, request_id) = (shared.clone(), Arc::from(request_id.as_str()));
    // What the turn does belongs to the request that it was asked for in.
    let asked_in = Span::current();
    let turn = {
        let (shared, run) = (shared.clone(), run.clone());
        let playing = async move {
            let whose = Whose {
                principal: run.principal.clone(),
                request_id,
            };
            play::play(&shared, &run, &question, &model, whose).await
        };
        keeper.tasks.spawn(playing.instrument(asked_in.clone()))
    };
    let finishing = async move {
        let error = match turn.await {
            Ok(end) => end,
            Err(panic) => {
                keeper.metrics.panics.inc();
                tracing::error!(%panic, run_id = %run.id, "turn_panicked");
                Some(play::internal())
            }
        };
        play::finish(&keeper, &run, error).await;
    };
    shared.tasks.spawn(finishing.instrument(asked_in));
}
