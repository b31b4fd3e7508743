//! `[alerts]`: what is worth telling an administrator, and where it is sent.
//!
//! A rule has the key of its limit and, where it asks for one, the key of the time for which its condition must hold.
//! `false`, `0` or `"off"` as the limit switches it off.

mod rules;

use std::time::Duration;

use evenkeel_providers::Secret;
use url::Url;

pub use self::rules::{LimitKind, RULES, Rule, RuleFacts};
use super::providers::secret;
use super::reader::{At, Reader};
use super::{Environment, Problem};

/// A rule as it is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// What may not be exceeded; none where the rule is off.
    pub limit: Option<f64>,
    /// How long it must be exceeded.
    pub hold: Duration,
}

/// What is alerted, and where it is sent.
#[derive(Clone, Debug)]
pub struct AlertsConfig {
    bars: [Bar; RULES.len()],
    /// With fewer turns than this in five minutes, no rate and no percentile is worth an alert.
    pub min_turns: u64,
    /// Where messages go; none where they go nowhere.
    pub webhook_url: Option<Url>,
    /// What messages are signed with.
    pub webhook_secret: Option<Secret>,
    /// The webhook may be at an address of this network.
    pub webhook_allow_private: bool,
}

impl AlertsConfig {
    /// Every rule with how it is set, the worst first.
    pub fn rules(&self) -> impl Iterator<Item = (&'static RuleFacts, Bar)> {
        RULES.iter().zip(self.bars)
    }

    /// How the rule at this place of [`RULES`] is set.
    pub fn bar(&self, place: usize) -> Option<Bar> {
        self.bars.get(place).copied()
    }

    /// Sets a rule.
    #[cfg(test)]
    pub fn set(&mut self, rule: Rule, bar: Bar) {
        for (facts, known) in RULES.iter().zip(&mut self.bars) {
            if facts.rule == rule {
                *known = bar;
            }
        }
    }
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            bars: RULES.map(|facts| Bar {
                limit: facts.limit,
                hold: Duration::from_secs(facts.for_s),
            }),
            min_turns: 20,
            webhook_url: None,
            webhook_secret: None,
            webhook_allow_private: false,
        }
    }
}

pub(super) fn read(mut section: Reader<'_>, environment: &Environment) -> AlertsConfig {
    let mut alerts = AlertsConfig::default();
    for (facts, bar) in RULES.iter().zip(&mut alerts.bars) {
        limit(&mut section, facts, bar);
        let hold = facts.for_key.and_then(|key| section.duration(key));
        if let Some(read) = hold {
            if read.value > Duration::from_secs(24 * 60 * 60) {
                section.complain(&read, "must be a day at the most".into());
            }
            bar.hold = read.value;
        }
    }
    if let Some(read) = section.number("min_turns") {
        if read.value == 0 {
            section.complain(&read, "must be 1 or more".into());
        }
        alerts.min_turns = read.value;
    }
    alerts.webhook_url = webhook_url(&mut section);
    alerts.webhook_secret = webhook_secret(&mut section, environment);
    if let Some(allowed) = section.flag("webhook_allow_private") {
        alerts.webhook_allow_private = allowed;
    }
    section.finish();
    alerts
}

fn limit(section: &mut Reader<'_>, facts: &RuleFacts, bar: &mut Bar) {
    let above_nothing = |limit: f64| (limit > 0.0).then_some(limit);
    match facts.kind {
        LimitKind::Switch => {
            if let Some(on) = section.flag(facts.key) {
                bar.limit = on.then_some(0.0);
            }
        }
        LimitKind::Share => {
            if let Some(read) = section.decimal(facts.key) {
                if !(0.0..1.0).contains(&read.value) {
                    section.complain(&read, "must be a share, from 0 (off) to below 1".into());
                }
                bar.limit = above_nothing(read.value);
            }
        }
        LimitKind::Count => {
            if let Some(read) = section.number(facts.key) {
                bar.limit = above_nothing(read.value as f64);
            }
        }
        LimitKind::Dollars => {
            if let Some(read) = section.decimal(facts.key) {
                if read.value < 0.0 {
                    section.complain(&read, "must be 0 (off) or more".into());
                }
                bar.limit = above_nothing(read.value);
            }
        }
        LimitKind::Time => {
            if let Some(time) = section.duration_or_off(facts.key) {
                bar.limit = time.map(|time| time.as_secs_f64());
            }
        }
    }
}

