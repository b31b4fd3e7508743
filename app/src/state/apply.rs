//! What the server says, applied. Whatever is repeated, split or missed on the way, the transcript becomes the same.

use std::sync::Arc;

use evenkeel_protocol::read::Json;
use evenkeel_protocol::{
    Attempt, AttemptKind, AttemptState, ConversationId, Message, MessageId, MessageStatus,
    RequestId, RunId, Seam, ServerFrame, Timestamp, Transcript, TurnError,
};

use super::runs::Admit;
use super::send::answer;
use super::{Choice, Entry, Phase, State};
use crate::wording;

/// A frame as every page hears it. What few pages watch stays unread: most of those who chat never need to be able to.
pub type Heard = ServerFrame<Json, Json>;

/// A part of a frame that is read by the part of the page that shows it.
#[derive(Clone, Debug, PartialEq)]
pub enum Unread {
    /// A `HealthReport`.
    Health(Json),
    /// A `FaultChange`.
    Fault(Json),
}

/// What came of a frame, for those who show it and those who talk to the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Messages that are not what they were.
    pub messages: Vec<MessageId>,
    /// Something is missing: follow the conversation anew.
    pub resubscribe: bool,
    /// A message is not known: fetch the conversation.
    pub reload: bool,
    /// The new conversation has got its id.
    pub opened: Option<ConversationId>,
    /// A sentence for the announcer.
    pub say: Option<String>,
    /// An error that belongs to nothing in particular.
    pub complaint: Option<String>,
    /// For whoever watches it.
    pub unread: Vec<Unread>,
}

impl Changes {
    /// These changes, and then those.
    pub fn merge(&mut self, later: Self) {
        for id in later.messages {
            if !self.messages.contains(&id) {
                self.messages.push(id);
            }
        }
        self.resubscribe |= later.resubscribe;
        self.reload |= later.reload;
        self.opened = later.opened.or(self.opened.take());
        self.say = later.say.or(self.say.take());
        self.complaint = later.complaint.or(self.complaint.take());
        self.unread.extend(later.unread);
    }
}

struct Accepted {
    run_id: RunId,
    request_id: RequestId,
    conversation_id: ConversationId,
    message_id: MessageId,
    answer_id: MessageId,
}

impl State {
    /// Applies one frame.
    pub fn apply(&mut self, frame: Heard) -> Changes {
        let mut changes = Changes::default();
        match frame {
            ServerFrame::Hello(hello) => {
                self.hello = Arc::new(hello);
                self.forecast_known = false;
                self.runs().reconnected();
                self.try_again();
            }
            ServerFrame::Accepted {
                run_id,
                seq: _,
                request_id,
                conversation_id,
                message_id,
                answer_id,
            } => self.accepted(
                Accepted {
                    run_id,
                    request_id,
                    conversation_id,
                    message_id,
                    answer_id,
                },
                &mut changes,
            ),
            ServerFrame::Attempt {
                run_id,
                seq,
                attempt,
            } => {
                self.event(&run_id, seq, &mut changes, |message, say| {
                    on_attempt(message, attempt, say)
                });
            }
            ServerFrame::Delta { run_id, seq, text } => {
                if let Some(id) = self.admit(&run_id, seq, &mut changes) {
                    if let Some(entry) = self.open.change(&id) {
                        entry.push(&text);
                    }
                    changes.messages.push(id);
                }
            }
            ServerFrame::Seam {
                run_id,
                seq,
                from,
                to,
                mode,
                at,
            } => {
                if let Some(id) = self.admit(&run_id, seq, &mut changes) {
                    let discarded = None;
                    let seam = Seam {
                        from,
                        to,
                        mode,
                        at,
                        discarded,
                    };
                    changes.say = Some(wording::goes_on(&seam));
                    if let Some(entry) = self.open.change(&id) {
                        entry.seam(seam);
                    }
                    changes.messages.push(id);
                }
            }
            ServerFrame::Done {
                run_id,
                seq: _,
                message,
            } => {
                self.ended(&run_id, Some(message), None, &mut changes);
            }
            ServerFrame::Error {
                run_id,
                seq: _,
                request_id,
                error,
                message,
            } => {
                self.error(
                    run_id.as_ref(),
                    request_id.as_ref(),
                    error,
                    message,
                    &mut changes,
                );
            }
            ServerFrame::Health(report) => changes.unread.push(Unread::Health(report)),
            ServerFrame::Fault(change) => changes.unread.push(Unread::Fault(change)),
            ServerFrame::Conversation(change) => changes.merge(self.listed(change)),
            ServerFrame::Forecast(forecast) => {
                self.forecast = Arc::new(forecast);
                self.forecast_known = true;
            }
            ServerFrame::Pong => {}
        }
        changes
    }

