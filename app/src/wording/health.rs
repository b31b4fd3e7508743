//! How providers and models stand.

use evenkeel_protocol::{
    CircuitState, Figures, Finding, HealthReport, ProviderId, SettingKind, SettingValue, Status,
    Timestamp,
};

use super::{reason, seconds};
use crate::state::panel::Slot;

/// So many findings are told in sentences; the rest is counted.
const TOLD: usize = 4;

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

/// A sentence with a time in it, which only the page can tell: it knows the reader's time zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What stands before "since".
    pub text: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What stands behind it, up to the full stop.
    pub rest: String,
}

/// The sentences on top of the health page.
pub fn verdict(report: &HealthReport) -> Vec<Told> {
    let plain = |text: &str| Told {
        text: text.to_owned(),
        ..Told::default()
    };
    let mut sentences = Vec::new();
    if report.status == Status::Down {
        sentences.push(plain("No model can answer at present"));
    }
    let distinct = distinct(&report.findings);
    sentences.extend(distinct.iter().take(TOLD).map(|one| finding(one)));
    match distinct.len().saturating_sub(TOLD) {
        0 => {}
        1 => sentences.push(plain("One more is not well")),
        more => sentences.push(plain(&format!("{more} more are not well"))),
    }
    if sentences.is_empty() {
        sentences.push(plain("All well"));
    }
    sentences
}

/// The findings that are told: where a provider is told of, its models are not.
pub fn distinct(findings: &[Finding]) -> Vec<&Finding> {
    let whole = |provider: &ProviderId| {
        let mut all = findings.iter();
        all.any(|one| one.model.is_none() && one.provider == *provider)
    };
    let told = findings.iter();
    told.filter(|one| one.model.is_none() || !whole(&one.provider))
        .collect()
}

/// A finding in a sentence: "openai is failing with 401 since …; 38 answers were saved by claude-sonnet".
pub fn finding(finding: &Finding) -> Told {
    let circuit = &finding.circuit;
    let who = subject(finding);
    let how = match (finding.status_code, circuit.reason) {
        (Some(status), _) => format!(" with {status}"),
        (None, Some(why)) => format!(" ({})", reason(why, None)),
        (None, None) => String::new(),
    };
    let text = match (circuit.state, circuit.forced) {
        (CircuitState::Open, true) => format!("{who} is held open by an administrator"),
        (CircuitState::Open, false) => format!("{who} is failing{how}"),
        (CircuitState::HalfOpen, _) => format!("{who} is being probed after failing{how}"),
        (CircuitState::Closed, _) => format!("{who} is answering"),
    };
    let by = finding.saved_by.as_ref().map_or("others", |by| by.as_str());
    let rest = match finding.saved {
        0 => String::new(),
        1 => format!("; 1 answer was saved by {by}"),
        saved => format!("; {saved} answers were saved by {by}"),
    };
    let simulated = if circuit.simulated {
        " (a rehearsed outage)"
    } else {
        ""
    };
    Told {
        text,
        since: circuit.since,
        rest: rest + simulated,
    }
}

/// Whom a finding is about.
pub fn subject(finding: &Finding) -> String {
    match &finding.model {
        Some(model) => model.to_string(),
        None => finding.provider.to_string(),
    }
}

/// The share of attempts that answered, in percent; none where there were none.
pub fn success(figures: &Figures) -> Option<String> {
    let all = figures.answered + figures.failed;
    (all > 0).then(|| super::percent(figures.answered, all))
}

/// Milliseconds in few letters: "85 ms", "0.4 s", "12 s".
pub fn short_time(ms: u64) -> String {
    match ms {
        0..100 => format!("{ms} ms"),
        _ => seconds(ms),
    }
}

/// A number with thousands set apart: "12 345".
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// "1 attempt", "2 attempts", "none".
pub fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{} {noun}s", thousands(number)),
    }
}

