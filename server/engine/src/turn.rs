//! The walk along the chain: fallback around retry, until the first content or the end.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::SmallRng;
use tokio::time::{Instant, sleep, timeout_at};

use crate::attempt::{Attempt, Committed};
use crate::record::Recording;
use crate::{
    Answer, AttemptKind, AttemptRecord, AttemptState, Chain, CircuitEffect, Failure, Leg,
    LegPermit, ModelId, Observer, ProviderId, Reason, Refusal, Scope, Scrubber, Standing, Verdict,
    verdict,
};

/// A leg's last failure, or why it was never asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegFailure {
    /// The leg's model.
    pub model: ModelId,
    /// The leg's provider.
    pub provider: ProviderId,
    /// The HTTP status, where there was one.
    pub status_code: Option<u16>,
    /// Why.
    pub reason: Reason,
    /// What the provider said, scrubbed.
    pub detail: Option<String>,
    /// A fault of the debug pane caused it.
    pub simulated: bool,
}

/// Why a turn has no whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// No leg is left.
    Exhausted {
        /// One entry per leg, in chain order.
        failures: Vec<LegFailure>,
        /// When a leg is likely to be back.
        retry_at: Option<Instant>,
    },
    /// The answer broke off after it had begun.
    Interrupted {
        /// The legs that were tried, in chain order; the last one's answer broke off.
        failures: Vec<LegFailure>,
    },
    /// A provider's safety system refused.
    Filtered(LegFailure),
    /// The time was over before any leg had failed.
    DeadlineExceeded,
}

/// One user turn, ready to be walked.
pub struct Turn {
    chain: Chain,
    prompt_tokens: u64,
    observer: Arc<dyn Observer>,
    scrubber: Arc<Scrubber>,
    rng: SmallRng,
    started: Instant,
    attempts: u32,
    records: u32,
    failures: Vec<Option<LegFailure>>,
    bars: Vec<Bar>,
    retry_at: Option<Instant>,
}

/// What an earlier failure of this turn says about later legs.
enum Bar {
    Provider(ProviderId, Failure),
    ContextUpTo(u64, Failure),
}

impl Turn {
    /// A turn that begins now. `prompt_tokens` is an estimate, for the timers.
    pub fn new(
        chain: Chain,
        prompt_tokens: u64,
        observer: Arc<dyn Observer>,
        scrubber: Arc<Scrubber>,
        rng: SmallRng,
    ) -> Self {
        let failures = chain.legs().iter().map(|_| None).collect();
        Self {
            chain,
            prompt_tokens,
            observer,
            scrubber,
            rng,
            started: Instant::now(),
            attempts: 0,
            records: 0,
            failures,
            bars: vec![],
            retry_at: None,
        }
    }

    /// Walks the chain until a leg gives its first content. Dropping the future cancels the turn and closes its
    /// connection.
    ///
    /// # Errors
    ///
    /// Where no leg answers; says why of each.
    pub async fn answer(mut self) -> Result<Answer, NoAnswer> {
        let deadline = self.started + self.chain.first().settings.deadline;
        match timeout_at(deadline, self.walk(deadline)).await {
            Ok(Ok(committed)) => {
                let tried = self.failures.into_iter().flatten().collect();
                let stream_deadline = self.started + committed.leg.settings.stream_deadline;
                Ok(Answer::new(
                    committed,
                    tried,
                    stream_deadline,
                    self.scrubber,
                ))
            }
            Ok(Err(Some(filtered))) => Err(NoAnswer::Filtered(filtered)),
            Ok(Err(None)) => Err(self.exhausted()),
            Err(_) if self.failures.iter().all(Option::is_none) => Err(NoAnswer::DeadlineExceeded),
            Err(_) => Err(self.exhausted()),
        }
    }