    /// The conversation as it was fetched.
    pub fn transcript(&mut self, transcript: Transcript) -> Changes {
        let mut changes = Changes::default();
        if self.open.id.as_ref() == Some(&transcript.conversation.id) {
            changes.messages = self.open.merge(transcript);
        }
        changes
    }

    /// The conversation could not be fetched.
    pub fn no_transcript(&mut self, id: &ConversationId, phase: Phase) {
        if self.open.id.as_ref() != Some(id) {
            return;
        }
        self.open.phase = match (self.open.phase, phase) {
            // It was deleted while nobody listened.
            (Phase::Ready | Phase::Deleted, Phase::Missing) => Phase::Deleted,
            // What is shown already is not taken away because a refresh failed.
            (Phase::Ready, _) => Phase::Ready,
            _ => phase,
        };
    }

    fn accepted(&mut self, event: Accepted, changes: &mut Changes) {
        let Accepted {
            run_id,
            request_id,
            conversation_id,
            message_id,
            answer_id,
        } = event;
        let pending = self.withdraw(&request_id);
        let again = self.take_again(&request_id);
        let asked_here = pending.is_some() || again.is_some();
        let began_here = pending.as_ref().is_some_and(|pending| {
            pending.send.conversation_id.is_none() && self.open.id.is_none()
        });
        if began_here {
            self.open.id = Some(conversation_id.clone());
            self.open.temporary = pending
                .as_ref()
                .is_some_and(|pending| pending.send.temporary);
            changes.opened = Some(conversation_id.clone());
        }
        let is_open = self.open.id.as_ref() == Some(&conversation_id);
        let over = is_open
            && self
                .open
                .get(&answer_id)
                .is_some_and(|entry| !entry.streaming());
        if !self
            .runs()
            .begin(&run_id, &conversation_id, &answer_id, over)
            || !is_open
            || over
        {
            if asked_here && is_open {
                self.open.choose(&answer_id);
            }
            return;
        }
        if self.open.get(&message_id).is_none() {
            match &pending {
                Some(pending) => {
                    let parent = self.parent_of(&pending.send);
                    let message =
                        pending.message(message_id.clone(), conversation_id.clone(), parent);
                    // Its files have got their ids; another version keeps those that there were.
                    let edited = pending.send.edited_id.as_ref();
                    let edited = edited.and_then(|id| self.open.get(id));
                    changes.reload |= !pending.send.attachments.is_empty()
                        || edited.is_some_and(|entry| !entry.message.attachments.is_empty());
                    self.open.put(message);
                    changes.messages.push(message_id.clone());
                }
                // Another tab asked, and its text is not in any frame.
                None => changes.reload = true,
            }
        }
        if let Some(entry) = self.open.change(&answer_id) {
            // Replayed from the beginning: what the page had of it comes again.
            entry.clear();
            entry.message.attempts.clear();
            entry.message.run_id = Some(run_id);
        } else {
            let choice = |assistant: &Option<String>, model: &Option<_>| Choice {
                assistant: assistant.clone(),
                model: model.clone(),
            };
            let (choice, at) = match (pending, again) {
                (Some(pending), _) => {
                    let send = &pending.send;
                    (choice(&send.assistant, &send.model), pending.at)
                }
                (None, Some(again)) => (choice(&again.assistant, &again.model), again.at),
                (None, None) => (Choice::default(), Timestamp::UNIX_EPOCH),
            };
            let (id, parent) = (answer_id.clone(), message_id);
            self.open
                .put(answer(id, parent, conversation_id, run_id, choice, at));
        }
        if asked_here {
            self.open.choose(&answer_id);
        }
        changes.messages.push(answer_id);
        changes.say = Some("Answering.".to_owned());
    }

    fn admit(&mut self, run_id: &RunId, seq: u64, changes: &mut Changes) -> Option<MessageId> {
        let open = self.open.id.clone();
        match self.runs().admit(run_id, seq, open.as_ref()) {
            Admit::Apply(id) => Some(id),
            Admit::Ignore => None,
            Admit::Gap => {
                changes.resubscribe = true;
                None
            }
        }
    }