/// What a point of a chart says, without its time.
pub fn reading(slot: &Slot) -> String {
    if slot.real() + slot.simulated == 0 {
        return "no attempts".to_owned();
    }
    let mut parts = Vec::new();
    if slot.real() > 0 {
        parts.push(format!("{} answered", slot.answered));
        parts.push(format!("{} failed", slot.failed));
    }
    if slot.simulated > 0 {
        parts.push(format!("{} simulated", slot.simulated));
    }
    let mut text = parts.join(", ");
    let times = [("first token", slot.first_token_ms), ("p95", slot.total_ms)];
    for (name, ms) in times {
        if let Some(ms) = ms {
            text.push_str(&format!("; {name} {}", short_time(ms)));
        }
    }
    text
}

/// What a chart shows, for those who do not see it: "In the last 15 minutes 12 attempts answered and 1 failed."
pub fn described(slots: &[Slot], span: &str) -> String {
    let sum = |of: fn(&Slot) -> u64| slots.iter().map(of).sum::<u64>();
    let (answered, failed) = (sum(|slot| slot.answered), sum(|slot| slot.failed));
    let simulated = sum(|slot| slot.simulated);
    let mut text = match (answered, failed) {
        (0, 0) => format!("No attempts in the last {span}"),
        (answered, 0) => format!(
            "In the last {span} {} answered and none failed",
            counted(answered, "attempt")
        ),
        (answered, failed) => {
            format!(
                "In the last {span} {} answered and {failed} failed",
                counted(answered, "attempt")
            )
        }
    };
    if simulated > 0 {
        text.push_str(&format!(", and {simulated} were simulated"));
    }
    text + "."
}

/// A setting's value as it is read: "45s", "25 %", "on", "a, b".
pub fn value(value: Option<&SettingValue>, kind: Option<SettingKind>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(SettingValue::Switch(true)) => "on".to_owned(),
        Some(SettingValue::Switch(false)) => "off".to_owned(),
        Some(SettingValue::Number(number)) if kind == Some(SettingKind::Share) => {
            format!("{} %", (number * 1e4).round() / 1e2)
        }
        Some(SettingValue::Number(number)) => number.to_string(),
        Some(SettingValue::Text(text)) if text.is_empty() => "nothing".to_owned(),
        Some(SettingValue::Text(text)) => text.clone(),
        Some(SettingValue::List(list)) if list.is_empty() => "none".to_owned(),
        Some(SettingValue::List(list)) => list.join(", "),
    }
}

/// A limit with its unit: "5 %", "10 s", "$5.00".
pub fn limit(limit: f64, unit: Option<&str>) -> String {
    match unit {
        Some("share") => format!("{} %", (limit * 1e4).round() / 1e2),
        Some("dollars") => format!("${limit:.2}"),
        Some("seconds") => format!("{limit} s"),
        Some(_) | None => limit.to_string(),
    }
}

/// A time for which something must hold, as the file says it in seconds: "5 min", "90 s".
pub fn hold(time: &str) -> String {
    let seconds = time.strip_suffix('s').and_then(|s| s.parse::<u64>().ok());
    match seconds {
        Some(seconds) if seconds >= 60 && seconds.is_multiple_of(60) => {
            format!("{} min", seconds / 60)
        }
        Some(seconds) => format!("{seconds} s"),
        None => time.to_owned(),
    }
}

