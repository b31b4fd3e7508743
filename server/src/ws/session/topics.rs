//! What a socket watches beside conversations: snapshots, and what changes after them.

use std::time::Duration;

use axum::extract::ws::Message;
use evenkeel_protocol::{ConversationChange, FaultChange, Role, ServerFrame, Topic};
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until};

use super::frames::{encode, refused};
use super::{Session, hello};
use crate::error::Refusal;
use crate::shared::News;

/// Health is pushed at most this often.
pub(super) const HEALTH_PACE: Duration = Duration::from_millis(500);

/// How many conversations a list shows.
pub(crate) const LIST_LIMIT: u32 = 500;

impl Session {
    pub(super) async fn watch(&mut self, topic: Topic) -> Vec<Message> {
        let needed = match topic {
            Topic::Health => Role::Admin,
            Topic::Faults => Role::Tester,
            Topic::Conversations | Topic::Forecast => Role::User,
        };
        if !self.principal.has(needed) {
            let message = "watch: this topic needs another role";
            return encode(&refused(None, Refusal::not_allowed(message)));
        }
        self.topics.insert(topic);
        self.snapshot(topic).await
    }

    async fn snapshot(&mut self, topic: Topic) -> Vec<Message> {
        match topic {
            Topic::Health => self.health(true),
            Topic::Faults => encode(&ServerFrame::Fault(FaultChange::Snapshot {
                faults: crate::api::debug::visible(&self.shared, &self.principal),
            })),
            Topic::Forecast => {
                let now = self.forecasts.whole(&self.shared, &self.principal.id);
                encode(&ServerFrame::Forecast(now))
            }
            Topic::Conversations => {
                let list = self
                    .shared
                    .store
                    .conversations(&self.principal.id, LIST_LIMIT)
                    .await;
                match list {
                    Ok(conversations) => {
                        encode(&ServerFrame::Conversation(ConversationChange::Snapshot {
                            conversations,
                        }))
                    }
                    Err(error) => encode(&refused(None, error.into())),
                }
            }
        }
    }

    /// All providers, or those that have changed since the client was told.
    pub(super) fn health(&mut self, snapshot: bool) -> Vec<Message> {
        let catalog = self.shared.catalog();
        let (viewer, clock) = (&self.principal.id, &self.shared.clock);
        let report = self.shared.health.report(&catalog, viewer, clock);
        let news = if snapshot {
            self.told.whole(&report);
            Some(report)
        } else {
            self.told.news(report)
        };
        news.map_or_else(Vec::new, |report| encode(&ServerFrame::Health(report)))
    }

    pub(super) async fn news(
        &mut self,
        news: Result<News, broadcast::error::RecvError>,
    ) -> Vec<Message> {
        match news {
            Ok(News::Run(run)) => {
                let mine = run.principal == self.principal.id;
                if mine
                    && self.conversations.contains(&run.conversation_id)
                    && !self.followed.contains_key(&run.id)
                {
                    self.follow(run, 0);
                }
                vec![]
            }
            Ok(News::Conversation(whose, change)) => {
                if whose != self.principal.id {
                    return vec![];
                }
                if let ConversationChange::Deleted { conversation_id } = &change {
                    self.unsubscribe(conversation_id);
                }
                let watched = self.topics.contains(&Topic::Conversations);
                if watched {
                    encode(&ServerFrame::Conversation(change))
                } else {
                    vec![]
                }
            }
            Ok(News::Models) => encode(&ServerFrame::Hello(hello(&self.shared, &self.principal))),
            Ok(News::Fault(whose, change)) => {
                let visible = whose.is_none_or(|whose| whose == self.principal.id);
                let watched = self.topics.contains(&Topic::Faults);
                if visible && watched {
                    encode(&ServerFrame::Fault(change))
                } else {
                    vec![]
                }
            }
            // Too slow for the news: given everything anew.
            Err(broadcast::error::RecvError::Lagged(_)) => {
                let missed: Vec<_> = self
                    .conversations
                    .iter()
                    .flat_map(|conversation| self.shared.runs.of(conversation))
                    .filter(|run| !self.followed.contains_key(&run.id))
                    .collect();
                missed.into_iter().for_each(|run| self.follow(run, 0));
                let mut frames = vec![];
                for topic in self.topics.clone() {
                    frames.extend(self.snapshot(topic).await);
                }
                frames
            }
            Err(broadcast::error::RecvError::Closed) => vec![],
        }
    }
}

/// In this order: a change that was noticed is not lost when another event comes before its time.
pub(super) async fn health_due(changes: &mut watch::Receiver<()>, not_before: Instant) {
    sleep_until(not_before).await;
    // Its sender lives as long as the server.
    let _ = changes.changed().await;
}