    fn event(
        &mut self,
        run_id: &RunId,
        seq: u64,
        changes: &mut Changes,
        apply: impl FnOnce(&mut Message, &mut Option<String>),
    ) {
        if let Some(id) = self.admit(run_id, seq, changes) {
            if let Some(entry) = self.open.change(&id) {
                apply(&mut entry.message, &mut changes.say);
            }
            changes.messages.push(id);
        }
    }

    /// A turn is over: the message that comes with its end is the truth, whatever was built before.
    fn ended(
        &mut self,
        run_id: &RunId,
        message: Option<Message>,
        error: Option<TurnError>,
        changes: &mut Changes,
    ) {
        self.stopping.remove(run_id);
        let known = self.runs().end(run_id);
        let id = match (&message, &known) {
            (Some(message), _) => message.id.clone(),
            (None, Some((id, _))) => id.clone(),
            (None, None) => return,
        };
        // A page that came after the end is told of it all the same.
        let over = |entry: &Arc<Entry>| !entry.streaming();
        let news = match &known {
            Some((_, news)) => *news,
            None => !self.open.get(&id).is_some_and(over),
        };
        match message {
            Some(message) if self.open.id.as_ref() == Some(&message.conversation_id) => {
                // Its beginning was missed, and with it the question.
                let known = |parent| self.open.get(parent).is_some();
                changes.reload |= !message.parent_id.as_ref().is_none_or(known);
                self.open.put(message);
            }
            Some(_) => return,
            None => {
                if let Some(entry) = self.open.change(&id).filter(|entry| entry.streaming()) {
                    entry.message.status = if entry.message.text.is_empty() {
                        MessageStatus::Failed
                    } else {
                        MessageStatus::Incomplete
                    };
                }
            }
        }
        if let Some(entry) = self.open.change(&id) {
            if entry.message.error.is_none() {
                entry.message.error = error;
            }
            if news {
                entry.news = true;
                changes.say = Some(wording::announce(&entry.message));
            }
        }
        changes.messages.push(id);
    }

    fn error(
        &mut self,
        run_id: Option<&RunId>,
        request_id: Option<&RequestId>,
        error: TurnError,
        message: Option<Message>,
        changes: &mut Changes,
    ) {
        let again = request_id.and_then(|id| self.take_again(id));
        let refused = request_id.and_then(|id| {
            self.pending
                .iter_mut()
                .find(|pending| pending.send.request_id == *id)
        });
        match (run_id, refused) {
            (None, None) if again.is_some() => {
                changes.say = Some("The answer could not be asked for again.".to_owned());
                changes.complaint = Some(error.error);
            }
            (Some(run_id), _) => self.ended(run_id, message, Some(error), changes),
            (None, Some(pending)) => {
                changes.say = Some("Your message was not accepted.".to_owned());
                Arc::make_mut(pending).refused = Some(error);
            }
            (None, None) => changes.complaint = Some(error.error),
        }
    }
}

fn on_attempt(message: &mut Message, attempt: Attempt, say: &mut Option<String>) {
    if message.requested_model.is_none() && attempt.kind == AttemptKind::Primary {
        message.requested_model = Some(attempt.model_name.clone());
    }
    match attempt.state {
        // Once there is text, only a seam says that another model goes on with it. What is held back may be refused yet.
        AttemptState::Answering | AttemptState::Answered
            if message.text.is_empty() && attempt.detail.is_none() =>
        {
            message.fallback = message.requested_model.as_ref() != Some(&attempt.model_name);
            message.model_name = Some(attempt.model_name.clone());
            message.provider = Some(attempt.provider.clone());
        }
        AttemptState::Started if attempt.kind == AttemptKind::Fallback => {
            *say = Some(format!("Falling back to {}.", attempt.model_name));
        }
        AttemptState::Started
        | AttemptState::Answering
        | AttemptState::Answered
        | AttemptState::Failed
        | AttemptState::Skipped
        | AttemptState::Cancelled => {}
    }
    message.simulated |= attempt.simulated;
    match message
        .attempts
        .iter_mut()
        .find(|known| known.index == attempt.index)
    {
        Some(known) => *known = attempt,
        None => message.attempts.push(attempt),
    }
}
