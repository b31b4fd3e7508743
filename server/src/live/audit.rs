//! The audit log, as it is shown, and the way into it for whatever else administrators and testers do.

use evenkeel_protocol::{AuditEntry, AuditPage, SettingValue};
use evenkeel_store::{AuditRow, Deed, StoreError};

use super::Live;
use crate::config::Scope;
use crate::principal::Principal;
use crate::shared::Shared;

/// The words for what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A provider's key.
    Key,
    /// A circuit.
    Circuit,
    /// A model was tested.
    Test,
    /// A simulated outage.
    Fault,
}

impl Action {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Circuit => "circuit",
            Self::Test => "test",
            Self::Fault => "fault",
        }
    }
}

/// Writes down what somebody has done: of what, which thing, and what it was and became, as far as that can be said. It
/// is done already: that it cannot be written down is logged, and no reason to undo it.
pub async fn audit(
    shared: &Shared,
    by: &Principal,
    action: Action,
    scope: String,
    key: &str,
    before: Option<&str>,
    after: Option<&str>,
) {
    let text = |text: &str| SettingValue::Text(text.to_owned());
    let deed = Deed {
        at: shared.clock.now(),
        by: by.id.to_string(),
        action: action.as_str().to_owned(),
        scope,
        key: key.to_owned(),
        before: before.map(text),
        after: after.map(text),
        live_before: None,
        live_after: None,
        revision: None,
    };
    if let Err(error) = shared.store.record_deed(&deed).await {
        tracing::error!(%error, by = deed.by, action = deed.action, scope = deed.scope, key, "audit_not_written");
    }
}

/// A page of the log, newest first.
///
/// # Errors
///
/// Where the database does not answer.
pub async fn page(
    shared: &Shared,
    before: Option<u64>,
    limit: u32,
) -> Result<AuditPage, StoreError> {
    let mut rows = shared.store.audit(before, limit.saturating_add(1)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| more);
    Ok(AuditPage {
        next: last.map(|row| row.id.to_string()),
        entries: rows.iter().map(|row| entry(&shared.live, row)).collect(),
    })
}

/// An entry as it is shown.
pub(super) fn entry(live: &Live, row: &AuditRow) -> AuditEntry {
    let deed = &row.deed;
    AuditEntry {
        id: row.id.to_string(),
        at: deed.at,
        by: deed.by.clone(),
        action: deed.action.clone(),
        scope: deed.scope.clone(),
        key: deed.key.clone(),
        before: deed.before.clone(),
        after: deed.after.clone(),
        revision: deed.revision,
        revertible: is_revertible(live, deed),
    }
}

/// Whether a change can be taken back: its setting still has the value that it gave it.
pub fn is_revertible(live: &Live, deed: &Deed) -> bool {
    let Some(scope) = Scope::parse(&deed.scope) else {
        return false;
    };
    let now = live.value(&(scope, deed.key.clone()));
    deed.revision.is_some() && deed.live_before != deed.live_after && now == deed.live_after
}
