//! The conversations and runs that a socket follows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::ws::{Message, Utf8Bytes};
use evenkeel_protocol::{ConversationId, MessageStatus, RunId};
use tokio::sync::mpsc;

use super::Session;
use super::frames::encode;
use crate::error::Refusal;
use crate::run::{End, Run, terminal_frame};

/// Runs that a `subscribe` may name.
const AFTER_LIMIT: usize = 1000;

/// Beyond this many runs, those that ended are forgotten.
const FOLLOWED_LIMIT: usize = 256;

impl Session {
    /// Replays what was missed, then follows.
    pub(super) async fn subscribe(
        &mut self,
        conversation: ConversationId,
        after: BTreeMap<RunId, u64>,
    ) -> Result<Vec<Message>, Refusal> {
        if after.len() > AFTER_LIMIT {
            return Err(Refusal::invalid(
                "after: names too many runs; leave out those that ended",
            ));
        }
        let store = &self.shared.store;
        if store
            .conversation(&self.principal.id, &conversation)
            .await?
            .is_none()
        {
            return Err(Refusal::not_found("conversation"));
        }
        // The newest run may have ended while nobody was looking.
        let latest = store.latest_run(&self.principal.id, &conversation).await?;
        self.conversations.insert(conversation.clone());
        let mut ended: BTreeSet<RunId> = after.keys().cloned().chain(latest).collect();
        for run in self.shared.runs.of(&conversation) {
            ended.remove(&run.id);
            let seq = after.get(&run.id).copied().unwrap_or(0);
            self.follow(run, seq);
        }
        let mut frames = vec![];
        for run_id in ended {
            let seq = after.get(&run_id).copied().unwrap_or(0);
            frames.extend(self.terminal(&run_id, seq).await?);
        }
        Ok(frames)
    }

    /// The last frame of a run that has ended, for a client that has its frames up to `after`.
    pub(super) async fn terminal(
        &self,
        run_id: &RunId,
        after: u64,
    ) -> Result<Vec<Message>, Refusal> {
        let ended = self
            .shared
            .store
            .ended_run(&self.principal.id, run_id)
            .await?;
        Ok(ended.map_or_else(Vec::new, |ended| {
            // A run that a crash has ended never wrote its last frame: it comes after whatever the client has.
            let interrupted = ended.answer.status == MessageStatus::Interrupted;
            let seq = if interrupted {
                ended.last_seq.max(after) + 1
            } else {
                ended.last_seq
            };
            let end = match ended.answer.error.clone() {
                None => End::Done(ended.answer),
                Some(error) => End::Error(error, ended.answer),
            };
            encode(&terminal_frame(run_id.clone(), seq, end))
        }))
    }

    pub(super) fn unsubscribe(&mut self, conversation: &ConversationId) {
        self.conversations.remove(conversation);
        self.followed.retain(|_, (of, follower)| {
            let gone = of == conversation;
            if gone {
                follower.abort();
            }
            !gone
        });
    }

    /// Sends a run's frames from a place on. Following it anew takes the place of following it before.
    pub(super) fn follow(&mut self, run: Arc<Run>, after: u64) {
        let (id, conversation) = (run.id.clone(), run.conversation_id.clone());
        let follower = self.followers.spawn(follow(run, after, self.out.clone()));
        if let Some((_, before)) = self.followed.insert(id, (conversation, follower)) {
            before.abort();
        }
        // Those that are done need no place, but their runs are remembered for as long as the news may bring them up.
        while self.followers.try_join_next().is_some() {}
        if self.followed.len() > FOLLOWED_LIMIT {
            self.followed
                .retain(|_, (_, follower)| !follower.is_finished());
        }
    }
}

async fn follow(run: Arc<Run>, mut seq: u64, out: mpsc::Sender<Utf8Bytes>) {
    let mut changes = run.changes();
    loop {
        let (frames, ended) = run.frames_after(seq);
        seq += frames.len() as u64;
        for frame in frames {
            if out.send(frame).await.is_err() {
                return;
            }
        }
        if ended || changes.changed().await.is_err() {
            return;
        }
    }
}
