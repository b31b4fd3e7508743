//! Which paths the run has taken: a property that was never put to the test proves nothing.

use std::collections::BTreeMap;

/// How often each path must be taken in a hundred thousand turns.
const LEAST: &[(&str, u64)] = &[
    ("end: finished", 10_000),
    ("end: exhausted", 1_000),
    ("end: interrupted", 300),
    ("end: filtered", 100),
    ("end: deadline", 50),
    ("end: exhausted at the deadline", 50),
    ("end: stream deadline", 20),
    ("end: dropped before the first content", 500),
    ("end: dropped amid the answer", 300),
    ("seam: continued", 100),
    ("seam: spliced", 100),
    ("seam: restarted", 100),
    ("seam: second one of a turn", 20),
    ("prefill refused", 20),
    ("final answer broke off", 50),
    ("tool calls delivered", 200),
    ("kind: retry", 1_000),
    ("kind: fallback", 5_000),
    ("kind: probe", 500),
    ("probe: answered", 100),
    ("probe: failed", 100),
    ("probe: cancelled", 10),
    ("hedge: won", 100),
    ("hedge: lost", 50),
    ("hedge: failed", 50),
    ("hedge: handed over", 20),
    ("outlook: another answers", 1_000),
    ("outlook: nobody answers", 100),
    ("last resort", 100),
    ("waited for a probe", 20),
    ("retry denied by the budget", 20),
    ("retry after its Retry-After", 50),
    ("circuit: opened", 500),
    ("circuit: half-open", 500),
    ("circuit: closed", 300),
    ("circuit: forced", 100),
    ("circuit: of a provider opened", 100),
    ("overlay: opened", 50),
    ("skipped: circuit_open", 1_000),
    ("skipped: model_not_found", 100),
    ("skipped: auth_error", 20),
    ("skipped: quota_exhausted", 20),
    ("skipped: connection_failed", 20),
    ("skipped: timeout", 10),
    ("skipped: context_length_exceeded", 100),
    ("skipped: not_capable", 100),
    ("a secret was redacted", 1_000),
    ("next was interrupted", 100),
    ("slow reader", 300),
];

/// Counts by name.
#[derive(Default)]
pub struct Coverage(BTreeMap<&'static str, u64>);

impl Coverage {
    pub fn count(&mut self, path: &'static str) {
        *self.0.entry(path).or_default() += 1;
    }

    pub fn merge(&mut self, other: Self) {
        for (path, count) in other.0 {
            *self.0.entry(path).or_default() += count;
        }
    }

    /// The paths that so many turns have taken too seldom.
    pub fn gaps(&self, turns: u64) -> Vec<String> {
        LEAST
            .iter()
            .filter_map(|(path, least)| {
                let count = self.0.get(path).copied().unwrap_or_default();
                let least = (least * turns / 100_000).max(1);
                (count < least).then(|| format!("{path}: {count} times, and {least} are the least"))
            })
            .collect()
    }
}

impl std::fmt::Display for Coverage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0
            .iter()
            .try_for_each(|(path, count)| writeln!(f, "{count:>10}  {path}"))
    }
}
