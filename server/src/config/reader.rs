//! Takes typed values out of the raw tree. A key that nobody asked for is unknown; the nearest one that somebody did ask
//! for is offered instead.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of another kind than the wanted one is refused, whatever it is"
)]

use std::cell::RefCell;
use std::time::Duration;

use super::tree::{Node, Origin, Table, Value};
use super::{Problem, Problems};

/// A longer time than this is a slip, and some clocks end.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Reads one table.
pub(crate) struct Reader<'p> {
    table: Table,
    path: String,
    asked: Vec<&'static str>,
    problems: &'p RefCell<Problems>,
}

/// A value that was read, with its place for later complaints.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) path: String,
    pub(crate) origin: Origin,
}

impl<'p> Reader<'p> {
    pub(crate) fn new(table: Table, path: &str, problems: &'p RefCell<Problems>) -> Self {
        Self {
            table,
            path: path.to_owned(),
            asked: vec![],
            problems,
        }
    }

    pub(crate) fn path(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<At<String>> {
        self.take(key, "a text", |node| match node.value {
            Value::Text(text) => Some(text),
            _ => None,
        })
    }

    /// A text out of a list of words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let known: Vec<_> = words
                .iter()
                .map(|(word, _)| format!("\"{word}\""))
                .collect();
            self.complain(&text, format!("must be one of {}", known.join(", ")));
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// A whole number that is not negative.
    pub(crate) fn number(&mut self, key: &'static str) -> Option<At<u64>> {
        self.take(key, "a whole number, 0 or more", |node| match node.value {
            Value::Integer(number) => u64::try_from(number).ok(),
            Value::Text(text) if matches!(node.origin, Origin::Env(_)) => text.trim().parse().ok(),
            _ => None,
        })
    }

    /// A number.
    pub(crate) fn decimal(&mut self, key: &'static str) -> Option<At<f64>> {
        self.take(key, "a number", |node| match node.value {
            Value::Integer(number) => Some(number as f64),
            Value::Float(number) => Some(number).filter(|number| number.is_finite()),
            Value::Text(text) if matches!(node.origin, Origin::Env(_)) => text
                .trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite()),
            _ => None,
        })
    }

