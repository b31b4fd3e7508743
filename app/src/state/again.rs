//! Answers that are asked for again: kept until the server has accepted them, as messages are, so that none is lost and none
//! asked twice.

use std::sync::Arc;

use evenkeel_protocol::{
    ClientFrame, ConversationId, MessageId, MessageRole, ModelId, RequestId, Send, Timestamp,
};

use super::{Changes, Choice, Pending, State};

/// Another answer to a question, on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    /// The page's own id for it.
    pub request_id: RequestId,
    /// The conversation of the question.
    pub conversation_id: ConversationId,
    /// The question.
    pub question: MessageId,
    /// What it was asked of: the question, or one of its answers, whose assistant then answers again.
    pub of: MessageId,
    /// The model that is to answer; none where the answer's own assistant decides it.
    pub model: Option<ModelId>,
    /// The assistant of the answer that it was asked of.
    pub assistant: Option<String>,
    /// When it was asked for.
    pub at: Timestamp,
}

impl Again {
    fn frame(&self) -> ClientFrame {
        ClientFrame::Regenerate {
            request_id: self.request_id.clone(),
            message_id: self.of.clone(),
            model: self.model.clone(),
        }
    }
}

impl State {
    /// Takes an answer that is asked for again, and says what to tell the server; nothing where it is on its way already.
    pub fn ask_again(&mut self, again: Again) -> Option<ClientFrame> {
        let mut waiting = self.again.iter();
        if waiting.any(|known| known.question == again.question) {
            return None;
        }
        let frame = again.frame();
        self.again.push(Arc::new(again));
        Some(frame)
    }

    /// The question that an answer belongs to; a question is its own.
    pub fn question_of(&self, id: &MessageId) -> Option<MessageId> {
        let message = &self.open.get(id)?.message;
        match message.role {
            MessageRole::User => Some(message.id.clone()),
            MessageRole::Assistant => message.parent_id.clone(),
        }
    }

    /// What is asked again in the open conversation.
    pub fn asking_again(&self) -> impl Iterator<Item = &Arc<Again>> {
        let here = self.open.id.as_ref();
        self.again
            .iter()
            .filter(move |again| here == Some(&again.conversation_id))
    }

    /// Takes another version of a question, and says what to tell the server.
    pub fn edit(
        &mut self,
        request_id: RequestId,
        edited_id: MessageId,
        text: String,
        choice: Choice,
        at: Timestamp,
    ) -> ClientFrame {
        let send = Send {
            request_id,
            conversation_id: self.open.id.clone(),
            parent_id: None,
            edited_id: Some(edited_id),
            temporary: false,
            system_prompt: None,
            text,
            attachments: Vec::new(),
            model: choice.model,
            assistant: choice.assistant,
        };
        self.take(send, at)
    }

    /// Takes a message that was refused, as it was, under another id.
    pub fn send_anew(
        &mut self,
        request_id: RequestId,
        pending: &Pending,
        at: Timestamp,
    ) -> ClientFrame {
        let send = Send {
            request_id,
            ..pending.send.clone()
        };
        self.take(send, at)
    }

    fn take(&mut self, send: Send, at: Timestamp) -> ClientFrame {
        self.pending.push(Arc::new(Pending {
            send: send.clone(),
            at,
            refused: None,
        }));
        ClientFrame::Send(send)
    }

    /// What a message that is sent now follows, where it is not the newest one.
    pub(super) fn parent_of_next(&self) -> Option<MessageId> {
        let end = self.open.shown().last()?;
        let waiting = self.pending_here().next().is_some() || self.asking_again().next().is_some();
        (!waiting && self.open.newest() != Some(end)).then(|| end.clone())
    }

    pub(super) fn take_again(&mut self, request_id: &RequestId) -> Option<Arc<Again>> {
        let mut waiting = self.again.iter();
        let index = waiting.position(|again| again.request_id == *request_id)?;
        Some(self.again.remove(index))
    }

    pub(super) fn unsaid_again(&self) -> impl Iterator<Item = ClientFrame> {
        self.again.iter().map(|again| again.frame())
    }

    /// Questions that could be asked after an answer have come.
    pub fn suggested(&mut self, id: &MessageId, suggestions: Vec<String>) -> Changes {
        let mut changes = Changes::default();
        if let Some(entry) = self.open.change(id) {
            entry.message.suggestions = suggestions;
            changes.messages.push(id.clone());
        }
        changes
    }

    /// Shows another version of a message.
    pub fn choose(&mut self, id: &MessageId) {
        self.open.choose(id);
    }
}
