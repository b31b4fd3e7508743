//! What the webhook is sent.

use std::net::SocketAddr;

use evenkeel_protocol::{Alert, AlertState, Severity, Timestamp};
use evenkeel_store::AlertMessage;
use serde::Serialize;
use uuid::Uuid;

use crate::shared::Shared;

/// A message's body.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    alert: &'a str,
    state: &'static str,
    severity: &'static str,
    summary: &'a str,
    value: Option<f64>,
    limit: Option<f64>,
    since: Timestamp,
    link: &'a str,
    /// Chat services show it as it is.
    text: String,
}

/// The message that an alert fires, or is over.
pub(super) fn of(alert: &Alert, link: &str, now: Timestamp) -> AlertMessage {
    let (kind, state, word) = match alert.state {
        AlertState::Firing | AlertState::Pending => ("alert.firing", "firing", "Firing"),
        AlertState::Resolved => ("alert.resolved", "resolved", "Resolved"),
    };
    let severity = severity(alert.severity);
    message(
        &Body {
            kind,
            alert: &alert.rule,
            state,
            severity,
            summary: &alert.summary,
            value: alert.value,
            limit: alert.limit,
            since: alert.since,
            link,
            text: format!("{word} ({severity}): {} {link}", alert.summary),
        },
        now,
    )
}

/// The message that somebody tries the webhook.
pub(super) fn test(link: &str, now: Timestamp) -> AlertMessage {
    let summary = "A test: messages of Evenkeel's alerts arrive here.";
    message(
        &Body {
            kind: "alert.test",
            alert: "test",
            state: "test",
            severity: "warning",
            summary,
            value: None,
            limit: None,
            since: now,
            link,
            text: format!("{summary} {link}"),
        },
        now,
    )
}

fn message(body: &Body<'_>, now: Timestamp) -> AlertMessage {
    AlertMessage {
        id: Uuid::now_v7().to_string(),
        written_at: now,
        // Of texts and finite numbers nothing can fail; an empty body would still wake somebody.
        body: serde_json::to_string(body).unwrap_or_default(),
    }
}

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
    }
}

/// The panel, under the name by which people reach this server.
pub(super) fn link(shared: &Shared, address: SocketAddr) -> String {
    match &shared.config().public_url {
        Some(url) => format!("{}/admin", url.as_str().trim_end_matches('/')),
        None => format!("http://{address}/admin"),
    }
}