    fn exhausted(self) -> NoAnswer {
        let untried = |leg: &Leg| LegFailure {
            model: leg.model.clone(),
            provider: leg.provider.clone(),
            status_code: None,
            reason: Reason::DeadlineExceeded,
            detail: None,
            simulated: false,
        };
        let legs = self.chain.legs().iter().zip(self.failures);
        NoAnswer::Exhausted {
            failures: legs
                .map(|(leg, failure)| failure.unwrap_or_else(|| untried(leg)))
                .collect(),
            retry_at: self.retry_at,
        }
    }

    /// The commit, or the failure that ends the turn, or nothing where the chain is at its end.
    async fn walk(&mut self, deadline: Instant) -> Result<Committed, Option<LegFailure>> {
        for place in 0..self.chain.legs().len() {
            let Some(leg) = self.chain.legs().get(place).cloned() else {
                break;
            };
            if let Some(bar) = self.barred(&leg) {
                let (reason, status, detail) =
                    (bar.reason, bar.status_code, Some(bar.detail.clone()));
                let simulated = bar.simulated.is_some();
                self.skip(place, &leg, reason, status, detail, simulated);
                continue;
            }
            let permit = match leg.circuits.admit(&leg.model) {
                Ok(permit) => permit,
                Err(refusal) => {
                    self.refused(place, &leg, &refusal);
                    continue;
                }
            };
            if let Some(committed) = self.try_leg(place, &leg, permit, deadline).await? {
                return Ok(committed);
            }
        }
        Err(None)
    }

    /// Asks one leg until it commits or the verdict is to go on.
    async fn try_leg(
        &mut self,
        place: usize,
        leg: &Leg,
        permit: LegPermit,
        deadline: Instant,
    ) -> Result<Option<Committed>, Option<LegFailure>> {
        let mut retries = 0;
        loop {
            let last_usable = !self.usable_after(place);
            let recording = self.record(place, leg, retries, permit.is_probe());
            let attempt = Attempt {
                leg,
                limit: leg.settings.first_token_limit(
                    self.prompt_tokens,
                    leg.reasoning,
                    last_usable,
                ),
                scrubber: &self.scrubber,
                recording,
            };
            let (failure, recording) = match attempt.run().await {
                Ok(begun) => {
                    // What a retry has made good is no failure of this leg.
                    if let Some(entry) = self.failures.get_mut(place) {
                        *entry = None;
                    }
                    return Ok(Some(begun.commit(leg.clone(), permit, place > 0)));
                }
                Err((failure, recording)) => {
                    (failure.waited_for(leg.settings.max_retry_after), recording)
                }
            };
            self.note(place, leg, &failure);
            let standing = Standing {
                retries,
                last_usable: !self.usable_after(place),
                attempts_left: self.attempts_left(place),
                probe: permit.is_probe(),
                time_left: deadline.saturating_duration_since(Instant::now()),
            };
            match verdict(&failure, standing, &leg.settings, &mut self.rng) {
                Verdict::RetrySame { after } => {
                    recording.failed(&failure, Some(after));
                    sleep(after).await;
                    retries += 1;
                }
                Verdict::NextLeg => {
                    recording.failed(&failure, None);
                    permit.failed(&failure);
                    return Ok(None);
                }
                Verdict::Abort => {
                    recording.failed(&failure, None);
                    permit.failed(&failure);
                    return Err(self.failures.get_mut(place).and_then(Option::take));
                }
            }
        }
    }

    /// Keeps the leg's last failure, and what it says about later legs.
    fn note(&mut self, place: usize, leg: &Leg, failure: &Failure) {
        let known = LegFailure {
            model: leg.model.clone(),
            provider: leg.provider.clone(),
            status_code: failure.status_code,
            reason: failure.reason,
            detail: Some(failure.detail.clone()),
            simulated: failure.simulated.is_some(),
        };
        if let Some(entry) = self.failures.get_mut(place) {
            *entry = Some(known);
        }
        if let CircuitEffect::CoolsFor(rest) = failure.circuit {
            self.back_at(Some(Instant::now() + rest));
        }
        if failure.scope == Scope::Provider || self.second_refusal(leg, failure) {
            self.bars
                .push(Bar::Provider(leg.provider.clone(), failure.clone()));
        }
        if failure.reason == Reason::ContextLengthExceeded {
            let window = leg.context_window.unwrap_or(self.prompt_tokens);
            self.bars.push(Bar::ContextUpTo(window, failure.clone()));
        }
    }

