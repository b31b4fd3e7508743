//! `[guards]`: what is done to turns for safety's sake.

use super::reader::Reader;

/// What becomes of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pii {
    /// It is sent as it is.
    Off,
    /// Placeholders are sent in its place.
    Redact,
}

/// What becomes of planted instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injection {
    /// Nobody looks for them.
    Off,
    /// The turn runs, and its reader is told.
    Warn,
    /// The turn is refused.
    Block,
}

/// What is asked of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grounding {
    /// Nothing.
    Off,
    /// That they cite the sources that came with the question.
    Require,
}

/// The guards of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardsConfig {
    /// Personal data.
    pub pii: Pii,
    /// Planted instructions.
    pub injection: Injection,
    /// Sources.
    pub grounding: Grounding,
}

impl Default for GuardsConfig {
    /// A chat that silently rewrote what people say would surprise them, and one that refused it more.
    fn default() -> Self {
        Self {
            pii: Pii::Off,
            injection: Injection::Warn,
            grounding: Grounding::Off,
        }
    }
}

/// What the configuration says in each word's place.
pub(crate) const PII: &[(&str, Pii)] = &[("redact", Pii::Redact), ("off", Pii::Off)];
/// The same of planted instructions.
pub(crate) const INJECTION: &[(&str, Injection)] = &[
    ("warn", Injection::Warn),
    ("block", Injection::Block),
    ("off", Injection::Off),
];
/// The same of sources.
pub(crate) const GROUNDING: &[(&str, Grounding)] =
    &[("require", Grounding::Require), ("off", Grounding::Off)];

/// Reads a section over another one, which holds for what it does not say.
pub(super) fn read(mut section: Reader<'_>, over: &GuardsConfig) -> GuardsConfig {
    let guards = GuardsConfig {
        pii: section.word("pii", PII).unwrap_or(over.pii),
        injection: section
            .word("injection", INJECTION)
            .unwrap_or(over.injection),
        grounding: section
            .word("grounding", GROUNDING)
            .unwrap_or(over.grounding),
    };
    section.finish();
    guards
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};

    #[test]
    fn each_guard_is_switched_by_its_word() {
        let read = |text: &str| Config::parse(text, &Environment::new());
        let (config, _) = read("").unwrap();
        assert_eq!(config.guards, GuardsConfig::default());
        let text = "[guards]\npii = \"redact\"\ninjection = \"block\"\ngrounding = \"require\"";
        let (config, _) = read(text).unwrap();
        assert_eq!(config.guards.grounding, Grounding::Require);
        assert_eq!(config.guards.pii, Pii::Redact);
        assert_eq!(config.guards.injection, Injection::Block);
        for (text, expected) in [
            (
                "pii = \"on\"",
                "guards.pii (line 2): must be one of \"redact\", \"off\"",
            ),
            ("pii = true", "guards.pii (line 2): must be a text"),
            ("injektion = \"off\"", "did you mean `injection`?"),
        ] {
            let problems = read(&format!("[guards]\n{text}")).unwrap_err();
            let said = problems[0].to_string();
            assert!(said.contains(expected), "{said}");
        }
    }
}
