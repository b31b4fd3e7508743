//! `/api/admin/alerts`: the rules, how the alerts stand, and a try of the webhook.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use evenkeel_protocol::{Alert, Severity};
use serde::Serialize;

use super::administrator;
use crate::alerts::{self, Delivered};
use crate::config::LimitKind;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::shared::Shared;

#[derive(Serialize)]
pub(crate) struct List {
    rules: Vec<Rule>,
    alerts: Vec<Alert>,
    webhook: Webhook,
}

/// A rule as it is set; its keys in the settings are `alerts.{rule}` and `alerts.{rule}_for`.
#[derive(Serialize)]
struct Rule {
    rule: &'static str,
    severity: Severity,
    label: &'static str,
    help: &'static str,
    /// Null where it is off, or has nothing to measure.
    limit: Option<f64>,
    /// What the limit is in: `share`, `times`, `dollars` or `seconds`; null where there is none.
    unit: Option<&'static str>,
    /// How long the limit must be exceeded, as the file would say it.
    #[serde(rename = "for")]
    hold: String,
    enabled: bool,
}

#[derive(Serialize)]
struct Webhook {
    configured: bool,
    signed: bool,
    /// Messages that have not arrived yet.
    waiting: u64,
    /// What came of the last one since the start.
    last: Option<Delivered>,
}

pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<Json<List>, Refusal> {
    administrator(&principal)?;
    let now = shared.config();
    let config = &now.alerts;
    let next = shared.store.next_alert_message().await?;
    let rules = config.rules().map(|(facts, bar)| Rule {
        rule: facts.key,
        severity: facts.severity,
        label: facts.label,
        help: facts.help,
        limit: bar.limit.filter(|_| facts.kind != LimitKind::Switch),
        unit: match facts.kind {
            LimitKind::Switch => None,
            LimitKind::Share => Some("share"),
            LimitKind::Count => Some("times"),
            LimitKind::Dollars => Some("dollars"),
            LimitKind::Time => Some("seconds"),
        },
        hold: format!("{}s", bar.hold.as_secs_f64()),
        enabled: bar.limit.is_some(),
    });
    Ok(Json(List {
        rules: rules.collect(),
        alerts: shared.health.alerts().to_vec(),
        webhook: Webhook {
            configured: config.webhook_url.is_some(),
            signed: config.webhook_secret.is_some(),
            waiting: next.map_or(0, |(_, waiting)| waiting),
            last: shared.alerts.last(),
        },
    }))
}

/// Sends a test message, and says what came of it.
pub(crate) async fn test(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
) -> Result<Json<Delivered>, Refusal> {
    administrator(&principal)?;
    if shared.config().alerts.webhook_url.is_none() {
        let mend = "set it in the configuration or in the panel, then test it";
        return Err(Refusal::at("alerts.webhook_url", mend));
    }
    Ok(Json(alerts::test(&shared).await))
}
