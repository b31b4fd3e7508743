//! A setting that is being edited: what was typed stays, whatever comes from the server meanwhile.

use evenkeel_protocol::{Setting, SettingKind, SettingValue};

/// What stands in the editor of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// What was typed or chosen.
    Text(String),
    /// On or off.
    Switch(bool),
    /// A list in an order.
    List(Vec<String>),
    /// The order is left to the server.
    Auto,
}

/// How a chain says that the server orders it.
const AUTO: &str = "auto";

impl Edit {
    /// What the editor begins with.
    pub fn of(setting: &Setting) -> Self {
        let list = matches!(setting.kind, SettingKind::Models | SettingKind::Providers);
        match (&setting.value, setting.kind) {
            (Some(SettingValue::Switch(on)), _) => Self::Switch(*on),
            (None, SettingKind::Switch) => Self::Switch(false),
            (Some(SettingValue::Number(share)), SettingKind::Share) => {
                Self::Text(plain(share * 100.0))
            }
            (Some(SettingValue::Number(number)), _) => Self::Text(plain(*number)),
            (Some(SettingValue::Text(text)), _) if list && text == AUTO => Self::Auto,
            (Some(SettingValue::Text(text)), _) => Self::Text(text.clone()),
            (Some(SettingValue::List(list)), _) => Self::List(list.clone()),
            (None, _) if list => Self::List(Vec::new()),
            (None, _) => Self::Text(String::new()),
        }
    }

    /// The value that it is, or why it is none. What is more than a matter of its form is the server's to judge.
    pub fn value(&self, kind: SettingKind) -> Result<SettingValue, &'static str> {
        let text = match self {
            Self::Switch(on) => return Ok(SettingValue::Switch(*on)),
            Self::List(list) => return Ok(SettingValue::List(list.clone())),
            Self::Auto => return Ok(SettingValue::Text(AUTO.to_owned())),
            Self::Text(text) => text.trim(),
        };
        let number = || text.replace(',', ".").parse::<f64>().ok();
        match kind {
            SettingKind::Count => match text.parse::<u32>() {
                Ok(count) => Ok(SettingValue::Number(count.into())),
                Err(_) => Err("This is to be a whole number."),
            },
            SettingKind::Share => match number() {
                Some(percent) if (0.0..=100.0).contains(&percent) => {
                    Ok(SettingValue::Number(percent / 100.0))
                }
                Some(_) | None => Err("This is to be a number from 0 to 100."),
            },
            SettingKind::Decimal => match number() {
                Some(number) if number.is_finite() && number >= 0.0 => {
                    Ok(SettingValue::Number(number))
                }
                Some(_) | None => Err("This is to be a number that is not negative."),
            },
            SettingKind::Duration if text.is_empty() => Err("This is to be a time, such as 45s."),
            SettingKind::Duration
            | SettingKind::Switch
            | SettingKind::Word
            | SettingKind::Models
            | SettingKind::Providers
            | SettingKind::Text => Ok(SettingValue::Text(text.to_owned())),
        }
    }
}

/// A number without needless digits.
fn plain(number: f64) -> String {
    let rounded = (number * 1e6).round() / 1e6;
    format!("{rounded}")
}

/// An edited setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What held when it was begun.
    pub base: Option<SettingValue>,
    /// What stands in the editor.
    pub edit: Edit,
    /// Why it was refused.
    pub problem: Option<String>,
}

impl Draft {
    /// The setting was edited to this; a draft that says what holds anyway is none.
    pub fn take(known: Option<&Self>, setting: &Setting, edit: Edit) -> Option<Self> {
        let base = known.map_or_else(|| setting.value.clone(), |known| known.base.clone());
        (edit != Edit::of(setting)).then_some(Self {
            base,
            edit,
            problem: None,
        })
    }

    /// Somebody has changed the setting since the draft was begun, to something else than the draft says.
    pub fn clashes(&self, setting: &Setting) -> bool {
        self.base != setting.value && self.edit != Edit::of(setting)
    }
}

/// The parts under which settings are shown.
pub const SECTIONS: [&str; 7] = [
    "Who is asked",
    "Times",
    "Retries",
    "Circuits",
    "Guards",
    "Alerts",
    "Everything else",
];

/// The part that a setting belongs to.
pub fn section(setting: &Setting) -> &'static str {
    let key = setting.key.rsplit('.').next().unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| key.contains(word));
    let [who, times, retries, circuits, guards, alerts, rest] = SECTIONS;
    if setting.key.starts_with("alerts.") {
        alerts
    } else if setting.key.starts_with("guards.") {
        guards
    } else if matches!(setting.kind, SettingKind::Models | SettingKind::Providers)
        || has(&["enabled", "routing", "default_model", "use_", "percent"])
    {
        who
    } else if has(&["circuit", "cooldown"]) {
        circuits
    } else if has(&["retr"]) {
        retries
    } else if has(&["timeout", "deadline", "stall", "idle", "hedge"]) {
        times
    } else {
        rest
    }
}