    /// A second model's 403 under one credential says that it is the credential.
    fn second_refusal(&self, leg: &Leg, failure: &Failure) -> bool {
        failure.reason == Reason::AuthError
            && self.failures.iter().flatten().any(|other| {
                other.reason == Reason::AuthError
                    && other.provider == leg.provider
                    && other.model != leg.model
            })
    }

    fn barred(&self, leg: &Leg) -> Option<&Failure> {
        self.bars.iter().find_map(|bar| match bar {
            Bar::Provider(provider, failure) => (*provider == leg.provider).then_some(failure),
            Bar::ContextUpTo(window, failure) => leg
                .context_window
                .is_some_and(|own| own <= *window)
                .then_some(failure),
        })
    }

    fn usable_after(&self, place: usize) -> bool {
        self.chain
            .legs()
            .iter()
            .skip(place + 1)
            .any(|leg| self.barred(leg).is_none() && leg.circuits.admits(&leg.model))
    }

    /// One attempt is reserved for each leg that has not been tried.
    fn attempts_left(&self, place: usize) -> u32 {
        let untried = (self.chain.legs().len() - place - 1) as u32;
        let max = self.chain.first().settings.max_attempts;
        max.saturating_sub(self.attempts).saturating_sub(untried)
    }

    fn refused(&mut self, place: usize, leg: &Leg, refusal: &Refusal) {
        let circuit = &refusal.circuit;
        let whose = if refusal.provider_wide {
            "the provider's"
        } else {
            "its"
        };
        let detail = match circuit.cause {
            Some(cause) => format!(
                "{whose} circuit is {}: {}",
                state_word(circuit.state),
                cause.as_str()
            ),
            None => format!("{whose} circuit is held open by an administrator"),
        };
        self.back_at(circuit.until);
        self.skip(
            place,
            leg,
            Reason::CircuitOpen,
            None,
            Some(detail),
            circuit.simulated,
        );
    }

    fn back_at(&mut self, at: Option<Instant>) {
        self.retry_at = match (self.retry_at, at) {
            (Some(known), Some(at)) => Some(known.min(at)),
            (known, at) => known.or(at),
        };
    }

    fn skip(
        &mut self,
        place: usize,
        leg: &Leg,
        reason: Reason,
        status_code: Option<u16>,
        detail: Option<String>,
        simulated: bool,
    ) {
        let kind = if place == 0 {
            AttemptKind::Primary
        } else {
            AttemptKind::Fallback
        };
        let record = AttemptRecord {
            state: AttemptState::Skipped,
            status_code,
            reason: Some(reason),
            detail: detail.clone(),
            duration: Some(Duration::ZERO),
            simulated,
            ..self.fresh(leg, kind)
        };
        self.observer.attempt(&record);
        if let Some(entry) = self.failures.get_mut(place) {
            let (model, provider) = (leg.model.clone(), leg.provider.clone());
            *entry = Some(LegFailure {
                model,
                provider,
                status_code,
                reason,
                detail,
                simulated,
            });
        }
    }

    fn record(&mut self, place: usize, leg: &Leg, retries: u32, probe: bool) -> Recording {
        self.attempts += 1;
        let kind = match (retries, place) {
            (1.., _) => AttemptKind::Retry,
            (0, _) if probe => AttemptKind::Probe,
            (0, 0) => AttemptKind::Primary,
            (0, 1..) => AttemptKind::Fallback,
        };
        Recording::start(self.fresh(leg, kind), self.observer.clone())
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

fn state_word(state: crate::CircuitState) -> &'static str {
    match state {
        crate::CircuitState::Closed => "closed",
        crate::CircuitState::HalfOpen => "being probed",
        crate::CircuitState::Open => "open",
    }
}

#[cfg(test)]
mod tests;