/// A scope as people call it: "all providers", "provider openai", "model gpt-4o".
pub fn scope(scope: &str) -> String {
    match scope.split_once('/') {
        Some(("providers", id)) => format!("provider {id}"),
        Some(("models", id)) => format!("model {id}"),
        Some(("assistants", id)) => format!("assistant {id}"),
        Some(("faults", id)) => format!("fault {id}"),
        Some(_) => scope.to_owned(),
        None if scope == "global" => "everything".to_owned(),
        None => scope.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::{CircuitView, Reason};

    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000).unwrap()
    }

    fn open(model: Option<&str>) -> Finding {
        Finding {
            provider: "openai".into(),
            model: model.map(Into::into),
            circuit: CircuitView {
                state: CircuitState::Open,
                forced: false,
                since: Some(at()),
                next_probe_at: None,
                reason: Some(Reason::AuthError),
                simulated: false,
            },
            status_code: Some(401),
            saved: 38,
            saved_by: Some("claude-sonnet".into()),
        }
    }

    fn report(status: Status, findings: Vec<Finding>) -> HealthReport {
        HealthReport {
            assistants: vec![],
            snapshot: true,
            status,
            findings,
            turns: Default::default(),
            simulated_turns: None,
            alerts: vec![],
            revision: 0,
            providers: vec![],
        }
    }

    fn sentences(report: &HealthReport) -> Vec<String> {
        let said = |told: Told| {
            let since = told.since.map_or("", |_| " since 14:02");
            format!("{}{since}{}.", told.text, told.rest)
        };
        verdict(report).into_iter().map(said).collect()
    }

    #[test]
    fn the_verdict_is_the_sentence_that_an_administrator_wants() {
        assert_eq!(sentences(&report(Status::Ok, vec![])), ["All well."]);
        assert_eq!(
            sentences(&report(Status::Degraded, vec![open(None)])),
            ["openai is failing with 401 since 14:02; 38 answers were saved by claude-sonnet."]
        );
        let mut one = open(Some("gpt-4o"));
        (one.status_code, one.saved, one.saved_by) = (None, 1, None);
        one.circuit.simulated = true;
        assert_eq!(
            sentences(&report(Status::Down, vec![one])),
            [
                "No model can answer at present.",
                "gpt-4o is failing (key refused) since 14:02; 1 answer was saved by others (a rehearsed outage)."
            ]
        );
        let mut held = open(Some("gpt-4o"));
        (held.circuit.forced, held.saved) = (true, 0);
        assert_eq!(
            sentences(&report(Status::Degraded, vec![held])),
            ["gpt-4o is held open by an administrator since 14:02."]
        );
    }

    #[test]
    fn many_findings_are_counted() {
        let many = |count| sentences(&report(Status::Degraded, vec![open(Some("m")); count]));
        assert_eq!(many(4).len(), 4);
        assert_eq!(many(5)[4], "One more is not well.");
        assert_eq!(many(204)[4], "200 more are not well.");
    }

    #[test]
    fn a_model_is_not_told_of_beside_its_whole_provider() {
        let mut elsewhere = open(Some("mistral"));
        elsewhere.provider = "mistral".into();
        let all = [open(Some("gpt-4o")), elsewhere.clone(), open(None)];
        assert_eq!(distinct(&all), [&elsewhere, &open(None)]);
    }

    #[test]
    fn a_chart_is_read_aloud() {
        let slot = Slot {
            start: 0,
            answered: 1,
            failed: 2,
            simulated: 3,
            first_token_ms: Some(40),
            total_ms: Some(2_100),
        };
        assert_eq!(
            reading(&slot),
            "1 answered, 2 failed, 3 simulated; first token 40 ms; p95 2.1 s"
        );
        assert_eq!(reading(&Slot::default()), "no attempts");
        assert_eq!(
            described(&[slot, slot], "15 minutes"),
            "In the last 15 minutes 2 attempts answered and 4 failed, and 6 were simulated."
        );
        let none = described(&[Slot::default()], "24 hours");
        assert_eq!(none, "No attempts in the last 24 hours.");
    }

    #[test]
    fn values_and_numbers_are_said_plainly() {
        let share = SettingValue::Number(0.07);
        assert_eq!(value(Some(&share), Some(SettingKind::Share)), "7 %");
        assert_eq!(value(Some(&share), None), "0.07");
        let list = SettingValue::List(vec!["a".into(), "b".into()]);
        assert_eq!(value(Some(&list), None), "a, b");
        assert_eq!(value(None, None), "nothing");
        assert_eq!(thousands(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!((thousands(0), thousands(999)), ("0".into(), "999".into()));
        assert_eq!(counted(1, "attempt"), "1 attempt");
        assert_eq!(scope("models/gpt-4o/2"), "model gpt-4o/2");
        assert_eq!(scope("global"), "everything");
        assert_eq!(
            ["300s", "90s", "500ms"].map(hold),
            ["5 min", "90 s", "500ms"]
        );
        assert_eq!(limit(0.05, Some("share")), "5 %");
        assert_eq!(limit(10.0, Some("seconds")), "10 s");
        assert_eq!(limit(10.0, Some("times")), "10");
    }
}
