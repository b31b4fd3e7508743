//! A prompt's messages, as the families that do not speak OpenAI's language read them.

use std::borrow::Cow;

use evenkeel_engine::{Observed, UpstreamError};
use serde_json::{Map, Value};

use crate::json::{field, list, text};

/// A prompt that a family cannot be asked; nothing was sent. Says where and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(String);

impl Refusal {
    pub(crate) fn new(place: impl std::fmt::Display, mend: &str) -> Self {
        Self(format!("{place}: {mend}"))
    }
}

impl From<Refusal> for UpstreamError {
    /// As the provider would have refused it: this request is at fault, and the next model may be able to answer it.
    fn from(Refusal(message): Refusal) -> Self {
        Self {
            observed: Observed::Status {
                status: 400,
                code: Some("invalid_request_error".to_owned()),
                message,
                retry_after: None,
            },
            simulated: None,
        }
    }
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    System,
    User,
    Assistant,
    Tool,
}

impl Role {
    pub(super) fn of(message: &Value) -> Option<Self> {
        Some(match message.get("role")?.as_str()? {
            "system" | "developer" => Self::System,
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "tool" | "function" => Self::Tool,
            _ => return None,
        })
    }
}

/// A message.
#[derive(Clone, Copy)]
pub(crate) struct Message<'p> {
    pub(crate) role: Role,
    /// Its place in the list.
    pub(crate) place: usize,
    value: &'p Value,
}

/// A part of a message's content.
pub(crate) enum Part<'p> {
    Text {
        text: &'p str,
        cache: Option<&'p Value>,
    },
    /// An image, a document or a sound.
    Data {
        /// Its media type.
        kind: Cow<'p, str>,
        /// Its bytes in base64.
        data: &'p str,
        cache: Option<&'p Value>,
    },
    /// An image that stands elsewhere: Evenkeel fetches no addresses, but the provider may.
    Address {
        url: &'p str,
        cache: Option<&'p Value>,
        /// The part's place in the content.
        at: usize,
    },
}

/// A tool call of an assistant's message.
pub(crate) struct Call<'p> {
    pub(crate) id: &'p str,
    pub(crate) name: &'p str,
    pub(crate) arguments: &'p Value,
    pub(crate) signature: Option<&'p str>,
}

impl Call<'_> {
    /// The arguments as an object. What is none is kept in one, so that nothing is lost.
    pub(crate) fn object(&self) -> Map<String, Value> {
        let parsed = match self.arguments {
            Value::String(text) if text.trim().is_empty() => return Map::new(),
            Value::String(text) => serde_json::from_str(text).ok(),
            Value::Object(fields) => Some(fields.clone()),
            Value::Null => return Map::new(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        };
        parsed.unwrap_or_else(|| Map::from_iter([("arguments".to_owned(), self.arguments.clone())]))
    }
}

impl<'p> Message<'p> {
    pub(super) fn new(place: usize, value: &'p Value) -> Option<Self> {
        let role = Role::of(value)?;
        Some(Self { role, place, value })
    }

    /// Its content in parts, those without text left out.
    pub(crate) fn parts(&self) -> Result<Vec<Part<'p>>, Refusal> {
        match self.value.get("content") {
            Some(Value::String(text)) if !text.is_empty() => {
                let cache = field(self.value, "cache_control");
                Ok(vec![Part::Text { text, cache }])
            }
            Some(Value::Array(parts)) => {
                let read = |(at, part)| self.part(at, part).transpose();
                parts.iter().enumerate().filter_map(read).collect()
            }
            Some(
                Value::String(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Object(_),
            )
            | None => Ok(vec![]),
        }
    }

    fn part(&self, at: usize, part: &'p Value) -> Result<Option<Part<'p>>, Refusal> {
        let place = |field: &str| format!("messages[{}].content[{at}]{field}", self.place);
        let cache = field(part, "cache_control");
        let data = |place: String, url: Option<&'p str>| match url.and_then(data_url) {
            Some((kind, data)) => Ok(Some(Part::Data { kind, data, cache })),
            None => Err(unfetched(place)),
        };
        let named = |key: &str| part.get(key).unwrap_or(&Value::Null);
        match part.get("type").and_then(Value::as_str) {
            Some("image_url") => {
                let image = named("image_url");
                match text(image, "url").or(image.as_str()) {
                    Some(url) if is_address(url) => Ok(Some(Part::Address { url, cache, at })),
                    url => data(place(".image_url"), url),
                }
            }
            Some("file") => data(place(".file.file_data"), text(named("file"), "file_data")),
            Some("input_audio") => {
                let audio = named("input_audio");
                let (Some(format), Some(data)) = (text(audio, "format"), text(audio, "data"))
                else {
                    return Err(Refusal::new(
                        place(".input_audio"),
                        "give its format and data",
                    ));
                };
                let kind = Cow::Owned(format!("audio/{format}"));
                Ok(Some(Part::Data { kind, data, cache }))
            }
            // A model's own words, as a caller gives them back; without a type, text is what most mean.
            Some("text" | "refusal" | "input_text" | "output_text") | None => {
                let said = text(part, "text")
                    .or(text(part, "refusal"))
                    .or(part.as_str());
                let said = said.filter(|said| !said.is_empty());
                Ok(said.map(|text| Part::Text { text, cache }))
            }
            Some(_) => Err(Refusal::new(
                place(".type"),
                "give text, image_url, file or input_audio; this model's provider knows no other",
            )),
        }
    }

    /// Says that this model's provider is shown no image that stands elsewhere.
    pub(crate) fn refuse_address(&self, at: usize) -> Refusal {
        unfetched(format!("messages[{}].content[{at}].image_url", self.place))
    }

