//! The walk along the chain: fallback around retry, from leg to leg, until one of them commits.
//!
//! A turn walks until its first content; an answer that broke off walks on from where it stands. No leg is visited twice.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::FutureExt;
use rand::rngs::SmallRng;
use tokio::time::{Instant, sleep};

use crate::attempt::{Attempt, Begun, Committed, Ran, Running};
use crate::bars::Bar;
use crate::circuits::Admission;
use crate::layers::LegPermit;
use crate::record::Recording;
use crate::{
    Ask, AttemptKind, AttemptRecord, AttemptState, Chain, Failure, Leg, LegFailure, NoAnswer,
    Observer, PromptFacts, Reason, RetryBudget, Scrubber, Spent, Standing, Usage, Verdict, verdict,
};

/// What a turn is given.
pub(crate) struct Walk {
    pub(crate) chain: Chain,
    pub(crate) prompt: PromptFacts,
    observer: Arc<dyn Observer>,
    pub(crate) scrubber: Arc<Scrubber>,
    pub(crate) budget: Arc<RetryBudget>,
    rng: SmallRng,
    pub(crate) started: Instant,
    attempts: u32,
    records: u32,
    /// What is known of each leg, in chain order.
    pub(crate) steps: Vec<Step>,
    pub(crate) bars: Vec<Bar>,
    pub(crate) retry_at: Option<Instant>,
    pub(crate) hedged: bool,
    spent: Vec<Spent>,
}

/// What the walk knows of a leg.
#[derive(Default)]
pub(crate) struct Step {
    pub(crate) visited: bool,
    pub(crate) failure: Option<LegFailure>,
}

