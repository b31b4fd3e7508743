//! An object of the request, taken apart field by field: what is taken is moved, since images are large, and what is
//! wrong is told by its place.

use serde_json::{Map, Value};

use crate::api::gateway::kind_of;
use crate::error::Refusal;

/// See the module.
pub(super) struct Object {
    fields: Map<String, Value>,
    /// Where it stands; empty for the body itself.
    at: String,
}

impl Object {
    pub(super) fn body(fields: Map<String, Value>) -> Self {
        Self {
            fields,
            at: String::new(),
        }
    }

    pub(super) fn of(value: Value, at: String) -> Result<Self, Refusal> {
        let kind = kind_of(&value);
        let Value::Object(fields) = value else {
            return Err(Refusal::at(at, &format!("give an object; this is {kind}")));
        };
        Ok(Self { fields, at })
    }

    /// The objects of a list.
    pub(super) fn all(list: Vec<Value>, at: &str) -> Result<Vec<Self>, Refusal> {
        let objects = list.into_iter().enumerate();
        objects
            .map(|(index, value)| Self::of(value, format!("{at}[{index}]")))
            .collect()
    }

    /// Where a field of it stands.
    pub(super) fn place(&self, key: &str) -> String {
        if self.at.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.at)
        }
    }

    /// A refusal of this field.
    pub(super) fn refuse(&self, key: &str, mend: &str) -> Refusal {
        Refusal::at(self.place(key), mend)
    }

    fn wrong(&self, key: &str, wanted: &str, found: &Value) -> Refusal {
        self.refuse(key, &format!("give {wanted}; this is {}", kind_of(found)))
    }

    /// A field that is there and not null.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.fields.remove(key).filter(|value| !value.is_null())
    }

    /// A text that stays where it is.
    pub(super) fn peek(&self, key: &str) -> Option<&str> {
        self.fields.get(key)?.as_str()
    }

    /// What has not been taken.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.fields
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, Refusal> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(key, "a string", &other)),
        }
    }

    pub(super) fn needed_text(&mut self, key: &str, mend: &str) -> Result<String, Refusal> {
        self.text(key)?.ok_or_else(|| self.refuse(key, mend))
    }

    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, Refusal> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(self.wrong(key, "true or false", &other)),
        }
    }

    pub(super) fn list(&mut self, key: &str) -> Result<Option<Vec<Value>>, Refusal> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(other) => Err(self.wrong(key, "a list", &other)),
        }
    }

    pub(super) fn object(&mut self, key: &str) -> Result<Option<Self>, Refusal> {
        let place = self.place(key);
        self.take(key)
            .map(|value| Self::of(value, place))
            .transpose()
    }

    /// The kind that every block, tool and source has.
    pub(super) fn kind(&mut self, mend: &str) -> Result<String, Refusal> {
        self.needed_text("type", mend)
    }
}
