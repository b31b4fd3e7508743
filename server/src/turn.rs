//! The turn: saves the user's message, asks the engine, maps its events to frames, and saves the answer.
//!
//! It belongs to the server, not to the socket that began it.

mod cost;
mod play;
mod prompt;

use std::sync::Arc;

use evenkeel_protocol::{Conversation, ConversationChange, Message, RunId, Send, ServerFrame};
use evenkeel_store::{Begun, NewTurn};
use uuid::Uuid;

pub use self::cost::cost;
use crate::attachments;
use crate::catalog::{Catalog, ModelEntry};
use crate::error::Refusal;
use crate::principal::Principal;
use crate::recorder::Whose;
use crate::run::Run;
use crate::shared::{News, Shared};

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
    let files = attachments::read(&send.attachments)?;
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
        files: &files,
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
    if send.text.trim().is_empty() && send.attachments.is_empty() {
        return Err(Refusal::invalid("text: write something first"));
    }
    if send.text.len() > TEXT_LIMIT {
        return Err(Refusal::invalid(
            "text: is longer than 1 MiB; send less at once",
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
            play::play(&shared, &run, &question, &model, whose).await
        })
    };
    shared.tasks.spawn(async move {
        let error = match turn.await {
            Ok(end) => end,
            Err(panic) => {
                keeper.metrics.panics.inc();
                tracing::error!(%panic, run_id = %run.id, "turn_panicked");
                Some(play::internal())
            }
        };
        play::finish(&keeper, &run, error).await;
    });
}
