//! Personal data is not sent: placeholders such as `[email 1]` stand in its place, and what they stand for is put back
//! into the answer. The same value has the same placeholder wherever it stands in a prompt.

mod countries;
mod find;
mod restore;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use evenkeel_protocol::{Guard, GuardNotice};
use regex::Regex;

use super::pattern;
pub use restore::Restorer;

/// A kind of personal data; where two of them claim the same place, the first one has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// An international bank account number.
    Iban,
    /// The number of a payment card.
    Card,
    /// A US social security number.
    Ssn,
    /// An IP address.
    Ip,
    /// A telephone number.
    Phone,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Email,
        Self::Iban,
        Self::Card,
        Self::Ssn,
        Self::Ip,
        Self::Phone,
    ];

    /// The public string; it stands in placeholders, too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Iban => "iban",
            Self::Card => "card",
            Self::Ssn => "ssn",
            Self::Ip => "ip",
            Self::Phone => "phone",
        }
    }
}

static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\[(?:email|iban|card|ssn|ip|phone) \d+\]"));

/// Withholds the personal data of one prompt.
#[derive(Default)]
pub struct Redactor {
    /// What looks like a placeholder and stands in the prompt itself; it stands for nothing.
    taken: HashSet<String>,
    /// The placeholder of each value.
    known: HashMap<(Kind, String), String>,
    /// What each placeholder stands for.
    values: HashMap<String, String>,
    numbers: BTreeMap<Kind, u64>,
}

impl Redactor {
    /// For a prompt of these texts; all of them are needed before the first is redacted.
    pub fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let texts = texts.into_iter();
        let written = texts.flat_map(|text| PLACEHOLDER.find_iter(text));
        Self {
            taken: written
                .map(|found| found.as_str().to_ascii_lowercase())
                .collect(),
            ..Self::default()
        }
    }

    /// A text without personal data; itself where it has none.
    pub fn redact<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let found = find::find(text);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut redacted, mut from) = (String::with_capacity(text.len()), 0);
        for found in found {
            redacted.push_str(text.get(from..found.at.start).unwrap_or_default());
            from = found.at.end;
            let value = text.get(found.at).unwrap_or_default();
            redacted.push_str(self.placeholder(found.kind, value));
        }
        redacted.push_str(text.get(from..).unwrap_or_default());
        Cow::Owned(redacted)
    }

    fn placeholder(&mut self, kind: Kind, value: &str) -> &str {
        let Self {
            taken,
            known,
            values,
            numbers,
        } = self;
        known.entry((kind, plain(kind, value))).or_insert_with(|| {
            let number = numbers.entry(kind).or_default();
            let placeholder = loop {
                *number += 1;
                let placeholder = format!("[{} {number}]", kind.as_str());
                if !taken.contains(&placeholder) {
                    break placeholder;
                }
            };
            values.insert(placeholder.clone(), value.to_owned());
            placeholder
        })
    }

    /// How many values of each kind were withheld.
    pub fn notices(&self) -> Vec<GuardNotice> {
        let count = |kind: Kind| {
            self.known
                .keys()
                .filter(|(known, _)| *known == kind)
                .count()
        };
        let counts = Kind::ALL.map(|kind| (kind, count(kind) as u64));
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        counts
            .map(|(kind, count)| GuardNotice {
                guard: Guard::Pii,
                kind: kind.as_str().to_owned(),
                count,
                file: None,
            })
            .collect()
    }

    /// Puts back what was withheld.
    pub fn restorer(self) -> Restorer {
        Restorer::new(Arc::new(self.values))
    }
}

/// A value without what may be written in more than one way.
fn plain(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Email | Kind::Ip => value.to_lowercase(),
        Kind::Iban | Kind::Card | Kind::Ssn => {
            let signs = value.chars().filter(char::is_ascii_alphanumeric);
            signs.collect::<String>().to_ascii_uppercase()
        }
        Kind::Phone => value
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == '+')
            .collect(),
    }
}

#[cfg(test)]
mod tests;
