//! `[alerts]` for those who change it live: its rules' own table says most of it.

use evenkeel_protocol::{Setting, SettingKind, SettingValue};

use super::alerts::{AlertsConfig, Bar, LimitKind, RuleFacts};
use crate::live::describe::{Described, duration, duration_or_off, number, switch, text};

/// What there is beside the rules. What messages are signed with is the file's alone.
const OTHERS: &[Described<AlertsConfig>] = &[
    Described {
        key: "min_turns",
        label: "Turns before a rate counts",
        help: "With fewer turns than this in five minutes no rate and no percentile is worth an alert.",
        kind: SettingKind::Count,
        words: &[],
        value: |alerts| number(alerts.min_turns as f64),
    },
    Described {
        key: "webhook_url",
        label: "Webhook",
        help: "Where alerts are sent, signed and tried again; empty sends them nowhere.",
        kind: SettingKind::Text,
        words: &[],
        value: |alerts| text(alerts.webhook_url.as_ref()?.as_str()),
    },
    Described {
        key: "webhook_allow_private",
        label: "Webhook within this network",
        help: "Whether the webhook may be at an address that only this network reaches.",
        kind: SettingKind::Switch,
        words: &[],
        value: |alerts| switch(alerts.webhook_allow_private),
    },
];

/// Every setting of the section, in the order in which they are shown.
pub(crate) fn settings(now: &AlertsConfig, file: &AlertsConfig) -> Vec<Setting> {
    let rules = now.rules().zip(file.rules());
    let rules = rules.flat_map(|((facts, now), (_, file))| {
        let limit = setting(
            facts.key,
            facts,
            limit_kind(facts.kind),
            limit(facts, now),
            limit(facts, file),
        );
        let hold = facts.for_key.map(|key| {
            let hold = setting(
                key,
                facts,
                SettingKind::Duration,
                duration(now.hold),
                duration(file.hold),
            );
            Setting {
                label: format!("{}, for", facts.label),
                help: "How long that must last before the alert fires.".to_owned(),
                options: vec![],
                ..hold
            }
        });
        [limit].into_iter().chain(hold)
    });
    let others = OTHERS
        .iter()
        .map(|row| row.setting("alerts", now, Some(file)));
    rules.chain(others).collect()
}

fn setting(
    key: &str,
    facts: &RuleFacts,
    kind: SettingKind,
    value: Option<SettingValue>,
    file: Option<SettingValue>,
) -> Setting {
    let off = if facts.kind == LimitKind::Time {
        &["off"] as &[&str]
    } else {
        &[]
    };
    Setting {
        key: format!("alerts.{key}"),
        label: facts.label.to_owned(),
        help: facts.help.to_owned(),
        kind,
        value,
        file,
        live: false,
        options: off.iter().map(|word| (*word).to_owned()).collect(),
    }
}

const fn limit_kind(kind: LimitKind) -> SettingKind {
    match kind {
        LimitKind::Switch => SettingKind::Switch,
        LimitKind::Share => SettingKind::Share,
        LimitKind::Count => SettingKind::Count,
        LimitKind::Dollars => SettingKind::Decimal,
        LimitKind::Time => SettingKind::Duration,
    }
}

fn limit(facts: &RuleFacts, bar: Bar) -> Option<SettingValue> {
    match facts.kind {
        LimitKind::Switch => switch(bar.limit.is_some()),
        LimitKind::Share | LimitKind::Count | LimitKind::Dollars => {
            number(bar.limit.unwrap_or_default())
        }
        LimitKind::Time => {
            let seconds = bar.limit.map(std::time::Duration::try_from_secs_f64);
            duration_or_off(seconds.and_then(Result::ok))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::reader::Reader;
    use crate::config::{Config, Environment, alerts};

    #[test]
    fn every_key_that_is_read_is_described_but_the_secrets() {
        let problems = RefCell::new(vec![]);
        let mut section = Reader::new(Default::default(), "alerts", &problems);
        alerts::keys(&mut section, &Environment::new());
        let mut asked: BTreeSet<_> = section.asked().into_iter().map(str::to_owned).collect();
        assert!(asked.remove("webhook_secret_env"));
        let defaults = AlertsConfig::default();
        let described = settings(&defaults, &defaults).into_iter();
        let described: BTreeSet<_> = described
            .map(|setting| setting.key.strip_prefix("alerts.").unwrap().to_owned())
            .collect();
        assert_eq!(asked, described);
    }

    #[test]
    fn what_is_shown_is_what_would_be_read() {
        let defaults = AlertsConfig::default();
        let shown = settings(&defaults, &defaults);
        let lines = shown.iter().filter_map(|setting| {
            let value = serde_json::to_string(setting.value.as_ref()?).unwrap();
            Some(format!(
                "{} = {value}\n",
                setting.key.strip_prefix("alerts.").unwrap()
            ))
        });
        let text = lines.collect::<String>().replace(".0\n", "\n");
        let (config, _) = Config::parse(&format!("[alerts]\n{text}"), &Environment::new()).unwrap();
        assert_eq!(settings(&config.alerts, &defaults), shown, "{text}");
    }
}
