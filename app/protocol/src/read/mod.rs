//! Reading the wire types. JSON first becomes a small tree, from which each type takes what is its own; so the code for
//! a field is one call, and a tag or a flattened struct costs nothing. serde's derived readers do the same with ten
//! times the code, and for tagged and flattened types three times over: they made a fifth of what the browser fetched.
//!
//! What is written is derived; `tests/golden` holds both together.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{
    Assistant, AttachedFile, Attempt, AttemptKind, AttemptState, CircuitState, CircuitView,
    Conversation, ConversationChange, ErrorKind, ExcerptPiece, Forecast, Guard, GuardNotice, Hello,
    Message, MessageRole, MessageStatus, Model, ModelFailure, ModelForecast, Reason, Receipt, Role,
    Seam, SeamMode, SearchHit, SearchResults, ServerFrame, Suggestions, Timestamp, TitleSource,
    Transcript, TurnError, Usage, User,
};

/// What is wrong with a piece of JSON, and in which field.
#[derive(Debug)]
pub struct Wrong {
    what: &'static str,
    field: Option<&'static str>,
}

impl Wrong {
    /// This is wrong.
    pub const fn new(what: &'static str) -> Self {
        Self { what, field: None }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        if let Some(field) = self.field {
            f.write_str(": `")?;
            f.write_str(field)?;
            f.write_str("`")?;
        }
        Ok(())
    }
}

/// JSON of any shape. No number of the protocol is both whole and negative.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that is not negative.
    Whole(u64),
    /// Any other number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Object),
}

/// The fields of an object that nobody has taken yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    /// The fields that are left.
    fn rest(&mut self) -> Json {
        Json::Object(Self(std::mem::take(&mut self.0)))
    }

    fn take(&mut self, field: &str) -> Option<Json> {
        let place = self.0.iter().position(|(name, _)| name == field)?;
        Some(self.0.swap_remove(place).1)
    }

    /// A field, as what it is asked to be.
    pub fn field<T: Read>(&mut self, field: &'static str) -> Result<T, Wrong> {
        let read = match self.take(field) {
            Some(json) => T::read(json),
            None => T::missing(),
        };
        read.map_err(|wrong| Wrong {
            field: wrong.field.or(Some(field)),
            ..wrong
        })
    }
}

/// What can be read from any JSON.
pub trait Read: Sized {
    /// Reads it.
    fn read(json: Json) -> Result<Self, Wrong>;

    /// What it is where its field is missing.
    fn missing() -> Result<Self, Wrong> {
        Err(Wrong::new("missing field"))
    }
}

/// What is read from an object's fields; from some of them only, where it is flattened into another.
pub trait Take: Sized {
    /// Takes the fields that are its own.
    fn take(object: &mut Object) -> Result<Self, Wrong>;
}

impl<T: Take> Read for T {
    fn read(json: Json) -> Result<Self, Wrong> {
        let Json::Object(mut object) = json else {
            return Err(Wrong::new("not an object"));
        };
        Self::take(&mut object)
    }
}

impl<T: Read> Read for Option<T> {
    fn read(json: Json) -> Result<Self, Wrong> {
        if matches!(json, Json::Null) {
            return Ok(None);
        }
        T::read(json).map(Some)
    }

