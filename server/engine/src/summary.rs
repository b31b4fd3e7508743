//! The account of an exhausted chain, for people: deterministic, one line a leg, and what the reader can do.

use crate::{LegFailure, Reason};

/// Says why no model could answer: the requested model's own failure first, each fallback's after it, and then what can
/// be done. `organisation` is named where there is one.
pub fn summarise(failures: &[LegFailure], organisation: Option<&str>) -> String {
    let whose = organisation
        .map(|name| format!(" for {name}"))
        .unwrap_or_default();
    let headline = match failures {
        [_] => format!("The model could not answer{whose}, and there is no other to fall back to."),
        [] => format!("No model was asked{whose}."),
        [..] => format!("None of the {} models could answer{whose}.", failures.len()),
    };
    account(headline, failures)
}

/// Says that an answer broke off, and why each model that was tried failed; the last one is the one that broke off.
pub fn summarise_interruption(failures: &[LegFailure]) -> String {
    let headline = "The answer broke off. What there is of it is kept.".to_owned();
    account(headline, failures)
}

fn account(headline: String, failures: &[LegFailure]) -> String {
    let mut lines = vec![headline];
    for (place, failure) in failures.iter().enumerate() {
        let role = if place == 0 {
            "the model asked for"
        } else {
            "fallback"
        };
        let status = failure
            .status_code
            .map(|code| format!(", HTTP {code}"))
            .unwrap_or_default();
        let detail = match &failure.detail {
            Some(detail) if !detail.is_empty() => format!(": {detail}"),
            Some(_) | None => String::new(),
        };
        lines.push(format!(
            "• {} ({role}): {}{status}{detail}",
            failure.model,
            in_words(failure.reason)
        ));
    }
    lines.push(action(failures).to_owned());
    lines.join("\n")
}

/// A reason in plain words.
fn in_words(reason: Reason) -> &'static str {
    match reason {
        Reason::ModelNotFound => "the provider does not know this model",
        Reason::QuotaExhausted => "rate limit or quota reached",
        Reason::AuthError => "the provider refused the credential",
        Reason::ProviderUnavailable => "the provider is overloaded or failing",
        Reason::ProviderError => "the provider refused the request",
        Reason::ResponseRejected => "the answer was empty or was refused",
        Reason::Unknown => "it failed for an unknown reason",
        Reason::Timeout => "it did not answer in time",
        Reason::ConnectionFailed => "the provider could not be reached",
        Reason::StreamInterrupted => "the answer broke off",
        Reason::ContextLengthExceeded => "the conversation is too long for it",
        Reason::ContentFiltered => "its safety system refused",
        Reason::CircuitOpen => "not asked, because it failed repeatedly just now",
        Reason::NotCapable => "it cannot do what this turn needs",
        Reason::DeadlineExceeded => "the turn was over before it could answer",
    }
}

/// What the reader can do, by who can mend the first failure that somebody can.
fn action(failures: &[LegFailure]) -> &'static str {
    let any = |wanted: &[Reason]| {
        failures
            .iter()
            .any(|failure| wanted.contains(&failure.reason))
    };
    if any(&[Reason::ContextLengthExceeded]) {
        "Shorten the conversation or begin a new one, then try again."
    } else if any(&[
        Reason::ProviderUnavailable,
        Reason::Timeout,
        Reason::ConnectionFailed,
        Reason::StreamInterrupted,
        Reason::CircuitOpen,
        Reason::DeadlineExceeded,
        Reason::ResponseRejected,
        Reason::Unknown,
    ]) {
        "Try again in a moment. If it stays like this, tell your administrator."
    } else if any(&[Reason::QuotaExhausted]) {
        "Wait a little and try again, or ask your administrator to look at the provider's limits and credit."
    } else if any(&[Reason::NotCapable]) {
        "Choose a model that can do what this needs, or leave out what these models cannot take."
    } else {
        "Ask your administrator to check the model names and the provider's credentials."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(model: &str, status_code: Option<u16>, reason: Reason, detail: &str) -> LegFailure {
        LegFailure {
            model: model.into(),
            provider: "p".into(),
            status_code,
            reason,
            detail: Some(detail.to_owned()),
            simulated: false,
        }
    }

    #[test]
    fn the_requested_model_comes_first_and_the_action_last() {
        let failures = [
            failure(
                "gpt-4-turbo",
                Some(404),
                Reason::ModelNotFound,
                "no such model",
            ),
            failure("gpt-4o-mini", Some(403), Reason::AuthError, "no access"),
        ];
        assert_eq!(
            summarise(&failures, Some("Engineering Dept")),
            "None of the 2 models could answer for Engineering Dept.\n\
             • gpt-4-turbo (the model asked for): the provider does not know this model, HTTP 404: no such model\n\
             • gpt-4o-mini (fallback): the provider refused the credential, HTTP 403: no access\n\
             Ask your administrator to check the model names and the provider's credentials."
        );
    }

    #[test]
    fn a_lone_model_says_that_there_was_no_other() {
        let failures = [failure("a", Some(429), Reason::QuotaExhausted, "slow down")];
        let summary = summarise(&failures, None);
        assert!(
            summary.contains("there is no other to fall back to"),
            "{summary}"
        );
        assert!(summary.ends_with("limits and credit."), "{summary}");
    }

    #[test]
    fn every_reason_has_words_and_an_action() {
        for reason in Reason::ALL {
            let summary = summarise(&[failure("m", None, *reason, "")], None);
            assert_eq!(summary.lines().count(), 3, "{summary}");
        }
    }
}
