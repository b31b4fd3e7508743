//! What changes a circuit from outside its own traffic, beside an administrator's hand: other settings, and a proof that
//! it can be closed.

use std::time::Duration;

use tokio::time::Instant;

use super::{Circuit, State};
use crate::CircuitSettings;

impl Circuit {
    /// Other figures from now on. It stays in its state, and goes on counting where it was; a cooldown that runs gets the
    /// length that it would have had under these figures, but ends no sooner than its provider has asked for. Says whether
    /// they are others.
    pub(crate) fn set_settings(&mut self, settings: CircuitSettings) -> bool {
        if self.settings == settings {
            return false;
        }
        let before = std::mem::replace(&mut self.settings, settings);
        self.window.set_length(settings.window);
        match &mut self.state {
            State::Open {
                until,
                cooldown,
                last_resort,
                rest_until,
                tripped: false,
                cause: _,
            } => {
                let began = self.since.unwrap_or(*until);
                // A rest that the provider named alone is nobody's figure.
                if *rest_until != began + *cooldown {
                    *cooldown = rescaled(*cooldown, &before, &settings);
                    let end = (began + *cooldown).max(*rest_until);
                    let old_end = std::mem::replace(until, end);
                    if *last_resort == old_end {
                        *last_resort = end;
                    }
                }
            }
            State::HalfOpen { cooldown, .. } => *cooldown = rescaled(*cooldown, &before, &settings),
            State::Open { tripped: true, .. } | State::Closed { .. } | State::Forced(_) => {}
        }
        true
    }

    /// One that others' traffic has opened may be probed at this time.
    pub(crate) fn back_at(&mut self, time: Instant) {
        if let State::Open {
            until,
            tripped: true,
            ..
        } = &mut self.state
        {
            *until = time;
        }
    }

    /// An answer came past it: whoever opened it, what it was opened for is over. One that an administrator holds stays.
    pub(crate) fn prove(&mut self, now: Instant) {
        match &mut self.state {
            State::Closed { failures } => *failures = 0,
            State::Open { .. } | State::HalfOpen { .. } => {
                self.enter(now, State::Closed { failures: 0 });
            }
            State::Forced(_) => {}
        }
    }

    /// Closes it with nothing remembered, unless an administrator holds it.
    pub(crate) fn forgive(&mut self, now: Instant) {
        if !matches!(self.state, State::Forced(_)) {
            self.reset(now);
        }
    }
}

/// A cooldown that was as often doubled, under other figures. A shorter one than the first was a provider's wish.
fn rescaled(cooldown: Duration, before: &CircuitSettings, now: &CircuitSettings) -> Duration {
    if cooldown < before.cooldown {
        return cooldown;
    }
    let doubled = cooldown.as_secs_f64() / before.cooldown.as_secs_f64();
    let seconds = now.cooldown.as_secs_f64() * doubled;
    let scaled = Duration::try_from_secs_f64(seconds).unwrap_or(now.max_cooldown);
    scaled.min(now.max_cooldown).max(now.cooldown)
}

#[cfg(test)]
mod tests {
    use super::super::{Cause, Outcome, Weight};
    use super::*;
    use crate::{CircuitState, ForcedState, Reason};

    const SECOND: Duration = Duration::from_secs(1);
    const CAUSE: Cause = Cause {
        reason: Reason::Timeout,
        simulated: false,
    };

    fn settings(threshold: u32, cooldown: Duration) -> CircuitSettings {
        CircuitSettings {
            threshold,
            cooldown,
            failure_rate: None,
            ..CircuitSettings::default()
        }
    }

    fn fail(circuit: &mut Circuit, weight: Weight, now: Instant) {
        let pass = circuit.admit(now).unwrap();
        circuit.record(pass, Outcome::Failure(weight, CAUSE), now);
    }

    fn open_for(circuit: &Circuit, now: Instant) -> Duration {
        circuit.view().until.unwrap() - now
    }