    fn missing() -> Result<Self, Wrong> {
        Ok(None)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(json: Json) -> Result<Self, Wrong> {
        let Json::List(list) = json else {
            return Err(Wrong::new("not a list"));
        };
        list.into_iter().map(T::read).collect()
    }
}

impl Read for String {
    fn read(json: Json) -> Result<Self, Wrong> {
        let Json::Text(text) = json else {
            return Err(Wrong::new("not a text"));
        };
        Ok(text)
    }
}

impl Read for bool {
    fn read(json: Json) -> Result<Self, Wrong> {
        let Json::Bool(bool) = json else {
            return Err(Wrong::new("neither true nor false"));
        };
        Ok(bool)
    }
}

impl Read for u64 {
    fn read(json: Json) -> Result<Self, Wrong> {
        let Json::Whole(number) = json else {
            return Err(Wrong::new("not a whole number"));
        };
        Ok(number)
    }
}

impl Read for u32 {
    fn read(json: Json) -> Result<Self, Wrong> {
        Self::try_from(u64::read(json)?).map_err(|_| Wrong::new("too large a number"))
    }
}

impl Read for u16 {
    fn read(json: Json) -> Result<Self, Wrong> {
        Self::try_from(u64::read(json)?).map_err(|_| Wrong::new("too large a number"))
    }
}

impl Read for i64 {
    fn read(json: Json) -> Result<Self, Wrong> {
        if let Json::Number(number) = json {
            // What is negative; a fraction is cut off.
            return Ok(number as Self);
        }
        Self::try_from(u64::read(json)?).map_err(|_| Wrong::new("too large a number"))
    }
}

impl Read for Json {
    fn read(json: Json) -> Result<Self, Wrong> {
        Ok(json)
    }
}

impl Read for f64 {
    fn read(json: Json) -> Result<Self, Wrong> {
        if let Json::Number(number) = json {
            return Ok(number);
        }
        let whole = u64::read(json).map_err(|_| Wrong::new("not a number"))?;
        Ok(whole as Self)
    }
}

impl Read for Timestamp {
    fn read(json: Json) -> Result<Self, Wrong> {
        let time = String::read(json)?.parse();
        time.map_err(|_| Wrong::new("not a time"))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Json, E> {
        Ok(Json::Bool(bool))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Whole(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(u64::try_from(number).map_or(Json::Number(number as f64), Json::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Json::Object(Object(fields)))
    }
}

macro_rules! deserialize {
    ($($type:ident)+) => {$(
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::read(<Json as serde::Deserialize>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

/// A struct or variant whose fields are all read as what they are.
macro_rules! take {
    ($object:ident, $($type:ident)::+ { $($field:ident),* $(,)? }) => {
        $($type)::+ { $($field: $object.field(stringify!($field))?),* }
    };
}

/// What stands after a semicolon may be missing, and is then empty: a server of an earlier version does not say it.
macro_rules! structs {
    ($($type:ident { $($field:ident),+ $(; $($later:ident),+)? $(,)? })+) => {
        $(impl Take for $type {
            fn take(object: &mut Object) -> Result<Self, Wrong> {
                Ok(Self {
                    $($field: object.field(stringify!($field))?,)+
                    $($($later: object.field::<Option<_>>(stringify!($later))?.unwrap_or_default(),)+)?
                })
            }
        })+
        deserialize! { $($type)+ }
    };
}

macro_rules! names {
    ($($type:ident { $($name:literal => $variant:ident),+ $(,)? })+) => {
        $(impl Read for $type {
            fn read(json: Json) -> Result<Self, Wrong> {
                match String::read(json)?.as_str() {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(Wrong::new("unknown name")),
                }
            }
        })+
        deserialize! { $($type)+ }
    };
}

mod fault;
mod health;
mod replay;

names! {
    AttemptKind {
        "primary" => Primary, "retry" => Retry, "fallback" => Fallback, "hedge" => Hedge, "probe" => Probe,
    }
    AttemptState {
        "started" => Started, "answering" => Answering, "answered" => Answered, "failed" => Failed,
        "skipped" => Skipped, "cancelled" => Cancelled,
    }
    CircuitState { "closed" => Closed, "half_open" => HalfOpen, "open" => Open }
    Guard { "pii" => Pii, "injection" => Injection, "grounding" => Grounding }
    MessageRole { "user" => User, "assistant" => Assistant }
    MessageStatus {
        "complete" => Complete, "streaming" => Streaming, "incomplete" => Incomplete,
        "interrupted" => Interrupted, "cancelled" => Cancelled, "failed" => Failed,
    }
    Reason {
        "model_not_found" => ModelNotFound,
        "quota_exhausted" => QuotaExhausted,
        "auth_error" => AuthError,
        "provider_unavailable" => ProviderUnavailable,
        "provider_error" => ProviderError,
        "response_rejected" => ResponseRejected,
        "unknown" => Unknown,
        "timeout" => Timeout,
        "connection_failed" => ConnectionFailed,
        "stream_interrupted" => StreamInterrupted,
        "context_length_exceeded" => ContextLengthExceeded,
        "content_filtered" => ContentFiltered,
        "circuit_open" => CircuitOpen,
        "not_capable" => NotCapable,
        "deadline_exceeded" => DeadlineExceeded,
    }
    Role { "user" => User, "tester" => Tester, "admin" => Admin }
    SeamMode { "continued" => Continued, "spliced" => Spliced, "restarted" => Restarted }
    TitleSource { "plain" => Plain, "model" => Model, "person" => Person }
}

structs! {
    Assistant { id, name, model }
    Attempt {
        index, kind, state, model_name, provider, status_code, reason, detail, retry_in_ms, started_at,
        first_token_ms, duration_ms, simulated, retry_limit, usage, cost,
    }
    AttachedFile { id, name, media_type, size }
    CircuitView { state, forced, since, next_probe_at, reason, simulated }
    Conversation { id, title, created_at, updated_at, system_prompt; title_source, temporary }
    ExcerptPiece { text, hit }
    Forecast { models }
    GuardNotice { guard, kind, count; file }
    Hello { protocol, user, models, assistants, version, default_model }
    Message {
        id, conversation_id, parent_id, role, text, status, created_at, model_name, requested_model, provider,
        fallback, finish_reason, usage, cost, attempts, simulated, run_id, error; seams, attachments, suggestions, assistant, guards
    }
    Model { id, provider, fallbacks, demo }
    ModelFailure { model_name, status_code, reason, detail }
    ModelForecast { model, answers, reason, retry_at, simulated }
    Receipt { since, answers, saved, lost, seconds_lost, extra_cost, simulated }
    SearchHit { conversation, message_id, excerpt }
    SearchResults { results }
    Seam { from, to, mode, at, discarded }
    Suggestions { suggestions }
    Usage { input_tokens, output_tokens }
    User { id, name, roles }
}

deserialize! { ConversationChange ErrorKind Transcript TurnError }

impl<'de, H: Read, F: Read> Deserialize<'de> for ServerFrame<H, F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Json::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl<H: Read, F: Read> Take for ServerFrame<H, F> {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(match object.field::<String>("type")?.as_str() {
            "hello" => Self::Hello(Take::take(object)?),
            "accepted" => take!(
                object,
                Self::Accepted {
                    run_id,
                    seq,
                    request_id,
                    conversation_id,
                    message_id,
                    answer_id
                }
            ),
            "attempt" => take!(
                object,
                Self::Attempt {
                    run_id,
                    seq,
                    attempt
                }
            ),
            "delta" => take!(object, Self::Delta { run_id, seq, text }),
            "seam" => take!(
                object,
                Self::Seam {
                    run_id,
                    seq,
                    from,
                    to,
                    mode,
                    at
                }
            ),
            "done" => take!(
                object,
                Self::Done {
                    run_id,
                    seq,
                    message
                }
            ),
            "error" => Self::Error {
                run_id: object.field("run_id")?,
                seq: object.field("seq")?,
                request_id: object.field("request_id")?,
                message: object.field("message")?,
                error: Take::take(object)?,
            },
            "health" => Self::Health(H::read(object.rest())?),
            "fault" => Self::Fault(F::read(object.rest())?),
            "conversation" => Self::Conversation(Take::take(object)?),
            "forecast" => Self::Forecast(Take::take(object)?),
            "pong" => Self::Pong,
            _ => return Err(Wrong::new("unknown type of frame")),
        })
    }
}

impl Take for ConversationChange {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(match object.field::<String>("change")?.as_str() {
            "snapshot" => take!(object, Self::Snapshot { conversations }),
            "upserted" => take!(object, Self::Upserted { conversation }),
            "deleted" => take!(object, Self::Deleted { conversation_id }),
            _ => return Err(Wrong::new("unknown change")),
        })
    }
}

impl Take for Transcript {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            conversation: Take::take(object)?,
            messages: object.field("messages")?,
        })
    }
}

impl Take for TurnError {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            error: object.field("error")?,
            kind: Take::take(object)?,
        })
    }
}

impl Take for ErrorKind {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(match object.field::<String>("error_type")?.as_str() {
            "fallback_exhausted" => take!(object, Self::FallbackExhausted { failures, retry_at }),
            "content_filtered" => Self::ContentFiltered,
            "cancelled" => Self::Cancelled,
            "deadline_exceeded" => Self::DeadlineExceeded,
            "invalid_request" => Self::InvalidRequest,
            "not_allowed" => Self::NotAllowed,
            "rate_limited" => Self::RateLimited,
            "internal" => Self::Internal,
            _ => return Err(Wrong::new("unknown type of error")),
        })
    }
}