    /// Its texts alone, as one.
    pub(crate) fn plain(&self) -> Result<Cow<'p, str>, Refusal> {
        let mut texts = self.parts()?.into_iter().filter_map(|part| match part {
            Part::Text { text, .. } => Some(text),
            Part::Data { .. } | Part::Address { .. } => None,
        });
        let first = texts.next().unwrap_or_default();
        Ok(texts.fold(Cow::Borrowed(first), |text, more| {
            Cow::Owned(format!("{text}\n{more}"))
        }))
    }

    /// The tools that it calls.
    pub(crate) fn calls(&self) -> Vec<Call<'p>> {
        let call = |id, function: &'p Value, signature| {
            let name = text(function, "name")?;
            Some(Call {
                // OpenAI's oldest form has no ids: the name is what the result is found by.
                id: text(id, "id").unwrap_or(name),
                name,
                arguments: function.get("arguments").unwrap_or(&Value::Null),
                signature,
            })
        };
        let listed = list(self.value, "tool_calls")
            .iter()
            .filter_map(|value| call(value, value.get("function")?, text(value, "signature")));
        let oldest = field(self.value, "function_call");
        listed
            .chain(oldest.and_then(|function| call(&Value::Null, function, None)))
            .collect()
    }

    /// Whose result it is, for a tool's message.
    pub(crate) fn call_id(&self) -> Option<&'p str> {
        text(self.value, "tool_call_id").or(self.name())
    }

    /// It is the result of a call that failed.
    pub(crate) fn failed(&self) -> bool {
        self.value.get("is_error") == Some(&Value::Bool(true))
    }

    /// The name on it.
    pub(crate) fn name(&self) -> Option<&'p str> {
        text(self.value, "name")
    }

    /// A model's reasoning, and the proof that it is.
    pub(crate) fn signed_reasoning(&self) -> Option<(&'p str, &'p str)> {
        let reasoning = text(self.value, "reasoning_content").unwrap_or_default();
        text(self.value, "reasoning_signature").map(|signature| (reasoning, signature))
    }
}

fn unfetched(place: String) -> Refusal {
    let mend = "give it as a data: URL in base64; Evenkeel fetches no addresses";
    Refusal::new(place, mend)
}

fn is_address(url: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    })
}

/// Media type and base64 of a `data:` URL.
fn data_url(url: &str) -> Option<(Cow<'_, str>, &str)> {
    let scheme = url.get(..5)?;
    let rest = scheme.eq_ignore_ascii_case("data:").then(|| &url[5..])?;
    let (head, data) = rest.split_once(',')?;
    let mut parameters = head.split(';').map(str::trim);
    let kind = parameters.next().filter(|kind| kind.contains('/'));
    let base64 = parameters.any(|parameter| parameter.eq_ignore_ascii_case("base64"));
    let kind = kind.map_or(Cow::Borrowed("text/plain"), |kind| match kind {
        kind if kind.eq_ignore_ascii_case("image/jpg") => Cow::Borrowed("image/jpeg"),
        kind if kind.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(kind.to_ascii_lowercase())
        }
        kind => Cow::Borrowed(kind),
    });
    (base64 && !data.is_empty()).then_some((kind, data.trim()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_urls_and_nothing_else() {
        for (url, expected) in [
            ("data:image/png;base64,AAAA", Some(("image/png", "AAAA"))),
            (
                "DATA:Image/JPG;charset=x;Base64,AA==",
                Some(("image/jpeg", "AA==")),
            ),
            ("data:image/jpg;base64,AA==", Some(("image/jpeg", "AA=="))),
            ("data:image/png,raw", None),
            ("data:image/png;base64,", None),
            ("https://example.org/a.png", None),
            ("é", None),
            ("", None),
        ] {
            let found = data_url(url);
            let found = found.as_ref().map(|(kind, data)| (kind.as_ref(), *data));
            assert_eq!(found, expected, "{url}");
        }
    }

    #[test]
    fn an_address_is_passed_on_or_refused_by_its_place() {
        let value = json!({"role": "user", "content": [
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "HTTPS://secret.example/a.png"}},
        ]});
        let message = Message {
            role: Role::User,
            place: 3,
            value: &value,
        };
        let parts = message.parts().unwrap();
        let Some(Part::Address { url, at, .. }) = parts.last() else {
            panic!()
        };
        assert_eq!(*url, "HTTPS://secret.example/a.png");
        let Refusal(said) = message.refuse_address(*at);
        assert!(
            said.starts_with("messages[3].content[1].image_url: "),
            "{said}"
        );
        assert!(!said.contains("secret"), "{said}");
        let value = json!({"role": "user", "content": [{"type": "image_url", "image_url": "file:///etc/passwd"}]});
        assert!(
            Message {
                value: &value,
                ..message
            }
            .parts()
            .is_err()
        );
    }

    #[test]
    fn arguments_that_are_no_object_are_kept_in_one() {
        for (arguments, expected) in [
            (json!("{\"a\":1}"), json!({"a": 1})),
            (json!({"a": 1}), json!({"a": 1})),
            (json!(""), json!({})),
            (json!(null), json!({})),
            (json!("{\"a\":"), json!({"arguments": "{\"a\":"})),
            (json!("[1]"), json!({"arguments": "[1]"})),
        ] {
            let call = Call {
                id: "c",
                name: "f",
                arguments: &arguments,
                signature: None,
            };
            assert_eq!(Value::Object(call.object()), expected, "{arguments}");
        }
    }
}
