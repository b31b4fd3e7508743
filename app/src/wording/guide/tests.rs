use evenkeel_protocol::{CircuitView, Timestamp};

use super::*;

fn finding(reason: Reason, status_code: Option<u16>) -> Finding {
    Finding {
        provider: "openai".into(),
        model: Some("gpt-4o".into()),
        circuit: CircuitView {
            state: CircuitState::Open,
            forced: false,
            since: Timestamp::from_millisecond(1_790_000_000_000).ok(),
            next_probe_at: None,
            reason: Some(reason),
            simulated: false,
        },
        status_code,
        saved: 0,
        saved_by: None,
    }
}

/// What is offered, and where it leads.
fn offered(finding: &Finding, near: &[String]) -> Vec<(String, String)> {
    let steps = advice(finding, None, near, &[]).steps.into_iter();
    steps
        .map(|step| {
            let leads = match step.go {
                Go::To(route) => route.address(),
                other @ (Go::Test(_) | Go::Reset(..) | Go::Disable(_) | Go::Withdraw(_)) => {
                    format!("{other:?}")
                }
            };
            (step.label, leads)
        })
        .collect()
}

fn offers(finding: &Finding, label: &str, leads: &str) {
    let all = offered(finding, &[]);
    let wanted = (label.to_owned(), leads.to_owned());
    assert!(all.contains(&wanted), "{wanted:?} in {all:#?}");
}

#[test]
fn a_refused_key_is_replaced() {
    let finding = finding(Reason::AuthError, Some(401));
    offers(
        &finding,
        "Replace the key",
        "/admin?view=settings&scope=providers/openai&key=key",
    );
    assert_eq!(
        advice(&finding, None, &[], &[]).title,
        "gpt-4o is refused its key"
    );
}

#[test]
fn a_candidate_that_fails_is_taken_out_first() {
    let finding = finding(Reason::ModelNotFound, Some(404));
    let tried = Tried {
        assistant: "qa".into(),
        name: "Questions".into(),
        model: "gpt-4o".into(),
        percent: 5.0,
    };
    let steps = advice(&finding, None, &[], std::slice::from_ref(&tried)).steps;
    assert_eq!(steps[0].label, "Reduce Questions to 0 %");
    assert!(
        steps[0]
            .text
            .starts_with("5 % of the conversations of Questions try gpt-4o.")
    );
    assert_eq!(steps[0].go, Go::Withdraw(tried));
    assert_eq!(steps[1..], advice(&finding, None, &[], &[]).steps);
}

#[test]
fn a_rate_limit_is_waited_for_or_walked_around() {
    let finding = finding(Reason::QuotaExhausted, Some(429));
    offers(
        &finding,
        "Raise the base delay",
        "/admin?view=settings&scope=providers/openai&key=resilience.retry_base_delay",
    );
    offers(
        &finding,
        "Change the order",
        "/admin?view=settings&scope=global&key=resilience.provider_order",
    );
}

#[test]
fn a_slow_provider_gets_more_time() {
    offers(
        &finding(Reason::Timeout, None),
        "Raise the timeout",
        "/admin?view=settings&scope=providers/openai&key=resilience.timeout",
    );
}

#[test]
fn a_model_that_is_not_known_has_names_beside_it() {
    let finding = finding(Reason::ModelNotFound, Some(404));
    let near = ["gpt-4.1".to_owned()];
    let advice = advice(&finding, None, &near, &[]);
    assert!(advice.steps[0].text.contains("gpt-4.1"), "{advice:?}");
    offers(
        &finding,
        "Change its chain",
        "/admin?view=settings&scope=models/gpt-4o&key=fallbacks",
    );
}

#[test]
fn every_open_circuit_can_be_tuned_reset_and_looked_into() {
    for reason in Reason::ALL {
        let finding = finding(reason, None);
        for key in ["circuit_cooldown", "circuit_threshold"] {
            let leads = format!("/admin?view=settings&scope=providers/openai&key=resilience.{key}");
            assert!(
                offered(&finding, &[]).iter().any(|(_, to)| *to == leads),
                "{reason:?}"
            );
        }
        offers(
            &finding,
            "See the attempts",
            "/admin?view=log&state=failed&model=gpt-4o&from=1789999100000",
        );
        let labels: Vec<_> = offered(&finding, &[])
            .into_iter()
            .map(|(label, _)| label)
            .collect();
        assert!(
            labels.contains(&"Reset its circuit".to_owned()),
            "{labels:?}"
        );
    }
}

#[test]
fn what_is_held_open_by_hand_is_only_reset() {
    let mut held = finding(Reason::Unknown, None);
    (held.circuit.forced, held.model) = (true, None);
    let labels: Vec<_> = offered(&held, &[])
        .into_iter()
        .map(|(label, _)| label)
        .collect();
    assert_eq!(labels, ["Reset its circuit", "See the attempts"]);
    assert_eq!(advice(&held, None, &[], &[]).title, "openai is held open");
}

#[test]
fn a_whole_provider_is_tested_by_one_of_its_models() {
    let mut whole = finding(Reason::ConnectionFailed, None);
    whole.model = None;
    let model = ModelId::from("gpt-4o");
    let steps = advice(&whole, Some(&model), &[], &[]).steps;
    assert_eq!(steps[0].go, Go::Test(model));
    let Go::To(overview) = &advice(&whole, None, &[], &[]).steps[0].go else {
        panic!("nothing to go to");
    };
    assert_eq!(overview.address(), "/admin?provider=openai");
}
