//! Which paths a turn has taken.

use evenkeel_engine::*;

use crate::checks::Check;
use crate::ledger::Attempt;
use crate::turns::End;

use AttemptKind as K;
use AttemptState as S;

impl Check<'_> {
    /// Counts the paths that the turn has taken.
    pub fn cover(&self) {
        let (world, settings) = (self.world, &self.plan.settings);
        let late = self.now >= self.ledger.started + settings.deadline;
        world.count(match self.end {
            End::Finished => "end: finished",
            End::None(NoAnswer::Exhausted { .. }) if late => "end: exhausted at the deadline",
            End::None(NoAnswer::Exhausted { .. }) => "end: exhausted",
            End::Broken(_) if self.now >= self.ledger.started + settings.stream_deadline => {
                "end: stream deadline"
            }
            End::None(NoAnswer::Interrupted { .. }) | End::Broken(NoAnswer::Interrupted { .. }) => {
                "end: interrupted"
            }
            End::None(NoAnswer::Filtered(_)) | End::Broken(NoAnswer::Filtered(_)) => {
                "end: filtered"
            }
            End::None(NoAnswer::DeadlineExceeded) => "end: deadline",
            End::Broken(_) => "end: broken otherwise",
            End::Dropped if self.told.committed.is_none() => {
                "end: dropped before the first content"
            }
            End::Dropped => "end: dropped amid the answer",
        });
        if matches!(self.end, End::Broken(_)) && self.plan.delivery == Delivery::Final {
            world.count("final answer broke off");
        }
        if !self.told.tools.is_empty() {
            world.count("tool calls delivered");
        }
        if self.plan.reader.pause.is_some() && self.told.committed.is_some() {
            world.count("slow reader");
        }
        let calls = &self.book.calls;
        let refused = calls.iter().enumerate().any(|(place, call)| {
            let mut later = calls.iter().skip(place + 1);
            matches!(call.ask, Ask::Continue(_)) && later.any(|later| later.model == call.model)
        });
        if refused {
            world.count("prefill refused");
        }
        for attempt in &self.book.attempts {
            let record = &attempt.record;
            match (record.state, record.kind) {
                (S::Skipped, _) => self.cover_skip(record),
                (_, K::Primary) => {}
                (_, K::Retry) => world.count("kind: retry"),
                (_, K::Fallback) => world.count("kind: fallback"),
                (_, K::Probe) => world.count("kind: probe"),
                (_, K::Hedge) => world.count(self.hedge(attempt)),
            }
            if record.state == S::Failed
                && record.reason == Some(Reason::ProviderUnavailable)
                && record.retry_in.is_none()
                && record.kind != K::Probe
                && self.world.budget.remaining() < 1.0
            {
                world.count("retry denied by the budget");
            }
        }
    }

    fn hedge(&self, hedge: &Attempt) -> &'static str {
        let beside = self.sent().find(|other| {
            other.record.index < hedge.record.index && other.end() >= Some(hedge.record.started)
        });
        let handed_over = beside.is_some_and(|own| {
            own.record.state == S::Failed && !own.answering && own.end() < hedge.end()
        });
        match hedge.record.state {
            _ if handed_over => "hedge: handed over",
            S::Cancelled if !hedge.answering => "hedge: lost",
            S::Failed if !hedge.answering => "hedge: failed",
            S::Answered | S::Answering | S::Started | S::Skipped | S::Cancelled | S::Failed => {
                "hedge: won"
            }
        }
    }

    fn cover_skip(&self, record: &AttemptRecord) {
        match record.reason {
            Some(Reason::CircuitOpen) => self.world.count("skipped: circuit_open"),
            Some(Reason::ModelNotFound) => self.world.count("skipped: model_not_found"),
            Some(Reason::AuthError) => self.world.count("skipped: auth_error"),
            Some(Reason::QuotaExhausted) => self.world.count("skipped: quota_exhausted"),
            Some(Reason::ConnectionFailed) => self.world.count("skipped: connection_failed"),
            Some(Reason::Timeout) => self.world.count("skipped: timeout"),
            Some(Reason::ContextLengthExceeded) => {
                self.world.count("skipped: context_length_exceeded");
            }
            Some(Reason::NotCapable) => self.world.count("skipped: not_capable"),
            other => self.world.complain(format!("skipped for {other:?}")),
        }
    }
}
