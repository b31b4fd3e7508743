//! What a turn that began now could expect: who of its chain would be asked first, and why not the model it names.
//!
//! It asks the same questions as the walk, and changes nothing: no circuit gives out its probe for it.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Chain, Leg, ModelId, PromptFacts, Reason};

/// A probe that is out may come to nothing without any sign; it is looked for after this time.
const PROBE_AGAIN: Duration = Duration::from_secs(1);

/// A turn's prospects, where its first leg would not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The leg that would be asked first; none where all of them would be skipped.
    pub answers: Option<ModelId>,
    /// Why the first leg would be skipped.
    pub reason: Reason,
    /// When the first leg is likely to be back, or any of them where nobody would be asked; none where nobody knows.
    pub retry_at: Option<Instant>,
    /// A fault of the debug pane is behind it.
    pub simulated: bool,
    /// When this may have changed with nothing but time.
    pub look_again: Option<Instant>,
}

/// Why a leg would be skipped.
struct Obstacle {
    reason: Reason,
    until: Option<Instant>,
    simulated: bool,
    probing: bool,
}

impl Chain {
    /// What a turn along this chain could expect; none where its first leg would be asked.
    pub fn outlook(self, prompt: &PromptFacts) -> Option<Outlook> {
        let now = Instant::now();
        let chain = self.routed(prompt);
        let mut obstacles = vec![];
        let mut answers = None;
        for leg in chain.legs() {
            match chain.obstacle(leg, prompt) {
                Some(obstacle) => obstacles.push(obstacle),
                None => {
                    answers = Some(leg.model.clone());
                    break;
                }
            }
        }
        let first = obstacles.first()?;
        let soonest = || obstacles.iter().filter_map(|it| it.until).min();
        let probing = obstacles.iter().any(|it| it.probing);
        let probe = probing.then(|| now + PROBE_AGAIN);
        Some(Outlook {
            retry_at: match answers {
                Some(_) => first.until,
                None => soonest(),
            },
            reason: first.reason,
            simulated: first.simulated,
            look_again: soonest().into_iter().chain(probe).min(),
            answers,
        })
    }

    /// Those who would be asked by a turn that began now, in their order, as far as that does not depend on its prompt.
    pub fn usable(self) -> Vec<ModelId> {
        let prompt = PromptFacts::default();
        let chain = self.routed(&prompt);
        let legs = chain.legs().iter();
        let free = legs.filter(|leg| chain.obstacle(leg, &prompt).is_none());
        free.map(|leg| leg.model.clone()).collect()
    }

    fn obstacle(&self, leg: &Leg, prompt: &PromptFacts) -> Option<Obstacle> {
        if let Some(bar) = self.bar(leg, prompt) {
            let missing = leg.circuits.missing(&leg.model);
            return Some(Obstacle {
                reason: bar.reason,
                until: missing
                    .filter(|_| bar.reason == Reason::ModelNotFound)
                    .map(|missing| missing.until),
                simulated: bar.simulated,
                probing: false,
            });
        }
        let circuit = leg.circuits.obstacle(&leg.model)?;
        Some(Obstacle {
            // One that an administrator holds open has no cause of its own.
            reason: circuit.cause.unwrap_or(Reason::CircuitOpen),
            until: circuit.until,
            simulated: circuit.simulated,
            probing: circuit.state == crate::CircuitState::HalfOpen,
        })
    }
}

#[cfg(test)]
mod tests;
