//! The fields of a request, read one by one, so that what is wrong is told by its place.

use serde_json::{Map, Value};

use crate::error::Refusal;

/// An object of the request and where it stands.
#[derive(Clone, Copy)]
pub(in super::super) struct Fields<'b> {
    fields: &'b Map<String, Value>,
    /// With its dot, where it is not the body itself.
    at: &'b str,
}

/// What a value is, in JSON's words.
pub(in super::super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The place of a list's entry.
pub(in super::super) fn place(list: &str, index: usize) -> String {
    format!("{list}[{index}]")
}

impl<'b> Fields<'b> {
    /// The body itself.
    pub(in super::super) fn body(fields: &'b Map<String, Value>) -> Self {
        Self { fields, at: "" }
    }

    /// An object inside it; `at` ends with a dot.
    pub(in super::super) fn of(fields: &'b Map<String, Value>, at: &'b str) -> Self {
        Self { fields, at }
    }

    fn wrong(&self, key: &str, wanted: &str, found: &Value) -> Refusal {
        let mend = format!("give {wanted}; this is {}", kind_of(found));
        Refusal::at(format!("{}{key}", self.at), &mend)
    }

    /// A field that is there and not null, as `read` takes it.
    fn get<T>(
        &self,
        key: &str,
        wanted: &str,
        read: impl FnOnce(&'b Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value)
                .map(Some)
                .ok_or_else(|| self.wrong(key, wanted, value)),
        }
    }

    pub(in super::super) fn flag(&self, key: &str) -> Result<Option<bool>, Refusal> {
        self.get(key, "true or false", Value::as_bool)
    }

    pub(in super::super) fn text(&self, key: &str) -> Result<Option<&'b str>, Refusal> {
        self.get(key, "a string", Value::as_str)
    }

    pub(in super::super) fn number(&self, key: &str) -> Result<Option<f64>, Refusal> {
        self.get(key, "a number", Value::as_f64)
    }

    /// A number of things, of which there is at least one.
    pub(in super::super) fn count(&self, key: &str) -> Result<Option<u64>, Refusal> {
        let whole = |value: &Value| value.as_u64().filter(|count| *count > 0);
        self.get(key, "a whole number, 1 or more", whole)
    }

    pub(in super::super) fn list(&self, key: &str) -> Result<&'b [Value], Refusal> {
        let list = self.get(key, "a list", Value::as_array)?;
        Ok(list.map_or(&[], Vec::as_slice))
    }

    pub(in super::super) fn object(
        &self,
        key: &str,
    ) -> Result<Option<&'b Map<String, Value>>, Refusal> {
        self.get(key, "an object", Value::as_object)
    }

    /// A field that must be there.
    pub(in super::super) fn needed<T>(
        &self,
        key: &str,
        found: Option<T>,
        mend: &str,
    ) -> Result<T, Refusal> {
        found.ok_or_else(|| Refusal::at(format!("{}{key}", self.at), mend))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_told_by_its_place() {
        let value = json!({"stream": "yes", "n": 0, "x": null, "list": {}});
        let fields = value.as_object().unwrap();
        let body = Fields::body(fields);
        let said = |refusal: Refusal| refusal.error.error;
        assert_eq!(
            said(body.flag("stream").unwrap_err()),
            "stream: give true or false; this is a string"
        );
        assert_eq!(
            said(Fields::of(fields, "a.b.").count("n").unwrap_err()),
            "a.b.n: give a whole number, 1 or more; this is a number"
        );
        assert_eq!(body.text("x").unwrap(), None);
        assert!(body.list("list").is_err() && body.list("none").unwrap().is_empty());
    }
}