/// An empty text is none: so that a live change can take it away.
fn webhook_url(section: &mut Reader<'_>) -> Option<Url> {
    let text = section.text("webhook_url")?;
    if text.value.trim().is_empty() {
        return None;
    }
    let url = checked(&text.value);
    url.inspect_err(|mend| section.complain(&text, (*mend).to_owned()))
        .ok()
}

fn checked(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text.trim())
        .map_err(|_| "must be a URL such as https://hooks.example.org/evenkeel")?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("must begin with https:// or http://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "must not hold a user or a password: messages are signed with webhook_secret_env",
        );
    }
    Ok(url)
}

fn webhook_secret(section: &mut Reader<'_>, environment: &Environment) -> Option<Secret> {
    let name: At<String> = section.text("webhook_secret_env")?;
    let found = environment.get(&name.value).and_then(|text| secret(text));
    if found.is_none() {
        let message = "the environment has no such variable; messages will not be signed";
        let origin = Some(name.origin.clone());
        section.add(Problem::warning(&name.path, origin, message.into()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(text: &str) -> (AlertsConfig, Vec<String>) {
        let environment = [("HOOK".to_owned(), "s3cret".to_owned())].into();
        let (config, problems) = Config::parse(text, &environment).unwrap();
        let said = problems.iter().map(ToString::to_string).collect();
        (config.alerts, said)
    }

    fn limit(config: &AlertsConfig, rule: Rule) -> Option<f64> {
        let mut rules = config.rules();
        let (_, bar) = rules.find(|(facts, _)| facts.rule == rule).unwrap();
        bar.limit
    }

    #[test]
    fn without_a_word_the_runbooks_limits_hold() {
        let (config, _) = read("");
        assert_eq!(limit(&config, Rule::ErrorRate), Some(0.05));
        assert_eq!(limit(&config, Rule::ErrorRateCritical), Some(0.10));
        assert_eq!(limit(&config, Rule::FallbackRate), Some(0.10));
        assert_eq!(limit(&config, Rule::FallbackRateHigh), Some(0.25));
        assert_eq!(limit(&config, Rule::P95), Some(10.0));
        assert_eq!(limit(&config, Rule::CostPerHour), None);
        assert!(config.webhook_url.is_none() && config.webhook_secret.is_none());
    }

    #[test]
    fn each_is_set_and_switched_off() {
        let (config, said) = read(
            "[alerts]\nerror_rate = 0.2\nerror_rate_for = \"1m\"\nfallback_rate = 0\np95 = \"off\"\ncost_per_hour = 12\n\
             panics = false\nprimary_fallbacks = 3\nmin_turns = 1\nwebhook_url = \"https://hooks.example.org/x\"\n\
             webhook_secret_env = \"HOOK\"",
        );
        assert!(said.is_empty(), "{said:?}");
        assert_eq!(limit(&config, Rule::ErrorRate), Some(0.2));
        for off in [Rule::FallbackRate, Rule::P95, Rule::Panics] {
            assert_eq!(limit(&config, off), None, "{off:?}");
        }
        assert_eq!(limit(&config, Rule::CostPerHour), Some(12.0));
        assert_eq!(config.min_turns, 1);
        assert_eq!(config.webhook_secret.unwrap().reveal(), "s3cret");
        let (config, said) = read("[alerts]\nwebhook_secret_env = \"GONE\"\nwebhook_url = \"\"");
        assert!(config.webhook_secret.is_none() && config.webhook_url.is_none());
        assert!(said[0].contains("will not be signed"), "{said:?}");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        for (line, place, mend) in [
            ("error_rate = 5", "alerts.error_rate", "a share"),
            ("p95 = \"0s\"", "alerts.p95", "\"off\""),
            ("cost_per_hour = -1", "alerts.cost_per_hour", "0 (off)"),
            ("min_turns = 0", "alerts.min_turns", "1 or more"),
            ("error_rate_for = \"48h\"", "alerts.error_rate_for", "a day"),
            ("webhook_url = \"hooks\"", "alerts.webhook_url", "a URL"),
            (
                "webhook_url = \"ftp://x.example\"",
                "alerts.webhook_url",
                "https://",
            ),
            (
                "webhook_url = \"https://u:p@x.example\"",
                "alerts.webhook_url",
                "password",
            ),
            ("error_rates = 1", "alerts.error_rates", "`error_rate`"),
        ] {
            let text = format!("[alerts]\n{line}");
            let problems = Config::parse(&text, &Environment::new()).unwrap_err();
            let said = problems[0].to_string();
            assert!(said.contains(place) && said.contains(mend), "{said}");
        }
    }
}
