//! Where every leg is open: who is tried all the same.

use tokio::time::Instant;

use crate::provider_circuits::Admission;
use crate::visit::Admitted;
use crate::walk::Walk;
use crate::{CircuitState, Reason};

impl Walk {
    /// Where every leg is open: the one whose cooldown ends first, as a probe. Where another turn probes it already, its
    /// outcome is waited for.
    pub(crate) async fn last_resort(&mut self) -> Option<Admitted> {
        let now = Instant::now();
        let circuits = self.steps.iter().zip(self.chain.legs()).enumerate();
        let (place, leg) = circuits
            .filter(|(_, (step, leg))| {
                let reason = step.failure.as_ref().map(|failure| failure.reason);
                reason == Some(Reason::CircuitOpen) && leg.circuits.is_last_resort(&leg.model)
            })
            .min_by_key(|(_, (_, leg))| {
                let own = leg
                    .circuits
                    .model_view(&leg.model)
                    .and_then(|own| own.until);
                own.max(leg.circuits.view().until).unwrap_or(now)
            })
            .map(|(place, (_, leg))| (place, leg.clone()))?;
        let mut admission = Admission::LastResort;
        let permit = loop {
            match leg.circuits.admit(&leg.model, admission) {
                Ok(permit) => break permit,
                // Its outcome is waited for; where it has none, the first who comes takes its place. A circuit that has become
                // half-open without a probe, and gives this turn none, is not: that would never end.
                Err(refusal)
                    if refusal.circuit.state == CircuitState::HalfOpen
                        && leg.circuits.is_last_resort(&leg.model) =>
                {
                    leg.circuits.probed(&leg.model).await;
                    admission = Admission::Regular;
                }
                Err(_) => return None,
            }
        };
        Some(Admitted {
            kind: self.kind_at(place),
            place,
            leg,
            permit,
            running: None,
        })
    }
}
