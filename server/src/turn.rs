//! The turn: saves the user's message, asks the engine, maps its events to frames, and saves the answer.
//!
//! It belongs to the server, not to the socket that began it.

mod check;
mod choice;
mod cost;
mod play;
mod prompt;

use std::sync::Arc;

use evenkeel_protocol::{
    Conversation, ConversationChange, ConversationId, Message, MessageId, ModelId, RequestId,
    RunId, Send, ServerFrame,
};
use evenkeel_store::{Before, Begun, File, NewAnswer, NewTurn};
use tracing::{Instrument, Span};
use uuid::Uuid;

pub use self::check::check_system_prompt;
use self::check::{check, check_request_id};
pub use self::choice::beside;
use self::choice::{Named, of_turn};
pub use self::cost::cost;
use self::play::Asked;
pub use self::prompt::admitted as prompt_of;
use self::prompt::texts;
use crate::attachments::{self, ALL_BYTES};
use crate::catalog::Catalog;
use crate::config::Injection;
use crate::error::Refusal;
use crate::guards;
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
    if let Some(before) = known_before(shared, principal, &send.request_id).await? {
        return Ok(before);
    }
    // Whether it tries a candidate is decided by its conversation, so that a new one has its id already.
    let new = Uuid::now_v7().to_string().into();
    // Nobody else waits while it is read, which takes its time.
    let asked = admit_new(shared, principal, send, &new).await;
    let _beginning = shared.runs.beginning.lock().await;
    // It may have begun meanwhile.
    if let Some(before) = begun_before(shared, principal, &send.request_id).await? {
        return Ok(before);
    }
    let (Asked { catalog, choice }, files) = asked?;
    accepting(shared)?;
    let requested_model = choice.model.as_str().into();
    let run_id = Uuid::now_v7().to_string().into();
    let begun = shared.store.begin_turn(NewTurn {
        principal: &principal.id,
        request_id: &send.request_id,
        conversation: send.conversation_id.as_ref(),
        new_conversation: Some(&new),
        parent_id: send.parent_id.as_ref(),
        edited_id: send.edited_id.as_ref(),
        temporary: send.temporary,
        system_prompt: check_system_prompt(send.system_prompt.as_deref())?,
        text: &send.text,
        files: &files,
        run_id: &run_id,
        requested_model: &requested_model,
        assistant: choice.assistant.as_deref(),
        now: shared.clock.now(),
    });
    let begun = begun.await?;
    let asked = Asked { catalog, choice };
    accepted(shared, principal, &send.request_id, begun, asked)
}

/// What a new turn asks for, and its files, where it may be asked.
async fn admit_new(
    shared: &Shared,
    principal: &Principal,
    send: &Send,
    new: &ConversationId,
) -> Result<(Asked, Vec<File>), Refusal> {
    check(send)?;
    let files = attachments::read(&send.attachments)?;
    let catalog = accepting(shared)?;
    let begins = send.conversation_id.is_none();
    let conversation = send.conversation_id.as_ref().unwrap_or(new);
    let named = Named {
        model: send.model.as_ref(),
        assistant: send.assistant.as_deref(),
    };
    let choice = of_turn(shared, &catalog, principal, named, conversation, begins).await?;
    let guards = guards::of(&shared.config(), choice.assistant.as_deref());
    if guards.injection == Injection::Block {
        // Another version of a question has that one's files where it brings none.
        let kept = match &send.edited_id {
            Some(edited) if files.is_empty() => files_of(shared, principal, edited).await?,
            Some(_) | None => vec![],
        };
        let all = texts(&files).chain(texts(&kept));
        guards::admit(shared, guards, &send.text, all, send.request_id.as_str()).await?;
    }
    Ok((Asked { catalog, choice }, files))
}

/// The files of one message.
async fn files_of(
    shared: &Shared,
    principal: &Principal,
    message: &MessageId,
) -> Result<Vec<File>, Refusal> {
    let store = &shared.store;
    let files = store.thread_files(&principal.id, message, ALL_BYTES as u64);
    Ok(files.await?.remove(message).unwrap_or_default())
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
    if let Some(before) = known_before(shared, principal, request_id).await? {
        return Ok(before);
    }
    let asked = admit_again(shared, principal, request_id, message_id, model).await;
    let _beginning = shared.runs.beginning.lock().await;
    // It may have begun meanwhile.
    if let Some(before) = begun_before(shared, principal, request_id).await? {
        return Ok(before);
    }
    let Asked { catalog, choice } = asked?;
    accepting(shared)?;
    let requested_model = choice.model.as_str().into();
    let run_id = Uuid::now_v7().to_string().into();
    let begun = shared.store.begin_answer(NewAnswer {
        principal: &principal.id,
        request_id,
        message_id,
        run_id: &run_id,
        requested_model: &requested_model,
        assistant: choice.assistant.as_deref(),
        now: shared.clock.now(),
    });
    let begun = begun.await?;
    accepted(
        shared,
        principal,
        request_id,
        begun,
        Asked { catalog, choice },
    )
}

