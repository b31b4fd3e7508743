//! An alert in a sentence.

use evenkeel_protocol::AlertState;

use crate::config::{LimitKind, Rule, RuleFacts};

/// What is the matter, or was.
pub fn summary(
    facts: &RuleFacts,
    state: AlertState,
    value: Option<f64>,
    limit: Option<f64>,
) -> String {
    if state == AlertState::Resolved {
        return format!("Over: {}", over(facts.rule));
    }
    let number = |number: f64| written(facts.kind, number);
    let (value, limit) = (
        value.map_or_else(String::new, number),
        limit.map_or_else(String::new, number),
    );
    match facts.rule {
        Rule::Exhausted => "No model of a chain could answer: some turns of the last 5 minutes ended without an answer.".to_owned(),
        Rule::EveryCircuitOpen => "Every circuit is open: nothing can answer.".to_owned(),
        Rule::PrimaryCircuitOpen => "The circuit of the model that is asked by default is open; others step in where they can.".to_owned(),
        Rule::ErrorRate | Rule::ErrorRateCritical => {
            format!("{value} of the last 5 minutes' turns ended without an answer; the limit is {limit}.")
        }
        Rule::FallbackRate | Rule::FallbackRateHigh => format!(
            "{value} of the last 5 minutes' turns were answered by another model than the one asked for; the limit is {limit}."
        ),
        Rule::PrimaryFallbacks => format!(
            "Another model than the one asked for answered {value} times in 15 minutes; the limit is {limit}."
        ),
        Rule::P95 => format!("5 in 100 answers take longer than {value}; the limit is {limit}."),
        Rule::CostPerHour => format!("The last hour cost {value}; the limit is {limit}."),
        Rule::Panics => "A fault of this program ended a request in the last 5 minutes; the log says where.".to_owned(),
    }
}

fn over(rule: Rule) -> &'static str {
    match rule {
        Rule::Exhausted => "every turn of the last 5 minutes found a model that answered.",
        Rule::EveryCircuitOpen => "something can answer again.",
        Rule::PrimaryCircuitOpen => {
            "the circuit of the model that is asked by default lets traffic through."
        }
        Rule::ErrorRate | Rule::ErrorRateCritical => "the error rate is below its limit.",
        Rule::FallbackRate | Rule::FallbackRateHigh => "the fallback rate is below its limit.",
        Rule::PrimaryFallbacks => "other models rarely step in any more.",
        Rule::P95 => "answers are as fast as they should be.",
        Rule::CostPerHour => "the last hour's cost is below its limit.",
        Rule::Panics => "no fault of this program in the last 5 minutes.",
    }
}

fn written(kind: LimitKind, number: f64) -> String {
    match kind {
        LimitKind::Share => {
            let percent = format!("{:.1}", number * 100.0);
            format!("{} %", percent.trim_end_matches(".0"))
        }
        LimitKind::Time => {
            let seconds = format!("{number:.1}");
            format!("{} s", seconds.trim_end_matches(".0"))
        }
        LimitKind::Dollars => format!("${number:.2}"),
        LimitKind::Count | LimitKind::Switch => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RULES;

    fn facts(rule: Rule) -> &'static RuleFacts {
        RULES.iter().find(|facts| facts.rule == rule).unwrap()
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        let said = summary(
            facts(Rule::ErrorRate),
            AlertState::Firing,
            Some(0.125),
            Some(0.05),
        );
        assert!(
            said.contains("12.5 %") && said.contains("limit is 5 %"),
            "{said}"
        );
        let said = summary(facts(Rule::P95), AlertState::Firing, Some(12.0), Some(10.0));
        assert!(said.contains("12 s") && said.contains("10 s"), "{said}");
        let said = summary(
            facts(Rule::CostPerHour),
            AlertState::Pending,
            Some(3.456),
            Some(2.0),
        );
        assert!(said.contains("$3.46") && said.contains("$2.00"), "{said}");
    }

    #[test]
    fn every_rule_says_what_is_the_matter_and_that_it_is_over() {
        for facts in &RULES {
            let firing = summary(facts, AlertState::Firing, Some(1.0), facts.limit);
            let over = summary(facts, AlertState::Resolved, Some(0.0), facts.limit);
            assert!(firing.ends_with('.') && over.ends_with('.'), "{facts:?}");
            assert!(over.starts_with("Over: "), "{over}");
        }
    }
}
