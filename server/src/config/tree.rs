//! The raw configuration: a tree of values that know where they stand.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Problem;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A line of the file, from 1.
    Line(usize),
    /// An environment variable.
    Env(String),
    /// A live change.
    Live,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Env(name) => f.write_str(name),
            Self::Live => f.write_str("live"),
        }
    }
}

/// A value and its origin.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// A raw value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    List(Vec<Node>),
    Table(Table),
    Date,
}

/// A raw table.
pub(crate) type Table = BTreeMap<String, Node>;

/// Reads a TOML document.
///
/// # Errors
///
/// One problem, which names the line and never shows it: it may hold a secret.
pub(crate) fn parse(text: &str) -> Result<Table, Problem> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| line_at(text, span.start));
        Problem::error(
            "the file",
            line.map(Origin::Line),
            error.message().to_owned(),
        )
    })?;
    Ok(convert_table(text, table.into_inner()))
}

fn convert_table(text: &str, table: DeTable<'_>) -> Table {
    table
        .into_iter()
        .map(|(key, value)| (key.into_inner().into_owned(), convert(text, value)))
        .collect()
}

fn convert(text: &str, spanned: Spanned<DeValue<'_>>) -> Node {
    let origin = Origin::Line(line_at(text, spanned.span().start));
    let value = match spanned.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => {
            // What does not fit is no number that any key could want.
            i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Value::Text(number.as_str().to_owned()), Value::Integer)
        }
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Value::Text(number.as_str().to_owned()), Value::Float),
        DeValue::Boolean(flag) => Value::Bool(flag),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => {
            Value::List(items.into_iter().map(|item| convert(text, item)).collect())
        }
        DeValue::Table(table) => Value::Table(convert_table(text, table)),
    };
    Node { value, origin }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// The runbooks' variables, and the keys they stand for. Plain numbers are seconds.
const RUNBOOK: [(&str, &str, &str); 6] = [
    ("EVENKEEL_PROVIDER_ORDER", "resilience", "provider_order"),
    ("EVENKEEL_TIMEOUT_SECONDS", "resilience", "timeout"),
    ("EVENKEEL_MAX_RETRIES", "resilience", "max_retries"),
    (
        "EVENKEEL_RETRY_BASE_DELAY",
        "resilience",
        "retry_base_delay",
    ),
    (
        "EVENKEEL_CIRCUIT_THRESHOLD",
        "resilience",
        "circuit_threshold",
    ),
    (
        "EVENKEEL_CIRCUIT_COOLDOWN_SECONDS",
        "resilience",
        "circuit_cooldown",
    ),
];

/// Lays the environment over the file: `EVENKEEL__SECTION__KEY`, and the runbooks' variables.
pub(crate) fn overlay(table: &mut Table, environment: &BTreeMap<String, String>) -> Vec<Problem> {
    let mut problems = vec![];
    for (name, value) in environment {
        let runbook = RUNBOOK.iter().find(|(variable, ..)| variable == name);
        let path: Vec<String> = match (runbook, name.strip_prefix("EVENKEEL__")) {
            (Some((_, section, key)), _) => vec![(*section).to_owned(), (*key).to_owned()],
            (None, Some(rest)) => rest.to_lowercase().split("__").map(str::to_owned).collect(),
            (None, None) => continue,
        };
        let origin = Origin::Env(name.clone());
        let section = path.first().and_then(|section| table.get(section));
        if section.is_some_and(|node| !matches!(node.value, Value::Table(_))) {
            let message = "lists of tables are the file's alone".to_owned();
            problems.push(Problem::error(&path.join("."), Some(origin), message));
            continue;
        }
        set(
            table,
            &path,
            Node {
                value: Value::Text(value.clone()),
                origin,
            },
        );
    }
    problems
}

/// Puts a value where its path says; tables on the way come into being.
pub(super) fn set(table: &mut Table, path: &[String], node: Node) {
    match path {
        [] => {}
        [key] => {
            table.insert(key.clone(), node);
        }
        [section, rest @ ..] => {
            let empty = Node {
                value: Value::Table(Table::new()),
                origin: node.origin.clone(),
            };
            let entry = table.entry(section.clone()).or_insert(empty);
            if let Value::Table(inner) = &mut entry.value {
                set(inner, rest, node);
            }
        }
    }
}