/// What the walk is for.
pub(crate) enum Purpose {
    /// The turn's first content.
    Begin,
    /// The rest of an answer that broke off; what there is of it, where it can be gone on with.
    Recover(Option<Arc<str>>),
}

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
    pub(crate) fn new(
        chain: Chain,
        prompt: PromptFacts,
        observer: Arc<dyn Observer>,
        scrubber: Arc<Scrubber>,
        budget: Arc<RetryBudget>,
        rng: SmallRng,
    ) -> Self {
        let chain = chain.routed(&prompt);
        let steps = chain.legs().iter().map(|_| Step::default()).collect();
        Self {
            chain,
            prompt,
            observer,
            scrubber,
            budget,
            rng,
            started: Instant::now(),
            attempts: 0,
            records: 0,
            steps,
            bars: vec![],
            retry_at: None,
            hedged: false,
            spent: vec![],
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.started + self.chain.first().settings.deadline
    }

    /// When a stream must end that still makes progress. Like the deadline it is the first leg's, whoever answers.
    pub(crate) fn last_moment(&self) -> Instant {
        self.started + self.chain.first().settings.stream_deadline
    }

    pub(crate) fn prompt(&self) -> &PromptFacts {
        &self.prompt
    }

    /// Walks on until a leg commits. Dropping the future closes its connections.
    ///
    /// # Errors
    ///
    /// The failure that ends the turn, or nothing where the chain is at its end.
    pub(crate) async fn next_commit(
        &mut self,
        purpose: &Purpose,
    ) -> Result<Committed, Option<LegFailure>> {
        let before = self.attempts;
        while let Some(place) = self.steps.iter().position(|step| !step.visited) {
            let kind = if place == 0 {
                AttemptKind::Primary
            } else {
                AttemptKind::Fallback
            };
            if let Some(admitted) = self.enter(place, kind)
                && let Some(committed) = self.visit_all(admitted, purpose).await?
            {
                return Ok(committed);
            }
        }
        if self.attempts == before
            && self.attempts_left() > 0
            && let Some(last_resort) = self.last_resort().await
            && let Some(committed) = self.visit_all(last_resort, purpose).await?
        {
            return Ok(committed);
        }
        Err(None)
    }

    /// The account of every leg; those that were never tried were too late.
    pub(crate) fn exhausted(&self) -> NoAnswer {
        NoAnswer::Exhausted {
            failures: self.failures(),
            retry_at: self.retry_at,
        }
    }

    /// One entry a leg, in chain order.
    pub(crate) fn failures(&self) -> Vec<LegFailure> {
        let legs = self.chain.legs().iter().zip(&self.steps);
        legs.map(|(leg, step)| {
            step.failure
                .clone()
                .unwrap_or_else(|| LegFailure::unasked(leg, Reason::DeadlineExceeded))
        })
        .collect()
    }

    /// Whether no leg has failed yet.
    pub(crate) fn is_blameless(&self) -> bool {
        self.steps.iter().all(|step| step.failure.is_none())
    }

    /// Whether a fault of the debug pane had its hand in what failed until now.
    pub(crate) fn is_simulated(&self) -> bool {
        let mut failures = self.steps.iter().filter_map(|step| step.failure.as_ref());
        failures.any(|failure| failure.simulated)
    }

    /// What was paid for answers that nobody gets.
    pub(crate) fn spent(&self) -> &[Spent] {
        &self.spent
    }

    /// Takes note that this much of an answer was paid for and thrown away.
    pub(crate) fn spend(&mut self, leg: &Leg, usage: Option<Usage>, output_tokens: u64) {
        let estimate = Usage {
            input_tokens: self.prompt.tokens,
            output_tokens,
            ..Usage::default()
        };
        self.spent.push(Spent {
            model: leg.model.clone(),
            usage: estimate.after(usage),
        });
    }

    /// The leg at this place, if nothing speaks against asking it; otherwise its skip is recorded.
    fn enter(&mut self, place: usize, kind: AttemptKind) -> Option<Admitted> {
        let leg = self.chain.legs().get(place)?.clone();
        if let Some(step) = self.steps.get_mut(place) {
            step.visited = true;
        }
        if let Some(why) = self.barred(&leg) {
            self.skip(place, why);
            return None;
        }
        match leg.circuits.admit(&leg.model, Admission::Regular) {
            Ok(permit) => Some(Admitted {
                place,
                leg,
                permit,
                kind,
                running: None,
            }),
            Err(refusal) => {
                self.retry_at = earliest(self.retry_at, refusal.circuit.until);
                self.skip(place, LegFailure::refused(&leg, &refusal));
                None
            }
        }
    }

    /// Visits a leg, and the hedge that may have been started beside it.
    async fn visit_all(
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
                    self.spend(&leg, None, 0);
                    return self.commit(*hedge, *begun);
                }
                Raced::Own(Err((failure, recording))) => (failure, recording, None),
                Raced::HandedOver(failure, recording, hedge) => (failure, recording, Some(hedge)),
            };
            self.note(visiting.place, &leg, &failure);
            let standing = Standing {
                retries,
                last_usable: !self.another_is_usable(),
                attempts_left: self.attempts_left(),
                probe: visiting.permit.is_probe(),
                time_left: self.deadline().saturating_duration_since(Instant::now()),
            };
            let refuses_prefill =
                matches!(ask, Ask::Continue(_)) && failure.status_code == Some(400);
            let verdict = if hedge.is_some() && failure.retry != crate::RetryRule::EndTurn {
                // Somebody else is being asked already.
                Verdict::NextLeg
            } else if refuses_prefill && standing.attempts_left > 0 {
                ask = Ask::Whole;
                Verdict::RetrySame {
                    after: Duration::ZERO,
                }
            } else {
                verdict(&failure, standing, &leg.settings, &mut self.rng)
            };
            match verdict {
                Verdict::RetrySame { after } if self.budget.withdraw() => {
                    recording.failed(&failure, Some(after));
                    sleep(after).await;
                    retries += 1;
                }
                Verdict::RetrySame { .. } | Verdict::NextLeg => {
                    recording.failed(&failure, None);
                    visiting.permit.failed(&failure);
                    return hedge.map_or(Visit::Failed, Visit::HandedOver);
                }
                Verdict::Abort => {
                    recording.failed(&failure, None);
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
            !self.another_is_usable(),
        );
        Attempt {
            leg,
            ask,
            limit,
            scrubber: self.scrubber.clone(),
            recording: Recording::start(record, self.observer.clone()),
            spoke,
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

    /// Where every leg is open: the one whose cooldown ends first, as a probe. Where another turn probes it already, its
    /// outcome is waited for.
    async fn last_resort(&mut self) -> Option<Admitted> {
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
        let early = leg.circuits.admit(&leg.model, Admission::LastResort);
        let permit = match early {
            Ok(permit) => permit,
            Err(_) => {
                leg.circuits.probed(&leg.model).await;
                leg.circuits.admit(&leg.model, Admission::Regular).ok()?
            }
        };
        let kind = if place == 0 {
            AttemptKind::Primary
        } else {
            AttemptKind::Fallback
        };
        Some(Admitted {
            place,
            leg,
            permit,
            kind,
            running: None,
        })
    }

    /// Whether a leg that was not visited yet could be asked now.
    fn another_is_usable(&self) -> bool {
        let legs = self.steps.iter().zip(self.chain.legs());
        legs.filter(|(step, _)| !step.visited)
            .any(|(_, leg)| self.barred(leg).is_none() && leg.circuits.admits(&leg.model))
    }

    /// One attempt is reserved for each leg that was not visited yet.
    fn attempts_left(&self) -> u32 {
        let unvisited = self.steps.iter().filter(|step| !step.visited).count() as u32;
        let max = self.chain.first().settings.max_attempts;
        max.saturating_sub(self.attempts).saturating_sub(unvisited)
    }

    fn skip(&mut self, place: usize, why: LegFailure) {
        let kind = if place == 0 {
            AttemptKind::Primary
        } else {
            AttemptKind::Fallback
        };
        if let Some(leg) = self.chain.legs().get(place).cloned() {
            let record = AttemptRecord {
                state: AttemptState::Skipped,
                status_code: why.status_code,
                reason: Some(why.reason),
                detail: why.detail.clone(),
                duration: Some(Duration::ZERO),
                simulated: why.simulated,
                ..self.fresh(&leg, kind)
            };
            self.observer.attempt(&record);
        }
        if let Some(step) = self.steps.get_mut(place) {
            step.failure = Some(why);
        }
    }

    fn fresh(&mut self, leg: &Leg, kind: AttemptKind) -> AttemptRecord {
        let index = self.records;
        self.records += 1;
        AttemptRecord {
            index,
            kind,
            state: AttemptState::Started,
            model: leg.model.clone(),
            provider: leg.provider.clone(),
            status_code: None,
            reason: None,
            detail: None,
            retry_in: None,
            started: Instant::now(),
            first_token: None,
            duration: None,
            simulated: false,
        }
    }
}

impl Purpose {
    pub(crate) fn ask(&self, leg: &Leg) -> Ask {
        match self {
            Self::Recover(Some(partial)) if leg.traits.prefill => Ask::Continue(partial.clone()),
            Self::Begin | Self::Recover(_) => Ask::Whole,
        }
    }
}

pub(crate) fn earliest(known: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (known, other) {
        (Some(known), Some(other)) => Some(known.min(other)),
        (known, other) => known.or(other),
    }
}