    /// True or false.
    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let read = self.take(key, "true or false", |node| match node.value {
            Value::Bool(flag) => Some(flag),
            Value::Text(text) if matches!(node.origin, Origin::Env(_)) => text.trim().parse().ok(),
            _ => None,
        });
        read.map(|flag| flag.value)
    }

    /// A duration such as `"10s"`; in the environment a plain number is seconds.
    pub(crate) fn duration(&mut self, key: &'static str) -> Option<At<Duration>> {
        self.take(
            key,
            "a duration such as \"10s\", \"500ms\" or \"5m\", and no longer than a year",
            |node| match node.value {
                Value::Text(text) => {
                    let seconds = matches!(node.origin, Origin::Env(_));
                    let read = duration(&text).or_else(|| seconds.then(|| plain_seconds(&text))?);
                    read.filter(|time| *time <= LONGEST)
                }
                _ => None,
            },
        )
    }

    /// Whether the key is there, not yet taken.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether the key holds a table, not yet taken.
    pub(crate) fn is_table(&self, key: &str) -> bool {
        let node = self.table.get(key);
        node.is_some_and(|node| matches!(node.value, Value::Table(_)))
    }

    /// Whether the key says just this word, which takes it.
    pub(crate) fn is_word(&mut self, key: &'static str, word: &str) -> bool {
        let said = |node: &Node| matches!(&node.value, Value::Text(text) if text.trim() == word);
        let is = self.table.get(key).is_some_and(said);
        if is {
            self.asked.push(key);
            self.table.remove(key);
        }
        is
    }

    /// A duration, or `"off"`, which is none.
    pub(crate) fn duration_or_off(&mut self, key: &'static str) -> Option<Option<Duration>> {
        if self.is_word(key, "off") {
            return Some(None);
        }
        let read = self.duration(key)?;
        if read.value.is_zero() {
            self.complain(
                &read,
                "must be longer than nothing; \"off\" switches it off".into(),
            );
        }
        Some(Some(read.value))
    }

    /// Takes a key without reading it; says where it stood.
    pub(crate) fn place(&mut self, key: &str) -> Option<(String, Origin)> {
        let node = self.table.remove(key)?;
        Some((self.path(key), node.origin))
    }

    /// A list of texts; in the environment they are separated by commas.
    pub(crate) fn texts(&mut self, key: &'static str) -> Option<Vec<At<String>>> {
        self.list(key, "a list of texts")
    }

    /// The same, where more than that can be said.
    pub(crate) fn list(&mut self, key: &'static str, expected: &str) -> Option<Vec<At<String>>> {
        let list = self.take(key, expected, |node| match node.value {
            Value::List(items) => Some(items),
            Value::Text(text) if matches!(node.origin, Origin::Env(_)) => {
                let words = text
                    .split(',')
                    .map(str::trim)
                    .filter(|word| !word.is_empty());
                let node = |word: &str| Node {
                    value: Value::Text(word.to_owned()),
                    origin: node.origin.clone(),
                };
                Some(words.map(node).collect())
            }
            _ => None,
        })?;
        let mut texts = vec![];
        for (place, item) in list.value.into_iter().enumerate() {
            let path = format!("{}[{place}]", list.path);
            match item.value {
                Value::Text(value) => texts.push(At {
                    value,
                    path,
                    origin: item.origin,
                }),
                _ => self.add(Problem::error(
                    &path,
                    Some(item.origin),
                    "must be a text".into(),
                )),
            }
        }
        Some(texts)
    }

    /// A table within this one.
    pub(crate) fn table(&mut self, key: &'static str) -> Reader<'p> {
        let path = self.path(key);
        let read = self.take(key, "a table", |node| match node.value {
            Value::Table(table) => Some(table),
            _ => None,
        });
        Reader::new(
            read.map(|read| read.value).unwrap_or_default(),
            &path,
            self.problems,
        )
    }

    /// A list of tables, each called by its `id`.
    pub(crate) fn tables(&mut self, key: &'static str) -> Vec<Reader<'p>> {
        let read = self.take(key, "a list of tables: write [[…]]", |node| {
            match node.value {
                Value::List(items) => Some(items),
                _ => None,
            }
        });
        let mut readers = vec![];
        for (place, item) in read
            .map(|read| read.value)
            .unwrap_or_default()
            .into_iter()
            .enumerate()
        {
            let Value::Table(table) = item.value else {
                let path = format!("{key}[{place}]");
                self.add(Problem::error(
                    &path,
                    Some(item.origin),
                    "must be a table".into(),
                ));
                continue;
            };
            let path = match table.get("id").map(|node| &node.value) {
                Some(Value::Text(id)) => format!("{key}.{id}"),
                _ => format!("{key}[{place}]"),
            };
            readers.push(Reader::new(table, &path, self.problems));
        }
        readers
    }

    /// Keys that the documentation names and this version does not read yet: said aloud, so that nobody relies on them.
    pub(crate) fn later(&mut self, keys: &[&'static str]) {
        for key in keys {
            self.asked.push(key);
            if let Some(node) = self.table.remove(*key) {
                let message = "is not used by this version yet".to_owned();
                self.add(Problem::warning(
                    &self.path(key),
                    Some(node.origin),
                    message,
                ));
            }
        }
    }

    /// The keys that were asked for so far.
    #[cfg(test)]
    pub(crate) fn asked(&self) -> std::collections::BTreeSet<&'static str> {
        self.asked.iter().copied().collect()
    }

    /// Complains of what nobody has asked for.
    pub(crate) fn finish(self) {
        for (key, node) in &self.table {
            let nearest = self
                .asked
                .iter()
                .map(|known| (strsim::jaro_winkler(key, known), *known))
                .filter(|(likeness, _)| *likeness > 0.75)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let hint = match nearest {
                Some((_, known)) => format!("; did you mean `{known}`?"),
                None => format!("; known here: {}", self.asked.join(", ")),
            };
            let message = format!("unknown key{hint}");
            self.add(Problem::error(
                &self.path(key),
                Some(node.origin.clone()),
                message,
            ));
        }
    }

    /// Reads another table than one of this one's, as if it stood at this path.
    pub(crate) fn apart(&self, table: Table, path: &str) -> Reader<'p> {
        Reader::new(table, path, self.problems)
    }

    /// Notes a problem with a value.
    pub(crate) fn complain<T>(&self, at: &At<T>, message: String) {
        self.add(Problem::error(&at.path, Some(at.origin.clone()), message));
    }

    pub(crate) fn add(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    fn take<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(Node) -> Option<T>,
    ) -> Option<At<T>> {
        self.asked.push(key);
        let node = self.table.remove(key)?;
        let (path, origin) = (self.path(key), node.origin.clone());
        let value = read(node);
        if value.is_none() {
            self.add(Problem::error(
                &path,
                Some(origin.clone()),
                format!("must be {expected}"),
            ));
        }
        value.map(|value| At {
            value,
            path,
            origin,
        })
    }
}

fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let number: f64 = number.trim().parse().ok()?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

fn plain_seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("10s", Some(10_000)),
            ("500ms", Some(500)),
            ("1.5 s", Some(1_500)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("10", None),
            ("-1s", None),
            ("1d", None),
            ("s", None),
        ] {
            assert_eq!(
                duration(text),
                expected.map(Duration::from_millis),
                "{text}"
            );
        }
    }
}
