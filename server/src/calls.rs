//! The calls of `/v1` under way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What calls ask for: an assistant, or a model.
type Asked = Option<Arc<str>>;

/// How many there are, by the assistant that they ask.
#[derive(Default)]
pub struct Calls(Mutex<BTreeMap<Asked, u64>>);

/// A call is counted for as long as this is there.
pub struct Counted {
    calls: Arc<Calls>,
    asked: Asked,
}

impl Calls {
    /// Counts one more.
    pub fn begin(self: &Arc<Self>, assistant: Option<Arc<str>>) -> Counted {
        *self.lock().entry(assistant.clone()).or_default() += 1;
        Counted {
            calls: self.clone(),
            asked: assistant,
        }
    }

    /// All of them.
    pub fn count(&self) -> u64 {
        self.lock().values().sum()
    }

    /// Those that ask this assistant.
    pub fn of(&self, assistant: &str) -> u64 {
        let calls = self.lock();
        calls
            .get(&Some(assistant.into()))
            .copied()
            .unwrap_or_default()
    }

    /// A panic elsewhere leaves the counts whole: each change is one assignment.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Asked, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut calls = self.calls.lock();
        if let Some(count) = calls.get_mut(&self.asked) {
            *count -= 1;
            if *count == 0 {
                calls.remove(&self.asked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_assistant_while_they_last() {
        let calls = Arc::new(Calls::default());
        let counts = || (calls.count(), calls.of("qa"), calls.of("support"));
        let plain = calls.begin(None);
        let one = calls.begin(Some("qa".into()));
        let other = calls.begin(Some("qa".into()));
        assert_eq!(counts(), (3, 2, 0));
        drop((plain, one));
        assert_eq!(counts(), (1, 1, 0));
        drop(other);
        assert_eq!(counts(), (0, 0, 0));
    }
}
