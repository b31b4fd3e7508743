//! The visit of one leg: its request, its retries, and the verdict after each failure.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep};

use crate::attempt::{Attempt, Begun, Committed, Ran, Running};
use crate::layers::LegPermit;
use crate::record::Recording;
use crate::walk::{Purpose, Walk};
use crate::{Ask, AttemptKind, Failure, Leg, LegFailure, Spent, Standing, Verdict, verdict};

/// A leg that may be asked: its permit is in hand.
pub(crate) struct Admitted {
    pub(crate) place: usize,
    pub(crate) leg: Arc<Leg>,
    pub(crate) permit: LegPermit,
    pub(crate) kind: AttemptKind,
    /// Its first request, where that is out already.
    pub(crate) running: Option<Running>,
}

/// How the visit of a leg ended.
enum Visit {
    /// It answers.
    Committed(Box<Committed>),
    /// It does not.
    Failed,
    /// It does not, and the hedge beside it is still under way.
    HandedOver(Box<Admitted>),
    /// Nobody else is to be asked either.
    EndsTurn(LegFailure),
}

/// How a request went that may have had a hedge beside it.
pub(crate) enum Raced {
    Own(Ran),
    HedgeWon(Box<Admitted>, Box<Begun>),
    HandedOver(Failure, Recording, Box<Admitted>),
}

impl Walk {
    /// Visits a leg, and the hedge that may have been started beside it.
    pub(crate) async fn visit_all(
        &mut self,
        admitted: Admitted,
        purpose: &Purpose,
    ) -> Result<Option<Committed>, Option<LegFailure>> {
        let mut visiting = admitted;
        loop {
            match self.visit(visiting, purpose).await {
                Visit::Committed(committed) => return Ok(Some(*committed)),
                Visit::Failed => return Ok(None),
                Visit::HandedOver(hedge) => visiting = *hedge,
                Visit::EndsTurn(failure) => return Err(Some(failure)),
            }
        }
    }

    /// Asks one leg until it commits or the verdict is to go on.
    async fn visit(&mut self, mut visiting: Admitted, purpose: &Purpose) -> Visit {
        let leg = visiting.leg.clone();
        let mut ask = purpose.ask(&leg);
        let mut retries = 0;
        loop {
            let raced = self.request(&mut visiting, &ask, retries, purpose).await;
            let (failure, recording, hedge) = match raced {
                Raced::Own(Ok(begun)) => return self.commit(visiting, begun),
                Raced::HedgeWon(hedge, begun) => {
                    self.lost_the_race(visiting);
                    return self.commit(*hedge, *begun);
                }
                Raced::Own(Err((failure, recording))) => (failure, recording, None),
                Raced::HandedOver(failure, recording, hedge) => (failure, recording, Some(hedge)),
            };
            self.note(visiting.place, &leg, &failure);
            if let Some(usage) = recording.wasted() {
                let model = leg.model.clone();
                self.spent.push(Spent { model, usage });
            }
            let standing = Standing {
                retries,
                last_usable: self.next_usable().is_none(),
                attempts_left: self.attempts_left(),
                probe: visiting.permit.is_probe(),
                time_left: self.deadline().saturating_duration_since(Instant::now()),
            };
            if let Some(refusal) = self.refusal.take() {
                recording.failed(&failure);
                visiting.permit.failed(&failure);
                return Visit::EndsTurn(refusal);
            }
            let ends_turn = failure.ends_turn(&leg.settings);
            let refuses_prefill =
                matches!(ask, Ask::Continue(_)) && failure.status_code == Some(400);
            let verdict = if hedge.is_some() && !ends_turn {
                // Somebody else is being asked already.
                Verdict::NextLeg
            } else if refuses_prefill && !ends_turn && standing.attempts_left > 0 {
                ask = Ask::Whole;
                Verdict::RetrySame {
                    after: Duration::ZERO,
                    limit: retries + 1,
                }
            } else {
                verdict(&failure, standing, &leg.settings, &mut self.rng)
            };
            match verdict {
                Verdict::RetrySame { after, limit } if self.budget.withdraw() => {
                    recording.retried(&failure, after, limit);
                    sleep(after).await;
                    retries += 1;
                }
                Verdict::RetrySame { .. } | Verdict::NextLeg => {
                    recording.failed(&failure);
                    visiting.permit.failed(&failure);
                    return hedge.map_or(Visit::Failed, Visit::HandedOver);
                }
                Verdict::Abort => {
                    if let Some(hedge) = hedge {
                        self.lost_the_race(*hedge);
                    }
                    recording.failed(&failure);
                    visiting.permit.failed(&failure);
                    return Visit::EndsTurn(LegFailure::of(&leg, &failure));
                }
            }
        }
    }

    /// Sends one request, and starts a hedge beside it where it has said nothing for too long.
    async fn request(
        &mut self,
        visiting: &mut Admitted,
        ask: &Ask,
        retries: u32,
        purpose: &Purpose,
    ) -> Raced {
        let spoke = Arc::new(AtomicBool::new(false));
        let own = match visiting.running.take() {
            Some(running) => running,
            None => self.start(visiting, ask.clone(), retries, spoke.clone()),
        };
        match self.hedge_after(visiting, retries, purpose) {
            Some(patience) => self.race(own, patience, &spoke, purpose).await,
            None => Raced::Own(own.await),
        }
    }

    pub(crate) fn start(
        &mut self,
        visiting: &Admitted,
        ask: Ask,
        retries: u32,
        spoke: Arc<AtomicBool>,
    ) -> Running {
        self.attempts += 1;
        let leg = visiting.leg.clone();
        let kind = match (retries, visiting.permit.is_probe()) {
            (1.., _) => AttemptKind::Retry,
            (0, true) => AttemptKind::Probe,
            (0, false) => visiting.kind,
        };
        let record = self.fresh(&leg, kind);
        let limit = leg.settings.first_token_limit(
            self.prompt.tokens,
            leg.traits.reasoning || leg.traits.single_host,
            leg.circuits.real().first_token_p95(&leg.model),
            self.next_usable().is_none(),
        );
        Attempt {
            leg,
            ask,
            limit,
            scrubber: self.scrubber.clone(),
            recording: Recording::start(record, self.observer.clone()),
            spoke,
            guard: self.guard.clone(),
            prompt_tokens: self.prompt.tokens,
        }
        .run()
        .boxed()
    }

    fn commit(&mut self, visiting: Admitted, begun: Begun) -> Visit {
        // What a retry has made good is no failure of this leg.
        if let Some(step) = self.steps.get_mut(visiting.place) {
            step.failure = None;
        }
        let Admitted {
            place, leg, permit, ..
        } = visiting;
        Visit::Committed(Box::new(begun.commit(place, leg, permit)))
    }
}
