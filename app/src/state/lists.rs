//! The conversation list: it begins with a snapshot and goes on with changes.

use std::sync::Arc;

use evenkeel_protocol::ConversationChange;

use super::{Changes, Phase, State};

impl State {
    /// Applies a change of the conversation list that this page made itself; the server tells it as well.
    pub fn listed(&mut self, change: ConversationChange) -> Changes {
        let back = self.conversation(change);
        Changes {
            reload: back,
            resubscribe: back,
            ..Changes::default()
        }
    }

    /// Applies a change of the conversation list; true where the open conversation has come back and is to be fetched.
    pub(super) fn conversation(&mut self, change: ConversationChange) -> bool {
        let list = Arc::make_mut(&mut self.conversations);
        match change {
            ConversationChange::Snapshot { conversations } => *list = conversations,
            ConversationChange::Upserted { conversation } => {
                let back = self.open.phase == Phase::Deleted
                    && self.open.id.as_ref() == Some(&conversation.id);
                if back {
                    self.open.phase = Phase::Loading;
                }
                list.retain(|known| known.id != conversation.id);
                let place =
                    list.partition_point(|known| known.updated_at > conversation.updated_at);
                list.insert(place, conversation);
                return back;
            }
            ConversationChange::Deleted { conversation_id } => {
                list.retain(|known| known.id != conversation_id);
                if self.open.id.as_ref() == Some(&conversation_id) {
                    self.open.phase = Phase::Deleted;
                }
            }
        }
        false
    }
}
