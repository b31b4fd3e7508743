//! What a person has sent, until the server has accepted it: it is kept, and sent again under the same id after every
//! reconnection, so that it is neither lost nor asked twice.

use std::sync::Arc;

use evenkeel_protocol::{
    Attachment, ClientFrame, ErrorKind, Message, MessageId, MessageRole, MessageStatus, RequestId,
    Send, Timestamp, TurnError,
};

use super::{Choice, Runs, State};

/// A message on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// What was sent.
    pub send: Send,
    /// When.
    pub at: Timestamp,
    /// Why the server refused it, where it did.
    pub refused: Option<TurnError>,
}

impl Pending {
    /// The message that the server stored for it.
    pub(super) fn message(
        &self,
        id: MessageId,
        conversation_id: evenkeel_protocol::ConversationId,
        parent_id: Option<MessageId>,
    ) -> Message {
        Message {
            id,
            conversation_id,
            parent_id,
            role: MessageRole::User,
            text: self.send.text.clone(),
            status: MessageStatus::Complete,
            created_at: self.at,
            model_name: None,
            requested_model: None,
            assistant: None,
            provider: None,
            fallback: false,
            finish_reason: None,
            usage: None,
            cost: None,
            attempts: Vec::new(),
            seams: Vec::new(),
            attachments: Vec::new(),
            suggestions: Vec::new(),
            guards: Vec::new(),
            simulated: false,
            run_id: None,
            error: None,
        }
    }
}

/// The message that an accepted run is going to write.
pub(super) fn answer(
    id: MessageId,
    parent: MessageId,
    conversation_id: evenkeel_protocol::ConversationId,
    run_id: evenkeel_protocol::RunId,
    choice: Choice,
    at: Timestamp,
) -> Message {
    Message {
        id,
        conversation_id,
        parent_id: Some(parent),
        role: MessageRole::Assistant,
        text: String::new(),
        status: MessageStatus::Streaming,
        created_at: at,
        model_name: None,
        requested_model: choice.model,
        assistant: choice.assistant,
        provider: None,
        fallback: false,
        finish_reason: None,
        usage: None,
        cost: None,
        attempts: Vec::new(),
        seams: Vec::new(),
        attachments: Vec::new(),
        suggestions: Vec::new(),
        guards: Vec::new(),
        simulated: false,
        run_id: Some(run_id),
        error: None,
    }
}

impl State {
    /// Takes a message that is to be sent to the open conversation, and says what to tell the server.
    pub fn send(
        &mut self,
        request_id: RequestId,
        text: String,
        parent_id: Option<MessageId>,
        choice: Choice,
        at: Timestamp,
    ) -> ClientFrame {
        let parent_id = parent_id.or_else(|| self.parent_of_next());
        let send = Send {
            request_id,
            conversation_id: self.open.id.clone(),
            parent_id,
            text,
            edited_id: None,
            temporary: self.open.id.is_none() && self.temporary,
            system_prompt: None,
            attachments: Vec::new(),
            model: choice.model,
            assistant: choice.assistant,
        };
        self.pending.push(Arc::new(Pending {
            send: send.clone(),
            at,
            refused: None,
        }));
        ClientFrame::Send(send)
    }

    /// Files and instructions go with a message that was taken just now; what to tell the server instead.
    pub fn accompany(
        &mut self,
        request_id: &RequestId,
        attachments: Vec<Attachment>,
        system_prompt: Option<String>,
    ) -> Option<ClientFrame> {
        let mut pending = self.pending.iter_mut();
        let pending = pending.find(|pending| pending.send.request_id == *request_id)?;
        let send = &mut Arc::make_mut(pending).send;
        send.attachments = attachments;
        // A conversation that has begun has its own.
        send.system_prompt = system_prompt.filter(|_| send.conversation_id.is_none());
        Some(ClientFrame::Send(send.clone()))
    }

    /// Takes a message that was on its way before the page was loaded, and says what to tell the server.
    pub fn adopt(&mut self, send: Send, at: Timestamp) -> Option<ClientFrame> {
        let mut known = self.pending.iter();
        if known.any(|pending| pending.send.request_id == send.request_id) {
            return None;
        }
        let frame = ClientFrame::Send(send.clone());
        self.pending.push(Arc::new(Pending {
            send,
            at,
            refused: None,
        }));
        Some(frame)
    }

    /// A new connection: what the server refused for a reason of its own is tried again.
    pub(super) fn try_again(&mut self) {
        for pending in &mut self.pending {
            let refused = pending.refused.as_ref().map(|error| &error.kind);
            if matches!(refused, Some(ErrorKind::Internal)) {
                Arc::make_mut(pending).refused = None;
            }
        }
    }

    /// What the message that the server stored for this one stands below.
    pub(super) fn parent_of(&self, send: &Send) -> Option<MessageId> {
        match &send.edited_id {
            Some(edited) => self.open.get(edited)?.message.parent_id.clone(),
            None => send
                .parent_id
                .clone()
                .or_else(|| self.open.newest().cloned()),
        }
    }

    /// Takes a refused message back: it is edited, or sent anew under another id.
    pub fn withdraw(&mut self, request_id: &RequestId) -> Option<Arc<Pending>> {
        let index = self
            .pending
            .iter()
            .position(|p| p.send.request_id == *request_id)?;
        Some(self.pending.remove(index))
    }

    /// What is on its way to the open conversation.
    pub fn pending_here(&self) -> impl Iterator<Item = &Arc<Pending>> {
        self.pending
            .iter()
            .filter(|pending| pending.send.conversation_id == self.open.id)
    }

    pub(super) fn unsent(&self) -> impl Iterator<Item = ClientFrame> {
        self.pending
            .iter()
            // What the server itself is to blame for may go well this time.
            .filter(|pending| {
                let refused = pending.refused.as_ref().map(|error| &error.kind);
                matches!(refused, None | Some(ErrorKind::Internal))
            })
            .map(|pending| ClientFrame::Send(pending.send.clone()))
    }

    pub(super) fn runs(&mut self) -> &mut Runs {
        &mut self.runs
    }
}
