//! Who would answer now, where it is not the model that is chosen.

use evenkeel_protocol::{Forecast, ModelForecast, ModelId, Reason};

use super::countdown;

/// What is known of a model, where it would not answer itself.
pub fn forecast_for<'a>(forecast: &'a Forecast, model: &ModelId) -> Option<&'a ModelForecast> {
    forecast.models.iter().find(|known| known.model == *model)
}

/// What is the matter with a model, as the end of a sentence about it.
fn ails(reason: Option<Reason>) -> &'static str {
    match reason {
        Some(Reason::ModelNotFound) => "is not known to its provider",
        Some(Reason::QuotaExhausted) => "is rate limited",
        Some(Reason::AuthError) => "has no valid key",
        Some(Reason::ProviderUnavailable) => "is not available",
        Some(Reason::ProviderError) => "refuses requests",
        Some(Reason::ResponseRejected) => "gives no usable answers",
        Some(Reason::Timeout) => "does not answer in time",
        Some(Reason::ConnectionFailed) => "cannot be reached",
        Some(Reason::StreamInterrupted) => "breaks off",
        Some(Reason::ContextLengthExceeded) => "is too small for this conversation",
        Some(Reason::ContentFiltered) => "refuses this conversation",
        Some(Reason::CircuitOpen) => "is resting after failures",
        Some(Reason::NotCapable) => "cannot do this",
        Some(Reason::DeadlineExceeded | Reason::Unknown) | None => "is failing",
    }
}

/// "beta would answer: alpha is rate limited". What follows it, where a time is known, is [`likely_back`].
pub fn forecast(expected: &ModelForecast) -> String {
    let (model, ails) = (&expected.model, ails(expected.reason));
    match &expected.answers {
        Some(answers) => format!("{answers} would answer: {model} {ails}"),
        None => format!("No model would answer now: {model} {ails}"),
    }
}

/// "likely back in 24 s"; none where the time is over or not known.
pub fn likely_back(expected: &ModelForecast, now: i64) -> Option<String> {
    let left = expected.retry_at?.as_millisecond() - now;
    (left > 0).then(|| format!("likely back in {}", countdown(left)))
}

/// A model as an entry of the picker: "alpha · is rate limited, beta would answer".
pub fn option(label: &str, expected: Option<&ModelForecast>) -> String {
    match expected {
        None => label.to_owned(),
        Some(expected) => {
            let ails = ails(expected.reason);
            match &expected.answers {
                Some(answers) => format!("{label} · {ails}, {answers} would answer"),
                None => format!("{label} · {ails}, nobody would answer"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::Timestamp;

    use super::*;

    fn expected(answers: Option<&str>) -> ModelForecast {
        ModelForecast {
            model: "alpha".into(),
            answers: answers.map(Into::into),
            reason: Some(Reason::QuotaExhausted),
            retry_at: Timestamp::from_millisecond(24_000).ok(),
            simulated: false,
        }
    }

    #[test]
    fn it_says_who_would_answer_and_why_not_the_chosen_one() {
        let stands_in = expected(Some("beta"));
        assert_eq!(
            forecast(&stands_in),
            "beta would answer: alpha is rate limited"
        );
        assert_eq!(
            option("alpha", Some(&stands_in)),
            "alpha · is rate limited, beta would answer"
        );
        assert_eq!(option("alpha", None), "alpha");
        let nobody = expected(None);
        assert_eq!(
            forecast(&nobody),
            "No model would answer now: alpha is rate limited"
        );
        assert_eq!(
            option("alpha", Some(&nobody)),
            "alpha · is rate limited, nobody would answer"
        );
    }

    #[test]
    fn a_time_that_is_over_is_not_said() {
        assert_eq!(
            likely_back(&expected(None), 0).as_deref(),
            Some("likely back in 24 s")
        );
        assert_eq!(likely_back(&expected(None), 24_000), None);
    }

    #[test]
    fn a_model_that_is_not_named_answers_itself() {
        let all = Forecast {
            models: vec![expected(None)],
        };
        assert!(forecast_for(&all, &"alpha".into()).is_some());
        assert!(forecast_for(&all, &"beta".into()).is_none());
    }
}
