//! Who would answer now, where it is not the model that is chosen.

use evenkeel_protocol::{Assistant, Forecast, ModelForecast, ModelId, Reason};

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

/// "beta would answer: alpha is rate limited". What follows it, where a time is known, is [`likely_back`]. Of an assistant
/// it is its own model that ails.
pub fn forecast(expected: &ModelForecast, assistant: Option<&Assistant>) -> String {
    let model = assistant.map_or(&expected.model, |assistant| &assistant.model);
    let ails = ails(expected.reason);
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

/// A model as an entry of the picker: "alpha · is rate limited, beta would answer". Of an assistant `model` is its own, which
/// is what ails: "Questions · alpha is rate limited, beta would answer".
pub fn option(label: &str, model: Option<&ModelId>, expected: Option<&ModelForecast>) -> String {
    let Some(expected) = expected else {
        return label.to_owned();
    };
    let ails = ails(expected.reason);
    let who = expected.answers.as_ref().map_or("nobody", ModelId::as_str);
    match model {
        Some(model) => format!("{label} · {model} {ails}, {who} would answer"),
        None => format!("{label} · {ails}, {who} would answer"),
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
            forecast(&stands_in, None),
            "beta would answer: alpha is rate limited"
        );
        assert_eq!(
            option("alpha", None, Some(&stands_in)),
            "alpha · is rate limited, beta would answer"
        );
        assert_eq!(option("alpha", None, None), "alpha");
        let nobody = expected(None);
        assert_eq!(
            forecast(&nobody, None),
            "No model would answer now: alpha is rate limited"
        );
        assert_eq!(
            option("alpha", None, Some(&nobody)),
            "alpha · is rate limited, nobody would answer"
        );
    }

    #[test]
    fn of_an_assistant_its_model_is_named() {
        let assistant = Assistant {
            id: "qa".into(),
            name: "Questions".into(),
            model: "alpha".into(),
        };
        let stands_in = ModelForecast {
            model: "qa".into(),
            ..expected(Some("beta"))
        };
        assert_eq!(
            forecast(&stands_in, Some(&assistant)),
            "beta would answer: alpha is rate limited"
        );
        assert_eq!(
            option("Questions", Some(&assistant.model), Some(&stands_in)),
            "Questions · alpha is rate limited, beta would answer"
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