/// What another answer asks for, where it may be asked: a question that was stored may be one that is refused now.
async fn admit_again(
    shared: &Shared,
    principal: &Principal,
    request_id: &RequestId,
    message_id: &MessageId,
    model: Option<&ModelId>,
) -> Result<Asked, Refusal> {
    check_request_id(request_id)?;
    let none = || Refusal::not_found("message");
    let message = shared.store.message(&principal.id, message_id).await?;
    let message = message.ok_or_else(none)?;
    let catalog = accepting(shared)?;
    let choice = beside(shared, &catalog, principal, model, &message).await?;
    let guards = guards::of(&shared.config(), choice.assistant.as_deref());
    if guards.injection == Injection::Block {
        let question = shared.store.question(&principal.id, message_id).await?;
        let question = question.ok_or_else(none)?;
        let files = files_of(shared, principal, &question.id).await?;
        let request_id = request_id.as_str();
        guards::admit(shared, guards, &question.text, texts(&files), request_id).await?;
    }
    Ok(Asked { catalog, choice })
}

/// What began before, and nothing that is just being begun: that is stored before its run is known.
async fn known_before(
    shared: &Arc<Shared>,
    principal: &Principal,
    request_id: &RequestId,
) -> Result<Option<Accepted>, Refusal> {
    let _beginning = shared.runs.beginning.lock().await;
    begun_before(shared, principal, request_id).await
}

/// A request that is sent again gets what it got, whatever has changed since.
async fn begun_before(
    shared: &Arc<Shared>,
    principal: &Principal,
    request_id: &RequestId,
) -> Result<Option<Accepted>, Refusal> {
    let before = shared.store.begun_before(&principal.id, request_id).await?;
    Ok(before.map(|before| running_or_ended(shared, request_id, before)))
}

/// The catalog for a new turn, where the server takes new turns.
fn accepting(shared: &Shared) -> Result<Arc<Catalog>, Refusal> {
    if shared.draining() {
        return Err(Refusal::draining());
    }
    Ok(shared.catalog())
}

fn running_or_ended(shared: &Shared, request_id: &RequestId, before: Before) -> Accepted {
    if let Some(run) = shared.runs.get(&before.run_id) {
        return Accepted::Running(run);
    }
    let run_id = before.run_id;
    let accepted = ServerFrame::Accepted {
        run_id: run_id.clone(),
        seq: 1,
        request_id: request_id.clone(),
        conversation_id: before.conversation_id,
        message_id: before.message_id,
        answer_id: before.answer_id,
    };
    Accepted::Ended {
        accepted: Box::new(accepted),
        run_id,
    }
}

fn accepted(
    shared: &Arc<Shared>,
    principal: &Principal,
    request_id: &RequestId,
    begun: Begun,
    asked: Asked,
) -> Result<Accepted, Refusal> {
    match begun {
        Begun::Duplicate(before) => Ok(running_or_ended(shared, request_id, before)),
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
            spawn(shared, run.clone(), question, asked, request_id);
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

fn spawn(
    shared: &Arc<Shared>,
    run: Arc<Run>,
    question: Message,
    asked: Asked,
    request_id: &RequestId,
) {
    let (keeper, request_id) = (shared.clone(), Arc::from(request_id.as_str()));
    // What the turn does belongs to the request that it was asked for in.
    let asked_in = Span::current();
    let share = asked.choice.share;
    let turn = {
        let (shared, run) = (shared.clone(), run.clone());
        let playing = async move {
            let whose = Whose {
                principal: run.principal.clone(),
                request_id,
                assistant: asked.choice.assistant.clone(),
            };
            play::play(&shared, &run, &question, &asked, whose).await
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
        play::finish(&keeper, &run, share, error).await;
    };
    shared.tasks.spawn(finishing.instrument(asked_in));
}