/// Moves an entry of a list to another place.
pub fn move_item(list: &mut Vec<String>, from: usize, to: usize) {
    if from < list.len() && to < list.len() {
        let item = list.remove(from);
        list.insert(to, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(kind: SettingKind, value: Option<SettingValue>) -> Setting {
        Setting {
            key: "k".into(),
            label: "K".into(),
            help: String::new(),
            kind,
            file: None,
            value,
            live: false,
            options: vec![],
        }
    }

    fn text(text: &str) -> Edit {
        Edit::Text(text.to_owned())
    }

    #[test]
    fn an_editor_begins_with_what_holds_and_gives_it_back() {
        let list = SettingValue::List(vec!["a".into(), "b".into()]);
        for (kind, value) in [
            (SettingKind::Duration, SettingValue::Text("45s".into())),
            (SettingKind::Count, SettingValue::Number(3.0)),
            (SettingKind::Share, SettingValue::Number(0.07)),
            (SettingKind::Decimal, SettingValue::Number(0.25)),
            (SettingKind::Switch, SettingValue::Switch(true)),
            (SettingKind::Models, list.clone()),
            (SettingKind::Models, SettingValue::Text("auto".into())),
            (SettingKind::Providers, list),
        ] {
            let edit = Edit::of(&setting(kind, Some(value.clone())));
            assert_eq!(edit.value(kind), Ok(value));
        }
        let share = setting(SettingKind::Share, Some(SettingValue::Number(0.07)));
        assert_eq!(Edit::of(&share), text("7"));
        let none = setting(SettingKind::Switch, None);
        assert_eq!(Edit::of(&none), Edit::Switch(false));
    }

    #[test]
    fn what_has_the_wrong_form_is_told_at_once() {
        for (kind, wrong) in [
            (SettingKind::Count, "1.5"),
            (SettingKind::Count, ""),
            (SettingKind::Share, "101"),
            (SettingKind::Share, "a"),
            (SettingKind::Decimal, "-1"),
            (SettingKind::Decimal, "inf"),
            (SettingKind::Duration, " "),
        ] {
            assert!(text(wrong).value(kind).is_err(), "{wrong}");
        }
        let share = text(" 2,5 ").value(SettingKind::Share);
        assert_eq!(share, Ok(SettingValue::Number(0.025)));
    }

    #[test]
    fn a_draft_keeps_what_it_was_begun_with_and_knows_a_clash() {
        let at = |value: &str| {
            setting(
                SettingKind::Duration,
                Some(SettingValue::Text(value.into())),
            )
        };
        let begun = Draft::take(None, &at("45s"), text("60s")).unwrap();
        assert!(!begun.clashes(&at("45s")));
        assert!(begun.clashes(&at("90s")), "another has changed it");
        assert!(!begun.clashes(&at("60s")), "another had the same idea");
        let typed_on = Draft::take(Some(&begun), &at("90s"), text("61s")).unwrap();
        assert_eq!(typed_on.base, begun.base);
        assert_eq!(Draft::take(Some(&begun), &at("90s"), text("90s")), None);
    }

    #[test]
    fn settings_are_shown_beside_their_like() {
        let of = |key: &str, kind| {
            section(&Setting {
                key: key.into(),
                ..setting(kind, None)
            })
        };
        assert_eq!(of("fallbacks", SettingKind::Models), SECTIONS[0]);
        assert_eq!(of("enabled", SettingKind::Switch), SECTIONS[0]);
        assert_eq!(of("resilience.timeout", SettingKind::Duration), SECTIONS[1]);
        assert_eq!(
            of("resilience.retry_base_delay", SettingKind::Duration),
            SECTIONS[2]
        );
        assert_eq!(
            of("resilience.circuit_cooldown", SettingKind::Duration),
            SECTIONS[3]
        );
        assert_eq!(of("guards.pii", SettingKind::Word), SECTIONS[4]);
        assert_eq!(of("alerts.fallback_rate", SettingKind::Share), SECTIONS[5]);
        assert_eq!(of("resilience.jitter", SettingKind::Share), SECTIONS[6]);
    }

    #[test]
    fn an_entry_moves_and_the_others_make_room() {
        let mut list: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        move_item(&mut list, 2, 0);
        assert_eq!(list, ["c", "a", "b"]);
        move_item(&mut list, 0, 1);
        assert_eq!(list, ["a", "c", "b"]);
        move_item(&mut list, 0, 3);
        move_item(&mut list, 7, 0);
        assert_eq!(list, ["a", "c", "b"]);
    }
}
