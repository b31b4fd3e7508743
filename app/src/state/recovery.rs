//! Questions that wait until a model is there again. They are kept by the browser, so that they outlive the page; each has the id
//! under which it will be asked, so that it is asked once, whoever asks.

use evenkeel_protocol::{ConversationId, Forecast, MessageId, ModelId, RequestId, Timestamp};
use serde::{Deserialize, Serialize};

/// Nothing is asked any more that has been waiting for so long.
const FORGOTTEN_MS: i64 = 24 * 60 * 60 * 1000;
/// A model that is said to answer, and has just failed, is given this time.
const PAUSE_MS: i64 = 10_000;

/// A question that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The id under which it is asked.
    pub request_id: RequestId,
    /// Where it was asked.
    pub conversation_id: ConversationId,
    /// The question.
    pub question: MessageId,
    /// The model that is asked for; the others of its chain step in.
    pub model: ModelId,
    /// The answer that did not come about, and the assistant that was to give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant: Option<(MessageId, String)>,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
    /// It is not asked before then.
    pub earliest: i64,
}

impl Waiting {
    /// It begins to wait. `expected` is when a model is likely to be back.
    pub fn new(
        (request_id, conversation_id, question): (RequestId, ConversationId, MessageId),
        (model, assistant): (ModelId, Option<(MessageId, String)>),
        forecast: &Forecast,
        expected: Option<Timestamp>,
        now: i64,
    ) -> Self {
        // The forecast may not have seen yet what this turn has seen.
        let earliest = if would_answer(forecast, &asked(&model, assistant.as_ref())) {
            expected
                .map(Timestamp::as_millisecond)
                .filter(|at| *at > now)
                .unwrap_or(now + PAUSE_MS)
        } else {
            now
        };
        Self {
            request_id,
            conversation_id,
            question,
            model,
            assistant,
            since: now,
            earliest,
        }
    }

    /// Whether it is to be asked now.
    pub fn due(&self, forecast: &Forecast, now: i64) -> bool {
        let asked = asked(&self.model, self.assistant.as_ref());
        now >= self.earliest && would_answer(forecast, &asked)
    }

    /// It has waited so long that nobody expects it any more.
    pub fn forgotten(&self, now: i64) -> bool {
        now - self.since > FORGOTTEN_MS
    }
}

/// Whose forecast counts: an assistant has one of its own.
fn asked(model: &ModelId, assistant: Option<&(MessageId, String)>) -> ModelId {
    assistant.map_or_else(|| model.clone(), |(_, id)| ModelId(id.clone()))
}

/// Whether somebody would answer a turn that asks for this model: itself, or one that steps in.
pub fn would_answer(forecast: &Forecast, model: &ModelId) -> bool {
    let mut models = forecast.models.iter();
    models
        .find(|known| known.model == *model)
        .is_none_or(|known| known.answers.is_some())
}

/// Which of these models is likely to be back first, and when.
pub fn expected(
    forecast: &Forecast,
    models: impl Fn(&ModelId) -> bool,
) -> Option<(&ModelId, Timestamp)> {
    let known = forecast.models.iter().filter(|known| models(&known.model));
    known
        .filter_map(|known| Some((&known.model, known.retry_at?)))
        .min_by_key(|(_, at)| *at)
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::{ModelForecast, Reason};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn forecast(models: &[(&str, Option<&str>, Option<i64>)]) -> Forecast {
        let models = models.iter().map(|(model, answers, back)| ModelForecast {
            model: (*model).into(),
            answers: answers.map(Into::into),
            reason: Some(Reason::CircuitOpen),
            retry_at: back.map(at),
            simulated: false,
        });
        Forecast {
            models: models.collect(),
        }
    }

    fn waiting(forecast: &Forecast, expected: Option<i64>, now: i64) -> Waiting {
        let ids = ("r".into(), "c".into(), "q".into());
        let asked = ("a".into(), None);
        Waiting::new(ids, asked, forecast, expected.map(at), now * 1000)
    }

    #[test]
    fn it_is_due_as_soon_as_one_of_its_chain_would_answer() {
        let nobody = forecast(&[("a", None, None), ("b", None, None)]);
        let waiting = waiting(&nobody, None, 100);
        assert!(!waiting.due(&nobody, 100_000));
        assert!(waiting.due(&forecast(&[("a", Some("b"), None)]), 100_000));
        assert!(waiting.due(&forecast(&[("b", None, None)]), 100_000));
        assert!(!waiting.due(&forecast(&[("a", None, None)]), 200_000));
    }

    #[test]
    fn a_forecast_that_knows_nothing_yet_is_not_believed_at_once() {
        let all_well = Forecast::default();
        assert!(!waiting(&all_well, None, 100).due(&all_well, 109_999));
        assert!(waiting(&all_well, None, 100).due(&all_well, 110_000));
        assert!(!waiting(&all_well, Some(130), 100).due(&all_well, 129_999));
        assert!(waiting(&all_well, Some(130), 100).due(&all_well, 130_000));
        assert!(!waiting(&all_well, Some(90), 100).due(&all_well, 109_999));
    }

    #[test]
    fn what_an_assistant_is_to_answer_waits_for_the_assistant() {
        let nobody = forecast(&[("a", None, None), ("qa", None, None)]);
        let ids = ("r".into(), "c".into(), "q".into());
        let asked = ("a".into(), Some(("m".into(), "qa".to_owned())));
        let waiting = Waiting::new(ids, asked, &nobody, None, 0);
        assert!(!waiting.due(&nobody, 1));
        assert!(!waiting.due(&forecast(&[("qa", None, None)]), 1));
        assert!(waiting.due(&forecast(&[("a", None, None)]), 1));
        assert!(waiting.due(&forecast(&[("qa", Some("b"), None)]), 1));
        let json = serde_json::to_string(&waiting).unwrap();
        assert_eq!(serde_json::from_str::<Waiting>(&json).unwrap(), waiting);
        let before = r#"{"request_id":"r","conversation_id":"c","question":"q","model":"a","since":0,"earliest":0}"#;
        assert_eq!(
            serde_json::from_str::<Waiting>(before).unwrap().assistant,
            None
        );
    }

    #[test]
    fn nobody_expects_it_after_a_day() {
        let waiting = waiting(&Forecast::default(), None, 100);
        assert!(!waiting.forgotten(100_000 + FORGOTTEN_MS));
        assert!(waiting.forgotten(100_001 + FORGOTTEN_MS));
    }

    #[test]
    fn the_first_to_be_back_is_named() {
        let forecast = forecast(&[
            ("a", None, Some(300)),
            ("b", None, Some(200)),
            ("c", None, None),
            ("d", None, Some(100)),
        ]);
        let chain = |id: &ModelId| id.as_str() != "d";
        let first = expected(&forecast, chain);
        assert_eq!(first, Some((&"b".into(), at(200))));
        assert_eq!(expected(&Forecast::default(), chain), None);
    }
}
