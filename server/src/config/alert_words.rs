//! `[alerts]` in plain words, for those who change it while the server runs. Whether a webhook may be in a private
//! network, and what messages are signed with, is the file's alone.

use evenkeel_protocol::{SettingKind, SettingValue};

use super::alerts::{AlertsConfig, LimitKind, RULES};
use crate::live::describe::{Described, duration, number, text};

/// The limit of the rule at this place of [`RULES`].
macro_rules! limit {
    ($place:literal, $kind:ident) => {
        limit!($place, $kind, &[])
    };
    ($place:literal, $kind:ident, $words:expr) => {
        Described {
            key: RULES[$place].key,
            label: RULES[$place].label,
            help: RULES[$place].help,
            kind: SettingKind::$kind,
            words: $words,
            value: |alerts| limit_of(alerts, $place),
        }
    };
}

/// The time for which that limit must be exceeded.
macro_rules! hold {
    ($place:literal, $label:literal) => {
        Described {
            key: match RULES[$place].for_key {
                Some(key) => key,
                // It speaks at once; no key is empty, and a test says so.
                None => "",
            },
            label: $label,
            help: "So long it must be so before it is an alert.",
            kind: SettingKind::Duration,
            words: &[],
            value: |alerts| alerts.bar($place).and_then(|bar| duration(bar.hold)),
        }
    };
}

/// Every setting of the section that can be changed live.
pub(crate) const ALERTS: &[Described<AlertsConfig>] = &[
    limit!(0, Switch),
    limit!(1, Switch),
    hold!(1, "Every circuit open, for"),
    limit!(4, Switch),
    hold!(4, "Primary's circuit open, for"),
    limit!(5, Share),
    hold!(5, "Error rate, for"),
    limit!(2, Share),
    hold!(2, "Error rate, critical, for"),
    limit!(7, Share),
    hold!(7, "Fallback rate, for"),
    limit!(6, Share),
    hold!(6, "Fallback rate, high, for"),
    limit!(8, Count),
    limit!(9, Duration, &["off"]),
    hold!(9, "Slow answers, for"),
    limit!(10, Decimal),
    limit!(3, Switch),
    Described {
        key: "min_turns",
        label: "Turns that make a rate",
        help: "With fewer turns in 5 minutes, no rate and no slowness is an alert.",
        kind: SettingKind::Count,
        words: &[],
        value: |alerts| number(alerts.min_turns as f64),
    },
    Described {
        key: "webhook_url",
        label: "Webhook",
        help: "Where messages are sent when an alert fires and when it is over; nothing switches it off.",
        kind: SettingKind::Text,
        words: &[],
        value: |alerts| text(alerts.webhook_url.as_ref().map_or("", url::Url::as_str)),
    },
];

fn limit_of(alerts: &AlertsConfig, place: usize) -> Option<SettingValue> {
    let (facts, bar) = (RULES.get(place)?, alerts.bar(place)?);
    match facts.kind {
        LimitKind::Switch => Some(SettingValue::Switch(bar.limit.is_some())),
        LimitKind::Share | LimitKind::Count | LimitKind::Dollars => {
            number(bar.limit.unwrap_or_default())
        }
        LimitKind::Time => match bar.limit {
            None => text("off"),
            Some(limit) => std::time::Duration::try_from_secs_f64(limit)
                .ok()
                .and_then(duration),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::{Config, Environment};

    /// What is shown, written into a file, is read as what it was.
    #[test]
    fn every_rule_is_described_and_its_value_can_be_read_back() {
        let alerts = AlertsConfig::default();
        let keys: BTreeSet<_> = ALERTS.iter().map(|row| row.key).collect();
        assert_eq!(keys.len(), ALERTS.len());
        for facts in RULES {
            assert!(keys.contains(facts.key));
            assert!(facts.for_key.is_none_or(|key| keys.contains(key)));
        }
        let mut file = "[alerts]\n".to_owned();
        for row in ALERTS {
            let value = (row.value)(&alerts).unwrap();
            let written = serde_json::to_string(&value).unwrap();
            let whole = row.kind == SettingKind::Count;
            let written = if whole {
                written.trim_end_matches(".0").to_owned()
            } else {
                written
            };
            file.push_str(&format!("{} = {written}\n", row.key));
        }
        let (read, _) = Config::parse(&file, &Environment::new()).unwrap();
        for row in ALERTS {
            assert_eq!((row.value)(&read.alerts), (row.value)(&alerts), "{file}");
        }
    }
}
