//! The rules by which alerts come, as they are set, and the webhook that is told of them.

use leptos::prelude::*;

use super::panel::Panel;
use crate::api::admin::{self as api, Delivered, Refused, Rule, Rules, Webhook};
use crate::wording;

/// The rules.
pub(super) fn rules(panel: Panel) -> AnyView {
    let told = RwSignal::new(None::<Result<Rules, Refused>>);
    let revision = Memo::new(move |_| {
        panel
            .report
            .with(|report| report.as_ref().map(|report| report.revision))
    });
    Effect::new(move || {
        revision.get();
        leptos::task::spawn_local(async move {
            let rules = api::alerts().await;
            // The reader may have left the page.
            let _ = told.try_set(Some(rules));
        });
    });
    let shown = move || match told.get() {
        None => view! { <p class="loading text-sm text-muted">"Loading …"</p> }.into_any(),
        Some(Err(refused)) => {
            view! { <p class="problem" role="alert">{refused.sentence}</p> }.into_any()
        }
        Some(Ok(rules)) => {
            let rows: Vec<_> = rules.rules.iter().map(row).collect();
            view! {
                <ul class="card settings" data-testid="rules">{rows}</ul>
                {webhook(&rules.webhook)}
            }
            .into_any()
        }
    };
    view! { {shown} }.into_any()
}

fn row(rule: &Rule) -> AnyView {
    let limit = rule
        .limit
        .map(|limit| wording::limit(limit, rule.unit.as_deref()));
    let set = match (rule.enabled, limit) {
        (false, _) => "off".to_owned(),
        (true, None) => format!("for {}", rule.hold),
        (true, Some(limit)) if rule.hold == "0s" => format!("over {limit}"),
        (true, Some(limit)) => format!("over {limit} for {}", rule.hold),
    };
    view! {
        <li class="rule" data-testid="rule" data-rule=rule.rule.clone() data-on=rule.enabled.then_some("")>
            <div>
                <h3>{rule.label.clone()}</h3>
                <p class="text-muted">{rule.help.clone()}</p>
            </div>
            <p class="rule-set">
                <span class="badge">{rule.severity.clone()}</span>
                " "
                {set}
            </p>
        </li>
    }
    .into_any()
}

fn webhook(webhook: &Webhook) -> AnyView {
    let result = RwSignal::new(None::<Result<Delivered, Refused>>);
    let test = move |_| {
        leptos::task::spawn_local(async move {
            let came = api::test_webhook().await;
            // The reader may have left the page.
            let _ = result.try_set(Some(came));
        });
    };
    let said = match (webhook.configured, webhook.signed) {
        (false, _) => "No webhook is set: alerts are shown here and logged.",
        (true, false) => "Alerts are sent to a webhook, without a signature.",
        (true, true) => "Alerts are sent to a webhook, signed.",
    };
    let waiting = (webhook.waiting > 0).then(|| {
        let waiting = wording::counted(webhook.waiting, "message");
        format!(" {waiting} did not arrive yet and will be sent again.")
    });
    let button = webhook.configured.then(|| {
        view! {
            <button type="button" class="button small" data-testid="webhook-test" on:click=test>
                "Send a test message"
            </button>
        }
    });
    let came = move || {
        result.get().map(|came| match came {
            Ok(came) if came.delivered => "It arrived.".to_owned(),
            Ok(came) => format!("It did not arrive: {}", came.detail.unwrap_or_default()),
            Err(refused) => refused.sentence,
        })
    };
    view! {
        <div class="flex flex-wrap items-center gap-3 text-sm">
            <p>{said}{waiting}</p>
            {button}
            <p role="status">{came}</p>
        </div>
    }
    .into_any()
}
