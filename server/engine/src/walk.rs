//! The walk along the chain: fallback around retry, from leg to leg, until one of them commits.
//!
//! A turn walks until its first content; an answer that broke off walks on from where it stands. No leg is visited twice.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::SmallRng;
use tokio::time::Instant;

use crate::attempt::Committed;
use crate::bars::Bar;
use crate::provider_circuits::Admission;
use crate::visit::Admitted;
use crate::{
    Ask, AttemptKind, AttemptRecord, AttemptState, Chain, Leg, LegFailure, Observer, PromptFacts,
    ResponseGuard, RetryBudget, Scrubber, Spent,
};

/// What a turn is given.
pub(crate) struct Walk {
    pub(crate) chain: Chain,
    pub(crate) prompt: PromptFacts,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) scrubber: Arc<Scrubber>,
    pub(crate) budget: Arc<RetryBudget>,
    pub(crate) rng: SmallRng,
    pub(crate) started: Instant,
    pub(crate) attempts: u32,
    records: u32,
    /// What is known of each leg, in chain order.
    pub(crate) steps: Vec<Step>,
    pub(crate) bars: Vec<Bar>,
    /// A hedge was refused by a safety system: if its rival fails, the turn ends with that.
    pub(crate) refusal: Option<LegFailure>,
    pub(crate) hedged: bool,
    pub(crate) spent: Vec<Spent>,
    /// Holds answers back until they have passed.
    pub(crate) guard: Option<Arc<dyn ResponseGuard>>,
}

/// What the walk knows of a leg.
#[derive(Default)]
pub(crate) struct Step {
    pub(crate) visited: bool,
    pub(crate) failure: Option<LegFailure>,
    /// Before this its provider wants no request.
    pub(crate) back_at: Option<Instant>,
}

/// What the walk is for.
pub(crate) enum Purpose {
    /// The turn's first content.
    Begin,
    /// The rest of an answer that broke off; what there is of it, where it can be gone on with.
    Recover(Option<Arc<str>>),
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
            refusal: None,
            hedged: false,
            spent: vec![],
            guard: None,
        }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.started + self.chain.first().settings.deadline
    }

    /// When a stream must end that still makes progress. Like the deadline it is the first leg's, whoever answers.
    pub(crate) fn last_moment(&self) -> Instant {
        self.started + self.chain.first().settings.stream_deadline
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
            if let Some(admitted) = self.enter(place)
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

    /// The leg at this place, if nothing speaks against asking it; otherwise its skip is recorded.
    fn enter(&mut self, place: usize) -> Option<Admitted> {
        let kind = self.kind_at(place);
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
                self.skip(place, LegFailure::refused(&leg, &refusal));
                None
            }
        }
    }

    /// The next leg that was not visited yet and could be asked now.
    pub(crate) fn next_usable(&self) -> Option<usize> {
        let mut legs = self.steps.iter().zip(self.chain.legs());
        legs.position(|(step, leg)| {
            !step.visited && self.barred(leg).is_none() && leg.circuits.admits(&leg.model)
        })
    }

    /// The first request of all is no fallback, wherever the turn goes afterwards.
    pub(crate) fn kind_at(&self, place: usize) -> AttemptKind {
        if place == 0 && self.attempts == 0 {
            AttemptKind::Primary
        } else {
            AttemptKind::Fallback
        }
    }

    /// One attempt is reserved for each leg that was not visited yet.
    pub(crate) fn attempts_left(&self) -> u32 {
        let unvisited = self.steps.iter().filter(|step| !step.visited).count() as u32;
        let max = self.chain.first().settings.max_attempts;
        max.saturating_sub(self.attempts).saturating_sub(unvisited)
    }

    fn skip(&mut self, place: usize, why: LegFailure) {
        let kind = self.kind_at(place);
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

    pub(crate) fn fresh(&mut self, leg: &Leg, kind: AttemptKind) -> AttemptRecord {
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
            retry_limit: None,
            started: Instant::now(),
            first_token: None,
            duration: None,
            usage: None,
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
