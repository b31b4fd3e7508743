//! How assistants stand, and what is asked before their rollout is changed.

use evenkeel_protocol::{AssistantHealth, ModelId, Status, TurnFigures};

use super::{percent, short_time, thousands};

/// Whether an assistant can answer, in words.
pub fn assistant_status(status: Status) -> &'static str {
    match status {
        Status::Ok => "Answering",
        Status::Degraded => "A fallback answers",
        Status::Down => "Nobody can answer",
    }
}

/// A share of 100 as it is read: "5 %", "2.5 %".
pub fn share(of_hundred: f64) -> String {
    format!("{} %", (of_hundred * 1e4).round() / 1e4)
}

/// "Asks gpt-4o, then claude-sonnet."; where nobody may step in, it says so.
pub fn asks(assistant: &AssistantHealth) -> String {
    let (first, others) = match &assistant.chain[..] {
        [] => return "Asks nobody.".to_owned(),
        [first, others @ ..] => (first, others),
    };
    if !assistant.use_fallback {
        return format!("Asks {first}; nobody may step in.");
    }
    if others.is_empty() {
        return format!("Asks {first}; nobody is there to step in.");
    }
    let others: Vec<_> = others.iter().map(ModelId::as_str).collect();
    format!("Asks {first}, then {}.", others.join(", then "))
}

/// One of the two models that an assistant's conversations begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// The model.
    pub model: String,
    /// It is the candidate.
    pub candidate: bool,
    /// What there is to say of it, by name; the same names for both.
    pub facts: Vec<(&'static str, String)>,
}

/// An assistant's own model, and its candidate beside it.
pub fn arms(assistant: &AssistantHealth) -> Vec<Arm> {
    let tried = assistant.candidate.as_ref();
    let percent = tried.map_or(0.0, |candidate| candidate.percent);
    let effective = if assistant.use_candidate {
        percent
    } else {
        0.0
    };
    let own = Arm {
        model: assistant.model.to_string(),
        candidate: false,
        facts: facts(tried.map(|_| share(100.0 - effective)), &assistant.turns),
    };
    let candidate = tried.map(|candidate| Arm {
        model: candidate.model.to_string(),
        candidate: true,
        facts: facts(Some(share(effective)), &assistant.candidate_turns),
    });
    [own].into_iter().chain(candidate).collect()
}

/// Where there is no candidate, all conversations are its own model's, which needs no saying.
fn facts(conversations: Option<String>, turns: &TurnFigures) -> Vec<(&'static str, String)> {
    let of = |part: u64| match turns.turns {
        0 => "–".to_owned(),
        all => percent(part, all),
    };
    let p95 = turns.total.map(|total| short_time(total.p95_ms));
    let share = conversations.map(|share| ("Conversations", share));
    let figures = [
        ("Turns", thousands(turns.turns)),
        ("Answered", of(turns.answered)),
        ("By a fallback", of(turns.fallbacks)),
        ("p95 to the end", p95.unwrap_or_else(|| "–".to_owned())),
    ];
    share.into_iter().chain(figures).collect()
}

/// What is asked before another share of the conversations tries the candidate.
pub fn rollout(name: &str, candidate: &ModelId, of_hundred: f64) -> String {
    let share = share(of_hundred);
    format!("Let {share} of the conversations of {name} try {candidate}?")
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::{Candidate, Percentiles};

    use super::*;

    fn assistant() -> AssistantHealth {
        AssistantHealth {
            id: "qa".into(),
            name: "Questions".into(),
            status: Status::Ok,
            model: "own".into(),
            candidate: Some(Candidate {
                model: "tuned".into(),
                percent: 2.5,
            }),
            use_candidate: true,
            use_fallback: true,
            chain: vec!["own".into(), "other".into(), "last".into()],
            turns: TurnFigures {
                turns: 1_200,
                answered: 1_200,
                fallbacks: 60,
                exhausted: 0,
                total: Some(Percentiles {
                    p50_ms: 900,
                    p95_ms: 2_100,
                    p99_ms: 3_000,
                }),
            },
            candidate_turns: TurnFigures::default(),
        }
    }

    #[test]
    fn whom_it_asks_is_a_sentence() {
        let mut qa = assistant();
        assert_eq!(asks(&qa), "Asks own, then other, then last.");
        qa.use_fallback = false;
        assert_eq!(asks(&qa), "Asks own; nobody may step in.");
        (qa.use_fallback, qa.chain) = (true, vec!["own".into()]);
        assert_eq!(asks(&qa), "Asks own; nobody is there to step in.");
        qa.chain.clear();
        assert_eq!(asks(&qa), "Asks nobody.");
    }

    #[test]
    fn both_models_stand_side_by_side() {
        let said = |arm: &Arm| {
            let facts = arm.facts.iter();
            facts.map(|(_, fact)| fact.clone()).collect::<Vec<_>>()
        };
        let mut qa = assistant();
        let [own, tuned] = &arms(&qa)[..] else {
            panic!("two models");
        };
        assert_eq!((own.model.as_str(), own.candidate), ("own", false));
        let figures = ["97.5 %", "1\u{202f}200", "100 %", "5 %", "2.1 s"];
        assert_eq!(said(own), figures);
        assert_eq!((tuned.model.as_str(), tuned.candidate), ("tuned", true));
        assert_eq!(said(tuned), ["2.5 %", "0", "–", "–", "–"]);

        qa.use_candidate = false;
        assert_eq!(said(&arms(&qa)[0])[0], "100 %");
        assert_eq!(said(&arms(&qa)[1])[0], "0 %");
        qa.candidate = None;
        let [own] = &arms(&qa)[..] else {
            panic!("one model");
        };
        assert_eq!(own.facts.first(), Some(&("Turns", "1\u{202f}200".into())));
    }

    #[test]
    fn shares_have_no_needless_digits() {
        assert_eq!(share(100.0 - 99.9), "0.1 %");
        assert_eq!(
            rollout("Questions", &"tuned".into(), 0.0),
            "Let 0 % of the conversations of Questions try tuned?"
        );
    }
}
