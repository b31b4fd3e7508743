//! How providers and models stand.

use evenkeel_protocol::{CircuitState, CircuitView, HealthReport, Status, Timestamp};

use super::reason;

/// A circuit's state in words.
pub fn circuit(state: CircuitState, forced: bool) -> &'static str {
    match (state, forced) {
        (CircuitState::Closed, false) => "Answering",
        (CircuitState::Closed, true) => "Held closed",
        (CircuitState::HalfOpen, _) => "Probing",
        (CircuitState::Open, false) => "Resting",
        (CircuitState::Open, true) => "Held open",
    }
}

/// The sentence on top of the health page; a time of day is added by the page, which knows the reader's time zone.
pub fn verdict(report: &HealthReport) -> Vec<(String, Option<Timestamp>)> {
    let mut sentences = Vec::new();
    if report.status == Status::Down {
        sentences.push(("No model can answer at present.".to_owned(), None));
    }
    let mut tell = |id: &str, view: &CircuitView| {
        let because = view
            .reason
            .map_or_else(String::new, |why| format!(" ({})", reason(why, None)));
        let sentence = match (view.state, view.forced) {
            (CircuitState::Closed, _) => return false,
            (CircuitState::Open, true) => format!("{id} is held open by an administrator"),
            (CircuitState::Open, false) => format!("{id} is not answering{because}"),
            (CircuitState::HalfOpen, _) => format!("{id} is being probed{because}"),
        };
        sentences.push((sentence, view.since));
        true
    };
    for provider in &report.providers {
        if !tell(provider.id.as_str(), &provider.circuit) {
            for model in &provider.models {
                tell(model.id.as_str(), &model.circuit);
            }
        }
    }
    if sentences.is_empty() {
        sentences.push(("All well.".to_owned(), None));
    }
    sentences
}
