//! How a setting is described to those who change it: one row says its key, its words, how it is edited, and where its
//! present value stands. A section of the configuration that can be changed live declares a table of such rows beside
//! its reader.

use std::time::Duration;

use evenkeel_protocol::{Setting, SettingKind, SettingValue};

/// One setting that can be changed live, of a section that is read as `T`.
pub struct Described<T: 'static> {
    /// Its key in the section, as its reader asks for it.
    pub key: &'static str,
    /// What it is, in plain words.
    pub label: &'static str,
    /// What it does, in a sentence.
    pub help: &'static str,
    /// How it is edited.
    pub kind: SettingKind,
    /// The words that can be given; for a time or a list, those that can be given in its place, such as `off`.
    pub words: &'static [&'static str],
    /// What it is set to, as the file would say it; none where nothing is.
    pub value: fn(&T) -> Option<SettingValue>,
}

impl<T> Described<T> {
    /// As it is shown: `section` stands before its key, `now` is what holds, and `file` what would without live changes.
    pub fn setting(&self, section: &str, now: &T, file: Option<&T>, live: bool) -> Setting {
        Setting {
            key: if section.is_empty() {
                self.key.to_owned()
            } else {
                format!("{section}.{}", self.key)
            },
            label: self.label.to_owned(),
            help: self.help.to_owned(),
            kind: self.kind,
            value: (self.value)(now),
            file: file.and_then(|file| (self.value)(file)),
            live,
            options: self.words.iter().map(|word| (*word).to_owned()).collect(),
        }
    }
}

/// A time as the file would say it.
pub fn duration(time: Duration) -> Option<SettingValue> {
    let milliseconds = time.as_millis();
    Some(SettingValue::Text(if milliseconds.is_multiple_of(1000) {
        format!("{}s", milliseconds / 1000)
    } else {
        format!("{milliseconds}ms")
    }))
}

/// A time that may be switched off.
pub fn duration_or_off(time: Option<Duration>) -> Option<SettingValue> {
    time.map_or_else(|| text("off"), duration)
}

/// On or off.
pub fn switch(on: bool) -> Option<SettingValue> {
    Some(SettingValue::Switch(on))
}

/// A number.
pub fn number(number: impl Into<f64>) -> Option<SettingValue> {
    Some(SettingValue::Number(number.into()))
}

/// A text or a word.
pub fn text(text: &str) -> Option<SettingValue> {
    Some(SettingValue::Text(text.to_owned()))
}

/// A list in its order.
pub fn list(names: &[String]) -> Option<SettingValue> {
    Some(SettingValue::List(names.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_the_file_would() {
        for (milliseconds, said) in [
            (45_000, "45s"),
            (500, "500ms"),
            (1_500, "1500ms"),
            (0, "0s"),
        ] {
            let value = duration(Duration::from_millis(milliseconds));
            assert_eq!(value, text(said));
        }
        assert_eq!(duration_or_off(None), text("off"));
    }
}