    #[tokio::test(start_paused = true)]
    async fn failures_that_were_counted_count_for_another_threshold() {
        let now = Instant::now();
        let mut circuit = Circuit::new(settings(3, 60 * SECOND));
        let one = Weight::One(Duration::ZERO);
        fail(&mut circuit, one, now);
        fail(&mut circuit, one, now);
        circuit.set_settings(settings(5, 60 * SECOND));
        fail(&mut circuit, one, now);
        fail(&mut circuit, one, now);
        assert_eq!(circuit.view().state, CircuitState::Closed);
        circuit.set_settings(settings(2, 60 * SECOND));
        assert_eq!(circuit.view().state, CircuitState::Closed);
        fail(&mut circuit, one, now);
        assert_eq!(circuit.view().state, CircuitState::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pass_that_is_out_still_counts_after_a_change() {
        let now = Instant::now();
        let mut circuit = Circuit::new(settings(1, 60 * SECOND));
        let pass = circuit.admit(now).unwrap();
        circuit.set_settings(settings(1, 30 * SECOND));
        let failure = Outcome::Failure(Weight::One(Duration::ZERO), CAUSE);
        assert!(circuit.record(pass, failure, now));
        assert_eq!(open_for(&circuit, now), 30 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cooldown_that_runs_gets_the_new_length() {
        let now = Instant::now();
        let mut circuit = Circuit::new(settings(1, 60 * SECOND));
        fail(&mut circuit, Weight::One(Duration::ZERO), now);
        let since = circuit.view().since;
        circuit.set_settings(settings(1, 30 * SECOND));
        assert_eq!(open_for(&circuit, now), 30 * SECOND);
        circuit.set_settings(settings(1, 90 * SECOND));
        assert_eq!(open_for(&circuit, now), 90 * SECOND);
        assert_eq!(circuit.view().since, since);

        // A failed probe has doubled it; so it is of the new one.
        let later = now + 90 * SECOND;
        fail(&mut circuit, Weight::One(Duration::ZERO), later);
        assert_eq!(open_for(&circuit, later), 180 * SECOND);
        circuit.set_settings(settings(1, 10 * SECOND));
        assert_eq!(open_for(&circuit, later), 20 * SECOND);
        let much_later = later + 20 * SECOND;
        fail(&mut circuit, Weight::One(Duration::ZERO), much_later);
        assert_eq!(open_for(&circuit, much_later), 40 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_provider_asked_for_is_no_figure_of_ours() {
        let now = Instant::now();
        for (weight, opened_for) in [
            // Only a rest that was named, below the threshold.
            (Weight::Rest(20 * SECOND), 20 * SECOND),
            // A named rest that is shorter than the cooldown, and one that is longer.
            (Weight::Trip(20 * SECOND), 60 * SECOND),
            (Weight::Trip(90 * SECOND), 90 * SECOND),
        ] {
            let mut circuit = Circuit::new(settings(3, 60 * SECOND));
            fail(&mut circuit, weight, now);
            assert_eq!(open_for(&circuit, now), opened_for);
            circuit.set_settings(settings(3, 10 * SECOND));
            let (Weight::One(rest) | Weight::Rest(rest) | Weight::Trip(rest)) = weight;
            assert_eq!(open_for(&circuit, now), rest);
            assert!(!circuit.is_last_resort(now + rest - SECOND));
            assert!(circuit.is_last_resort(now + rest));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_that_was_named_is_not_drawn_out_by_a_change() {
        let now = Instant::now();
        let mut circuit = Circuit::new(settings(3, 60 * SECOND));
        fail(&mut circuit, Weight::Rest(20 * SECOND), now);
        let later = now + 20 * SECOND;
        let probe = circuit.admit(later).unwrap();
        assert!(!circuit.set_settings(settings(3, 60 * SECOND)));
        assert!(circuit.set_settings(settings(3, 30 * SECOND)));
        let failure = Outcome::Failure(Weight::One(Duration::ZERO), CAUSE);
        assert!(circuit.record(probe, failure, later));
        // Twice the rest, which is longer than the first cooldown.
        assert_eq!(open_for(&circuit, later), 40 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_administrator_holds_is_moved_by_nothing_else() {
        let now = Instant::now();
        let mut circuit = Circuit::new(settings(1, 60 * SECOND));
        circuit.force(ForcedState::Open, now);
        circuit.set_settings(settings(1, SECOND));
        circuit.prove(now);
        circuit.forgive(now);
        assert!(circuit.view().forced && circuit.admit(now + 60 * SECOND).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_proof_closes_it_and_the_probe_that_is_out_changes_nothing_more() {
        let now = Instant::now();
        let mut circuit = Circuit::new(settings(1, 60 * SECOND));
        fail(&mut circuit, Weight::One(Duration::ZERO), now);
        let later = now + 60 * SECOND;
        let probe = circuit.admit(later).unwrap();
        circuit.prove(later);
        assert_eq!(circuit.view().state, CircuitState::Closed);
        let failure = Outcome::Failure(Weight::One(Duration::ZERO), CAUSE);
        assert!(!circuit.record(probe, failure, later));
        assert_eq!(circuit.view().state, CircuitState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn the_window_keeps_what_it_has_seen() {
        let now = Instant::now();
        let rated = |window, min_outcomes| CircuitSettings {
            failure_rate: Some(0.5),
            min_outcomes,
            window,
            ..settings(100, 60 * SECOND)
        };
        let mut circuit = Circuit::new(rated(10 * SECOND, 10));
        for _ in 0..4 {
            fail(&mut circuit, Weight::One(Duration::ZERO), now);
        }
        circuit.set_settings(rated(60 * SECOND, 5));
        fail(&mut circuit, Weight::One(Duration::ZERO), now + 30 * SECOND);
        assert_eq!(circuit.view().state, CircuitState::Open);
    }
}
