//! Live changes over the file and the environment: they are laid over the raw tree, so that the readers check them as
//! they check the file, and refuse them in the same words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use evenkeel_protocol::SettingValue;
use evenkeel_providers::Secret;

use super::tree::{Node, Origin, Table, Value, set};

/// What a live change is made to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// What holds for everything.
    Global,
    /// A provider, by its id.
    Provider(String),
    /// A model, by its id.
    Model(String),
    /// An assistant, by its id.
    Assistant(String),
}

impl Scope {
    /// From its form on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "global" {
            Some(Self::Global)
        } else if let Some(id) = text.strip_prefix("providers/") {
            Some(Self::Provider(id.to_owned()))
        } else if let Some(id) = text.strip_prefix("models/") {
            Some(Self::Model(id.to_owned()))
        } else {
            let id = text.strip_prefix("assistants/")?;
            Some(Self::Assistant(id.to_owned()))
        }
    }

    /// The path that the readers' problems have for one of its keys; for all of it where the key is empty.
    pub fn path(&self, key: &str) -> String {
        let (section, id) = match self {
            Self::Global => return key.to_owned(),
            Self::Provider(id) => ("providers", id),
            Self::Model(id) => ("models", id),
            Self::Assistant(id) => ("assistants", id),
        };
        let dot = if key.is_empty() { "" } else { "." };
        format!("{section}.{id}{dot}{key}")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Provider(id) => write!(f, "providers/{id}"),
            Self::Model(id) => write!(f, "models/{id}"),
            Self::Assistant(id) => write!(f, "assistants/{id}"),
        }
    }
}

/// Where a live change stands: its scope, and its key within it.
pub type Place = (Scope, String);

/// The keys of providers that were given live, by the providers' ids.
pub type Keys = BTreeMap<String, Secret>;

/// All live changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The values.
    pub values: BTreeMap<Place, SettingValue>,
    /// The models that they speak of and that only discovery knows: each one's provider, and its name there.
    pub models: BTreeMap<String, (String, String)>,
}

/// Live changes to what has no entry in the file: to what the environment, discovery or this program brings.
#[derive(Default)]
pub(super) struct Extras {
    providers: BTreeMap<String, Table>,
    models: BTreeMap<String, Table>,
    assistants: BTreeMap<String, Table>,
    /// See [`Changes::models`].
    pub(super) named: BTreeMap<String, (String, String)>,
    /// The providers that have a default model live, and none in the file.
    defaults: BTreeSet<String>,
}

impl Extras {
    /// What is said of a provider that has no entry.
    pub(super) fn provider(&mut self, id: &str) -> Table {
        self.providers.remove(id).unwrap_or_default()
    }

    /// The providers without an entry that were given a key.
    pub(super) fn keyed(&self) -> BTreeSet<String> {
        let keyed = self
            .providers
            .iter()
            .filter(|(_, table)| table.contains_key("api_key"));
        keyed.map(|(id, _)| id.clone()).collect()
    }

    /// What is said of a model that has no entry, where anything is.
    pub(super) fn model(&mut self, id: &str) -> Option<Table> {
        self.models.remove(id)
    }

    /// Whether the file itself gives a provider no default model, though it has one now.
    pub(super) fn has_only_a_live_default(&self, provider: &str) -> bool {
        self.defaults.contains(provider)
    }

    /// What was asked for by nobody: there is no such thing.
    pub(super) fn left(&self) -> impl Iterator<Item = (String, &'static str)> {
        let left = |section: &'static str, what: &'static str, all: &BTreeMap<String, Table>| {
            let each = all.iter().flat_map(move |(id, table)| {
                keys(table)
                    .into_iter()
                    .map(move |key| (format!("{section}.{id}.{key}"), what))
            });
            each.collect::<Vec<_>>()
        };
        let providers = left("providers", "no such provider", &self.providers);
        providers
            .into_iter()
            .chain(left("models", "no such model", &self.models))
            .chain(left("assistants", "no such assistant", &self.assistants))
    }
}

/// The keys of a table, those of the tables in it with their paths.
fn keys(table: &Table) -> Vec<String> {
    let each = table.iter().flat_map(|(key, node)| match &node.value {
        Value::Table(inner) => keys(inner)
            .into_iter()
            .map(|rest| format!("{key}.{rest}"))
            .collect(),
        Value::Text(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Bool(_)
        | Value::List(_)
        | Value::Date => {
            vec![key.clone()]
        }
    });
    each.collect()
}

/// Lays the changes over the tree; what has no place there is given back.
pub(super) fn overlay(table: &mut Table, changes: &Changes, keys: &Keys) -> Extras {
    let mut extras = Extras {
        named: changes.models.clone(),
        ..Extras::default()
    };
    for ((scope, key), value) in &changes.values {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        let into = match scope {
            Scope::Global => &mut *table,
            Scope::Provider(id) => {
                let into = entry(table, "providers", id)
                    .unwrap_or_else(|| extras.providers.entry(id.clone()).or_default());
                if key == "default_model" && !into.contains_key(key) {
                    extras.defaults.insert(id.clone());
                }
                into
            }
            Scope::Model(id) => entry(table, "models", id)
                .unwrap_or_else(|| extras.models.entry(id.clone()).or_default()),
            Scope::Assistant(id) => entry(table, "assistants", id)
                .unwrap_or_else(|| extras.assistants.entry(id.clone()).or_default()),
        };
        set(into, &path, node(value));
    }
    for (id, key) in keys {
        let into = entry(table, "providers", id)
            .unwrap_or_else(|| extras.providers.entry(id.clone()).or_default());
        for said in ["api_key_env", "api_key_file"] {
            into.remove(said);
        }
        let value = Value::Text(key.reveal().to_owned());
        into.insert("api_key".to_owned(), live(value));
    }
    extras
}

/// The entry of this id in a list of tables.
fn entry<'t>(table: &'t mut Table, list: &str, id: &str) -> Option<&'t mut Table> {
    let Value::List(items) = &mut table.get_mut(list)?.value else {
        return None;
    };
    items.iter_mut().find_map(|item| match &mut item.value {
        Value::Table(table) => {
            let own = matches!(table.get("id").map(|node| &node.value), Some(Value::Text(own)) if own == id);
            own.then_some(table)
        }
        Value::Text(_) | Value::Integer(_) | Value::Float(_) | Value::Bool(_) | Value::List(_) | Value::Date => None,
    })
}

fn live(value: Value) -> Node {
    Node {
        value,
        origin: Origin::Live,
    }
}

fn node(value: &SettingValue) -> Node {
    live(match value {
        SettingValue::Switch(on) => Value::Bool(*on),
        // Whole numbers that a client has written with a fraction are whole all the same.
        SettingValue::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Value::Integer(*number as i64)
        }
        SettingValue::Number(number) => Value::Float(*number),
        SettingValue::Text(text) => Value::Text(text.clone()),
        SettingValue::List(names) => {
            let names = names.iter().map(|name| live(Value::Text(name.clone())));
            Value::List(names.collect())
        }
    })
}
