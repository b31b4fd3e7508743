//! The conversation in Gemini's parts: the user and the model in turns, results found by the call's name.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::Prompt;
use crate::prompt::{Message, Part as Piece, Refusal, Role};

/// What Google's documentation gives for calls that another model has made, which have no proof of their own.
const FOREIGN_SIGNATURE: &str = "skip_thought_signature_validator";

#[derive(Serialize)]
pub(super) struct Content<'p> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<Part<'p>>,
}

/// A part; of its fields, one is there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Data<'p> {
    Text(&'p str),
    #[serde(rename = "inlineData")]
    Inline(Blob<'p>),
    FunctionCall(Call<'p>),
    FunctionResponse(Response<'p>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'p> {
    #[serde(flatten)]
    data: Data<'p>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'p str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'p> {
    mime_type: Cow<'p, str>,
    data: &'p str,
}

#[derive(Serialize)]
struct Call<'p> {
    id: &'p str,
    name: &'p str,
    args: Map<String, Value>,
}

#[derive(Serialize)]
struct Response<'p> {
    id: &'p str,
    name: &'p str,
    response: Answer<'p>,
}

/// A tool's answer must be an object.
enum Answer<'p> {
    Object(Map<String, Value>),
    Words(Cow<'p, str>),
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(fields) => fields.serialize(serializer),
            Self::Words(words) => serializer.collect_map([("result", words)]),
        }
    }
}

fn part(data: Data<'_>) -> Part<'_> {
    Part {
        data,
        thought_signature: None,
    }
}

/// The conversation in Gemini's shape.
pub(super) struct Conversation<'p> {
    pub(super) system: Option<Content<'p>>,
    pub(super) contents: Vec<Content<'p>>,
}

impl<'p> Conversation<'p> {
    /// `signed`: the model refuses calls without a proof.
    pub(super) fn of(
        prompt: &'p Prompt,
        partial: Option<&'p str>,
        signed: bool,
    ) -> Result<Self, Refusal> {
        let mut system = vec![];
        let mut this = Self {
            system: None,
            contents: vec![],
        };
        let mut names: HashMap<&str, &str> = HashMap::new();
        for message in prompt.messages() {
            match message.role {
                Role::System => system.extend(parts(&message)?),
                Role::User => this.say("user", parts(&message)?),
                Role::Assistant => {
                    names.extend(message.calls().iter().map(|call| (call.id, call.name)));
                    let calls = calls(&message, signed);
                    this.say("model", parts(&message)?.into_iter().chain(calls).collect());
                }
                Role::Tool => this.say("user", result(&message, &names)?),
            }
        }
        if this.contents.is_empty() {
            // There must be something to answer: what was said as an instruction is then said by the user.
            this.say("user", std::mem::take(&mut system));
        }
        if let Some(partial) = partial {
            this.say("model", vec![part(Data::Text(partial))]);
        }
        this.system = (!system.is_empty()).then_some(Content {
            role: None,
            parts: system,
        });
        Ok(this)
    }

    fn say(&mut self, role: &'static str, parts: Vec<Part<'p>>) {
        if parts.is_empty() {
            return;
        }
        match self.contents.last_mut() {
            Some(last) if last.role == Some(role) => last.parts.extend(parts),
            Some(_) | None => self.contents.push(Content {
                role: Some(role),
                parts,
            }),
        }
    }
}

fn parts<'p>(message: &Message<'p>) -> Result<Vec<Part<'p>>, Refusal> {
    let pieces = message.parts()?.into_iter();
    pieces
        .map(|piece| {
            Ok(part(match piece {
                Piece::Text { text, .. } => Data::Text(text),
                Piece::Data { kind, data, .. } => Data::Inline(Blob {
                    mime_type: kind,
                    data,
                }),
                Piece::Address { at, .. } => return Err(message.refuse_address(at)),
            }))
        })
        .collect()
}

fn calls<'p>(message: &Message<'p>, signed: bool) -> Vec<Part<'p>> {
    let calls = message.calls().into_iter().enumerate();
    calls
        .map(|(place, call)| Part {
            // Only the first of parallel calls has one.
            thought_signature: call
                .signature
                .or((signed && place == 0).then_some(FOREIGN_SIGNATURE)),
            data: Data::FunctionCall(Call {
                args: call.object(),
                id: call.id,
                name: call.name,
            }),
        })
        .collect()
}

/// A tool's answer, and behind it what it shows.
fn result<'p>(
    message: &Message<'p>,
    names: &HashMap<&str, &'p str>,
) -> Result<Vec<Part<'p>>, Refusal> {
    let id = message.call_id();
    let name = id.and_then(|id| names.get(id).copied()).or(message.name());
    let (Some(id), Some(name)) = (id, name) else {
        let place = format!("messages[{}].tool_call_id", message.place);
        let mend = "name a tool call of an earlier message of the assistant";
        return Err(Refusal::new(place, mend));
    };
    let words = message.plain()?;
    let response = match serde_json::from_str(&words) {
        Ok(fields) => Answer::Object(fields),
        Err(_) => Answer::Words(words),
    };
    let answer = part(Data::FunctionResponse(Response { id, name, response }));
    let mut shown = parts(message)?;
    shown.retain(|part| matches!(part.data, Data::Inline(_)));
    shown.insert(0, answer);
    Ok(shown)
}
