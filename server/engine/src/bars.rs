//! What speaks against asking a leg, its circuits aside: what failed earlier in the turn, what the model cannot do, and
//! what its provider does not know.

use tokio::time::Instant;

use crate::walk::Walk;
use crate::{
    Chain, CircuitEffect, Failure, Leg, LegFailure, PromptFacts, ProviderId, Reason, Scope,
};

/// What an earlier failure of this turn says about later legs.
pub(crate) enum Bar {
    Provider(ProviderId, Failure),
    ContextUpTo(u64, Failure),
}

impl Walk {
    /// Keeps the leg's last failure, and what it says about later legs.
    pub(crate) fn note(&mut self, place: usize, leg: &Leg, failure: &Failure) {
        if failure.reason == Reason::ModelNotFound {
            leg.circuits.note_missing(&leg.model, failure);
        }
        if failure.scope == Scope::Provider || self.second_refusal(leg, failure) {
            let bar = Bar::Provider(leg.provider.clone(), failure.clone());
            self.bars.push(bar);
        }
        if failure.reason == Reason::ContextLengthExceeded {
            let window = leg.traits.context_window.unwrap_or(self.prompt.tokens);
            self.bars.push(Bar::ContextUpTo(window, failure.clone()));
        }
        if let Some(step) = self.steps.get_mut(place) {
            step.failure = Some(LegFailure::of(leg, failure));
            step.back_at = match failure.circuit {
                CircuitEffect::CountsResting(rest)
                | CircuitEffect::CoolsFor(rest)
                | CircuitEffect::OpensAtOnce(rest) => Some(Instant::now() + rest),
                CircuitEffect::Ignored | CircuitEffect::Counts => None,
            };
        }
    }

    /// A second model's 403 under one credential says that it is the credential.
    fn second_refusal(&self, leg: &Leg, failure: &Failure) -> bool {
        let mut others = self.steps.iter().filter_map(|step| step.failure.as_ref());
        failure.reason == Reason::AuthError
            && others.any(|other| {
                other.reason == Reason::AuthError
                    && other.provider == leg.provider
                    && other.model != leg.model
            })
    }

    /// Why a leg cannot or need not be asked, its circuits aside.
    pub(crate) fn barred(&self, leg: &Leg) -> Option<LegFailure> {
        let bar = self.bars.iter().find_map(|bar| match bar {
            Bar::Provider(provider, failure) => (*provider == leg.provider).then_some(failure),
            Bar::ContextUpTo(window, failure) => leg
                .traits
                .context_window
                .is_some_and(|own| own <= *window)
                .then_some(failure),
        });
        if let Some(failure) = bar {
            return Some(LegFailure::of(leg, failure));
        }
        self.chain.bar(leg, &self.prompt)
    }
}

impl Chain {
    /// Why a turn with this prompt would not ask a leg, whatever else it had seen and the circuits aside.
    pub(crate) fn bar(&self, leg: &Leg, prompt: &PromptFacts) -> Option<LegFailure> {
        if let Some(lack) = leg.lacks(prompt.needs) {
            let failure = LegFailure::unasked(leg, Reason::NotCapable);
            return Some(failure.saying(lack));
        }
        if leg.overflows(prompt.tokens) {
            let (tokens, window) = (prompt.tokens, leg.traits.context_window);
            let detail = format!(
                "about {tokens} tokens, and its context holds {}",
                window.unwrap_or_default()
            );
            let failure = LegFailure::unasked(leg, Reason::ContextLengthExceeded);
            return Some(failure.saying(&detail));
        }
        if self.legs().len() == 1 {
            // There is nobody else: it is asked, whatever it said before.
            return None;
        }
        let missing = leg.circuits.missing(&leg.model)?;
        Some(LegFailure {
            status_code: missing.status_code,
            detail: Some(missing.detail),
            simulated: missing.simulated,
            ..LegFailure::unasked(leg, Reason::ModelNotFound)
        })
    }
}
