//! Hedging: a second leg beside a first one that says nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use crate::attempt::Running;
use crate::provider_circuits::Admission;
use crate::visit::{Admitted, Raced};
use crate::walk::{Purpose, Walk};
use crate::{AttemptKind, LegFailure, Spent};

impl Walk {
    /// How long this request may say nothing before a second leg is started; none where there is to be no hedge.
    pub(crate) fn hedge_after(
        &self,
        visiting: &Admitted,
        retries: u32,
        purpose: &Purpose,
    ) -> Option<Duration> {
        let first = matches!(purpose, Purpose::Begin) && retries == 0 && !self.hedged;
        (first && !visiting.permit.is_probe())
            .then_some(visiting.leg.settings.hedge_after)
            .flatten()
    }

    pub(crate) async fn race(
        &mut self,
        mut own: Running,
        patience: Duration,
        spoke: &AtomicBool,
        purpose: &Purpose,
    ) -> Raced {
        tokio::select! {
            biased;
            ran = &mut own => return Raced::Own(ran),
            () = sleep(patience) => {}
        }
        if spoke.load(Ordering::Relaxed) {
            return Raced::Own(own.await);
        }
        let Some(mut hedge) = self.hedge() else {
            return Raced::Own(own.await);
        };
        let ask = purpose.ask(&hedge.leg);
        let mut second = self.start(&hedge, ask, 0, Arc::default());
        let failed = tokio::select! {
            biased;
            ran = &mut own => match ran {
                Ok(begun) => {
                    self.lost_the_race(hedge);
                    return Raced::Own(Ok(begun));
                }
                Err((failure, recording)) => {
                    hedge.running = Some(second);
                    return Raced::HandedOver(failure, recording, Box::new(hedge));
                }
            },
            ran = &mut second => match ran {
                Ok(begun) => return Raced::HedgeWon(Box::new(hedge), Box::new(begun)),
                Err(failed) => failed,
            },
        };
        // An error never wins.
        let (failure, recording) = failed;
        self.note(hedge.place, &hedge.leg, &failure);
        if let Some(usage) = recording.wasted() {
            let model = hedge.leg.model.clone();
            self.spent.push(Spent { model, usage });
        }
        if failure.ends_turn(&hedge.leg.settings) {
            self.refusal = Some(LegFailure::of(&hedge.leg, &failure));
        }
        recording.failed(&failure);
        hedge.permit.failed(&failure);
        Raced::Own(own.await)
    }

    /// The next leg that can be asked beside the one that is: never a probe, never over budget, one a turn.
    fn hedge(&mut self) -> Option<Admitted> {
        let place = self.next_usable()?;
        let leg = self.chain.legs().get(place)?.clone();
        let permit = leg.circuits.admit(&leg.model, Admission::Regular).ok()?;
        if permit.is_probe() || !self.budget.withdraw() {
            return None;
        }
        self.hedged = true;
        if let Some(step) = self.steps.get_mut(place) {
            step.visited = true;
        }
        Some(Admitted {
            place,
            leg,
            permit,
            kind: AttemptKind::Hedge,
            running: None,
        })
    }

    /// Another was faster: nothing speaks against this leg, and it may still be needed, unless no request is left for it.
    pub(crate) fn lost_the_race(&mut self, loser: Admitted) {
        self.spend(&loser.leg, None, 0);
        let spare = self.attempts_left() > 0;
        if let Some(step) = self.steps.get_mut(loser.place) {
            step.visited = !spare;
        }
    }
}
