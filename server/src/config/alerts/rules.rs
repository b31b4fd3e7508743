//! The rules that there are, and what each is by default.

use evenkeel_protocol::Severity;

/// One of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A turn that no model could answer.
    Exhausted,
    /// No circuit lets anything through.
    EveryCircuitOpen,
    /// The circuit of the model that is asked by default.
    PrimaryCircuitOpen,
    /// Turns without an answer.
    ErrorRate,
    /// The same, worse.
    ErrorRateCritical,
    /// Turns that another model answered.
    FallbackRate,
    /// The same, worse.
    FallbackRateHigh,
    /// How often the first model was stepped in for.
    PrimaryFallbacks,
    /// How long answers take.
    P95,
    /// What an hour costs.
    CostPerHour,
    /// Faults of this program.
    Panics,
}

/// How a limit is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// On or off; there is nothing to measure.
    Switch,
    /// From 0 to 1.
    Share,
    /// How often.
    Count,
    /// US dollars.
    Dollars,
    /// A time; the limit is in seconds.
    Time,
}

/// What a rule is by default.
#[derive(Clone, Copy, Debug)]
pub struct RuleFacts {
    /// Which.
    pub rule: Rule,
    /// Its name, and its key in `[alerts]`.
    pub key: &'static str,
    /// The key of the time it must hold for; none where it speaks at once.
    pub for_key: Option<&'static str>,
    /// How bad it is.
    pub severity: Severity,
    /// How its limit is written.
    pub kind: LimitKind,
    /// What may not be exceeded; 0 for a switch that is on, none where it is off.
    pub limit: Option<f64>,
    /// How long the limit must be exceeded, in seconds.
    pub for_s: u64,
    /// It, in a few words.
    pub label: &'static str,
    /// What it watches, in a sentence.
    pub help: &'static str,
}

/// Every rule, the worst first.
pub const RULES: [RuleFacts; 11] = [
    RuleFacts {
        rule: Rule::Exhausted,
        key: "exhausted",
        for_key: None,
        severity: Severity::Critical,
        kind: LimitKind::Switch,
        limit: Some(0.0),
        for_s: 0,
        label: "All models exhausted",
        help: "In the last 5 minutes, no model of a chain could answer somebody.",
    },
    RuleFacts {
        rule: Rule::EveryCircuitOpen,
        key: "every_circuit_open",
        for_key: Some("every_circuit_open_for"),
        severity: Severity::Critical,
        kind: LimitKind::Switch,
        limit: Some(0.0),
        for_s: 300,
        label: "Every circuit open",
        help: "No model of any provider is let through; the built-in demo does not count beside real providers.",
    },
    RuleFacts {
        rule: Rule::ErrorRateCritical,
        key: "error_rate_critical",
        for_key: Some("error_rate_critical_for"),
        severity: Severity::Critical,
        kind: LimitKind::Share,
        limit: Some(0.10),
        for_s: 300,
        label: "Error rate, critical",
        help: "The share of the last 5 minutes' turns that ended without an answer; 0 switches it off.",
    },
    RuleFacts {
        rule: Rule::Panics,
        key: "panics",
        for_key: None,
        severity: Severity::Critical,
        kind: LimitKind::Switch,
        limit: Some(0.0),
        for_s: 0,
        label: "Panic",
        help: "In the last 5 minutes, a fault of this program ended a request.",
    },
    RuleFacts {
        rule: Rule::PrimaryCircuitOpen,
        key: "primary_circuit_open",
        for_key: Some("primary_circuit_open_for"),
        severity: Severity::Warning,
        kind: LimitKind::Switch,
        limit: Some(0.0),
        for_s: 0,
        label: "Primary's circuit open",
        help: "The circuit of the model that is asked by default, or of its provider, is open.",
    },
    RuleFacts {
        rule: Rule::ErrorRate,
        key: "error_rate",
        for_key: Some("error_rate_for"),
        severity: Severity::Warning,
        kind: LimitKind::Share,
        limit: Some(0.05),
        for_s: 300,
        label: "Error rate",
        help: "The share of the last 5 minutes' turns that ended without an answer; 0 switches it off.",
    },
    RuleFacts {
        rule: Rule::FallbackRateHigh,
        key: "fallback_rate_high",
        for_key: Some("fallback_rate_high_for"),
        severity: Severity::Warning,
        kind: LimitKind::Share,
        limit: Some(0.25),
        for_s: 300,
        label: "Fallback rate, high",
        help: "The share of the last 5 minutes' turns that another model than the one asked for answered; 0 switches it off.",
    },
    RuleFacts {
        rule: Rule::FallbackRate,
        key: "fallback_rate",
        for_key: Some("fallback_rate_for"),
        severity: Severity::Warning,
        kind: LimitKind::Share,
        limit: Some(0.10),
        for_s: 300,
        label: "Fallback rate",
        help: "The share of the last 5 minutes' turns that another model than the one asked for answered; 0 switches it off.",
    },
    RuleFacts {
        rule: Rule::PrimaryFallbacks,
        key: "primary_fallbacks",
        for_key: None,
        severity: Severity::Warning,
        kind: LimitKind::Count,
        limit: Some(10.0),
        for_s: 0,
        label: "Primary stepped in for",
        help: "So many turns of the last 15 minutes were answered by another model than the first of their chain; 0 switches it off.",
    },
    RuleFacts {
        rule: Rule::P95,
        key: "p95",
        for_key: Some("p95_for"),
        severity: Severity::Warning,
        kind: LimitKind::Time,
        limit: Some(10.0),
        for_s: 300,
        label: "Slow answers",
        help: "Of the last 5 minutes' answers, 5 in 100 took longer than this, from the question to the end.",
    },
    RuleFacts {
        rule: Rule::CostPerHour,
        key: "cost_per_hour",
        for_key: None,
        severity: Severity::Warning,
        kind: LimitKind::Dollars,
        limit: None,
        for_s: 0,
        label: "Cost an hour",
        help: "What the last hour cost, in US dollars, by the configured prices; 0 switches it off.",
    },
];
