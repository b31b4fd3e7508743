//! The messages that wait for an answer to end: those of the open conversation, and those of others.

use evenkeel_protocol::{ConversationId, RequestId};
use leptos::prelude::*;

use super::composing::key;
use super::{Connection, Store, kept, set};
use crate::state::{Held, Phase, Queued, queue};
use crate::{api, browser, late};

impl Store {
    /// Reads the queue as it is kept: another tab may have changed it.
    pub(crate) fn read_queue(&self) {
        if self.keeps_nothing() {
            return;
        }
        let queue = self.kept_queue(&self.composing.key());
        if !queue.is_empty() {
            self.prepare_composing();
        }
        set(self.composing.queue, queue);
    }

    fn kept_queue(&self, key: &str) -> Vec<Queued> {
        self.composing
            .queued_files
            .with_value(|files| kept::queue(key, files))
    }

    /// The conversation is a temporary one, of which the browser is to keep nothing.
    pub(crate) fn keeps_nothing(&self) -> bool {
        self.open.with_untracked(|open| match open.id {
            Some(_) => open.temporary,
            None => self.list.temporary.get_untracked(),
        })
    }

    /// The same of the conversation that is written to, which the page may just be leaving.
    pub(crate) fn writes_secretly(&self) -> bool {
        if self.composing.key() == key(*self) {
            self.composing.secret.set_value(self.keeps_nothing());
        }
        self.composing.secret.get_value()
    }

    fn change_queue(&self, change: impl FnOnce(&mut Vec<Queued>)) {
        // What another tab did meanwhile counts.
        self.read_queue();
        self.composing.queue.update(change);
        if !self.keeps_nothing() {
            let queue = self.composing.queue.get_untracked();
            kept::keep_queue(&self.composing.key(), &queue);
        }
    }

    pub(super) fn enqueue(&self, queued: Queued) {
        self.prepare_composing();
        if !queued.files.is_empty() {
            let (id, files) = (queued.request_id.clone(), queued.files.clone());
            self.composing
                .queued_files
                .update_value(|all| drop(all.insert(id, files)));
        }
        self.change_queue(|queue| queue.push(queued));
        self.announce("Waiting: sends when this answer is done.");
    }

    /// Why the queue waits though no answer is being written.
    pub(crate) fn held(&self) -> Option<Held> {
        if self.busy.get() {
            return None;
        }
        let first = self.composing.queue.with(|queue| queue.first().cloned())?;
        self.state.with_value(|state| {
            let last = state.open.shown().last().and_then(|id| state.open.get(id));
            let last = last.map(|entry| &entry.message);
            queue::held(&first, last, browser::now_ms())
        })
    }

    /// Sends what waits, if nothing stands in its way. Reactive: it is called again when that may have changed.
    pub(crate) fn send_queued(&self) {
        let ready = self.open.with(|open| open.phase == Phase::Ready)
            && self.connection.get() == Connection::Open
            && !self.busy.get();
        let first = self.composing.queue.with(|queue| queue.first().cloned());
        let Some(first) = first.filter(|_| ready) else {
            return;
        };
        if self.held().is_none() {
            self.send_now(&first.request_id);
        }
    }

    /// Sends a message that waits; where an answer is being written, it is stopped for it.
    pub(crate) fn send_now(&self, id: &RequestId) {
        if self.busy.get_untracked() {
            // It goes first when the answer has ended.
            self.change_queue(|queue| {
                if let Some(place) = queue.iter().position(|queued| queued.request_id == *id) {
                    queue[..=place].rotate_right(1);
                }
            });
            self.stop();
            return;
        }
        // Another tab may have sent it meanwhile; where both do, it is the same message to the server.
        if let Some(queued) = self.take_queued(id) {
            let choice = queued.choice();
            self.post(queued.request_id, queued.text, None, choice, queued.files);
        }
    }

    /// Takes a message out of the queue.
    pub(crate) fn take_queued(&self, id: &RequestId) -> Option<Queued> {
        let mut taken = None;
        self.change_queue(|queue| {
            let place = queue.iter().position(|queued| queued.request_id == *id);
            taken = place.map(|place| queue.remove(place));
        });
        self.composing
            .queued_files
            .update_value(|all| drop(all.remove(id)));
        taken
    }

    /// What waits in other conversations goes, too, when its time has come.
    pub(super) fn look_after_queues(self) {
        let elsewhere = kept::names(queue::QUEUE);
        if elsewhere
            .iter()
            .any(|name| !name.ends_with(&self.composing.key()))
        {
            leptos::task::spawn_local(async move {
                (late::TOOLS.load().await.composing.look_after)(self);
            });
        }
    }

    /// Sends what waits in a conversation that is not shown, where its answer has ended; false where that is of no use.
    pub(crate) async fn send_elsewhere(self, key: &str) -> bool {
        let now = browser::now_ms();
        let Some(first) = self.kept_queue(key).into_iter().next() else {
            return false;
        };
        if first.lost_files > 0 || queue::stale(&first, now) {
            return false;
        }
        let id = ConversationId(key.to_owned());
        let messages = match api::transcript(&id).await {
            Ok(transcript) => transcript.messages,
            // It may be a matter of the connection, or it is gone.
            Err(problem) => return problem.status.is_none(),
        };
        if messages
            .iter()
            .any(|message| message.status == evenkeel_protocol::MessageStatus::Streaming)
        {
            return true;
        }
        if queue::held(&first, messages.last(), now).is_some() {
            return false;
        }
        // The reader may have come back to it, or another tab was faster.
        let mut queue = self.kept_queue(key);
        let first_still = queue
            .first()
            .is_some_and(|one| one.request_id == first.request_id);
        if self.composing.key() == key || !first_still {
            return true;
        }
        queue.remove(0);
        kept::keep_queue(key, &queue);
        let send = evenkeel_protocol::Send {
            request_id: first.request_id,
            conversation_id: Some(id),
            parent_id: messages.last().map(|message| message.id.clone()),
            edited_id: None,
            temporary: false,
            system_prompt: None,
            text: first.text,
            attachments: first.files,
            model: first.model,
            assistant: first.assistant,
        };
        self.adopt(send, now);
        true
    }

    /// Takes a message out of the queue and into the composer.
    pub(crate) fn edit_queued(&self, id: &RequestId) {
        if let Some(queued) = self.take_queued(id) {
            self.take_up(&queued.text, &queued.files);
            let choice = queued.choice();
            if choice.is_some() {
                self.chosen.set(choice);
            }
        }
    }
}
