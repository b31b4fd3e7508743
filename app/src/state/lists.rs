//! Lists that begin with a snapshot and go on with changes: conversations, health, faults.

use std::sync::Arc;

use evenkeel_protocol::{ConversationChange, FaultChange, HealthReport};

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

    pub(super) fn health(&mut self, report: HealthReport) {
        match &mut self.health {
            Some(known) if !report.snapshot => {
                let known = Arc::make_mut(known);
                known.status = report.status;
                for provider in report.providers {
                    match known
                        .providers
                        .iter_mut()
                        .find(|known| known.id == provider.id)
                    {
                        Some(known) => *known = provider,
                        None => known.providers.push(provider),
                    }
                }
            }
            Some(_) | None => self.health = Some(Arc::new(report)),
        }
    }

    pub(super) fn fault(&mut self, change: FaultChange) {
        let list = Arc::make_mut(&mut self.faults);
        match change {
            FaultChange::Snapshot { faults } => *list = faults,
            FaultChange::Armed { fault } => {
                match list.iter_mut().find(|known| known.id == fault.id) {
                    Some(known) => *known = fault,
                    None => list.push(fault),
                }
            }
            FaultChange::Ended { fault_id } => list.retain(|known| known.id != fault_id),
        }
    }
}
