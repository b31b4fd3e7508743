//! Alerts: those that stand, and the rules by which they come.

use evenkeel_protocol::{Alert, AlertState, Severity};
use leptos::prelude::*;

use super::panel::Panel;
use super::rules::rules;
use super::settings::editor;
use crate::components::{LocalTime, each};
use crate::state::panel::{PanelRoute, PanelView};

fn state(state: AlertState) -> &'static str {
    match state {
        AlertState::Pending => "pending",
        AlertState::Firing => "firing",
        AlertState::Resolved => "resolved",
    }
}

fn all(panel: Panel) -> Memo<Vec<Alert>> {
    Memo::new(move |_| {
        panel.report.with(|report| {
            report
                .as_ref()
                .map(|report| report.alerts.clone())
                .unwrap_or_default()
        })
    })
}

/// What stands at present, on top of the overview.
pub(super) fn line(panel: Panel) -> AnyView {
    list(all(panel))
}

fn list(alerts: Memo<Vec<Alert>>) -> AnyView {
    let none = Memo::new(move |_| alerts.with(Vec::is_empty));
    let keys = move || alerts.with(|all| all.iter().map(|alert| alert.rule.clone()).collect());
    let one = move |rule: String| {
        let alert =
            Memo::new(move |_| alerts.with(|all| all.iter().find(|one| one.rule == rule).cloned()));
        let shown = move || alert.get().map(|alert| row(&alert));
        view! { {shown} }.into_any()
    };
    view! {
        <ul class="alerts" aria-label="Alerts" hidden=move || none.get()>
            {each(keys, one)}
        </ul>
    }
    .into_any()
}

fn row(alert: &Alert) -> AnyView {
    let severity = match alert.severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
    };
    view! {
        <li
            class="alert"
            data-testid="alert"
            data-rule=alert.rule.clone()
            data-state=state(alert.state)
            data-severity=severity
        >
            <span class="alert-state">{state(alert.state)}</span>
            <span class="alert-summary">{alert.summary.clone()}</span>
            <span class="text-muted">{severity} ", since " <LocalTime at=alert.since /></span>
        </li>
    }
    .into_any()
}

/// The rules, which can be edited.
pub(super) fn page(panel: Panel) -> AnyView {
    let alerts = all(panel);
    let none = Memo::new(move |_| alerts.with(Vec::is_empty));
    let quiet = move || {
        none.get().then(|| view! { <p class="text-muted">"No alert is pending or firing, and none was resolved lately."</p> })
    };
    let log = PanelRoute::to(PanelView::Log).with("state", "failed");
    view! {
        <section class="flex flex-col gap-2">
            <h2 class="text-lg font-semibold">"Now"</h2>
            {quiet}
            {list(alerts)}
            <p class="text-sm text-muted">
                "Every change is logged, and sent to the webhook where one is set. " <a href=log.address()>"See the failed attempts"</a>
            </p>
        </section>
        <section class="flex flex-col gap-2">
            <h2 class="text-lg font-semibold">"Rules"</h2>
            {rules(panel)}
            {editor(panel, "global".to_owned(), |key| key.starts_with("alerts."))}
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_said_of_a_state_is_its_name_on_the_wire() {
        use evenkeel_protocol::AlertState;
        for state in [
            AlertState::Pending,
            AlertState::Firing,
            AlertState::Resolved,
        ] {
            let wire = serde_json::to_string(&state).unwrap();
            assert_eq!(wire, format!("\"{}\"", super::state(state)));
        }
    }
}
