//! Rows to wire types, and what wire types are made of to what a column holds.

use evenkeel_protocol::{
    AttachedFile, Attempt, Conversation, ConversationId, Message, MessageId, ModelId, ProviderId,
    RunId, Timestamp, Usage,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

use crate::StoreError;

/// A row whose values are read by name; one that does not fit is reported with its table and column.
pub(crate) struct Fields<'r> {
    table: &'static str,
    row: &'r SqliteRow,
}

impl<'r> Fields<'r> {
    pub(crate) fn new(table: &'static str, row: &'r SqliteRow) -> Self {
        Self { table, row }
    }

    /// A value that needs no conversion.
    pub(crate) fn get<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        self.row.try_get(column).map_err(|_| self.corrupt(column))
    }

    /// A value that may be null, converted where it is not.
    pub(crate) fn maybe<T, U>(
        &self,
        column: &'static str,
        convert: impl FnOnce(T) -> Option<U>,
    ) -> Result<Option<U>, StoreError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        self.get::<Option<T>>(column)?
            .map(|value| convert(value).ok_or_else(|| self.corrupt(column)))
            .transpose()
    }

    /// A value, converted.
    pub(crate) fn must<T, U>(
        &self,
        column: &'static str,
        convert: impl FnOnce(T) -> Option<U>,
    ) -> Result<U, StoreError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        self.maybe(column, convert)?
            .ok_or_else(|| self.corrupt(column))
    }

    fn corrupt(&self, column: &'static str) -> StoreError {
        StoreError::Corrupt {
            table: self.table,
            column,
        }
    }
}

/// An enum's variant by its word on the wire, so that serde's list of words is the only one.
pub(crate) fn word<T: DeserializeOwned>(word: String) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word)).ok()
}

/// A number that a column holds as an `i64`.
pub(crate) fn number<N: TryFrom<i64>>(number: i64) -> Option<N> {
    N::try_from(number).ok()
}

pub(crate) fn time(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

/// A value that a column holds as JSON.
pub(crate) fn json<T: DeserializeOwned>(text: String) -> Option<T> {
    serde_json::from_str(&text).ok()
}

/// A number as a column holds it. It stops at `i64::MAX`: no answer is to be lost for a count that is absurd anyway.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A value as the JSON text that a column holds.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))?)
}

/// A row of `conversations`.
pub(crate) fn conversation(row: &SqliteRow) -> Result<Conversation, StoreError> {
    let fields = Fields::new("conversations", row);
    Ok(Conversation {
        id: ConversationId(fields.get("id")?),
        title: fields.get("title")?,
        title_source: fields.must("title_source", word)?,
        system_prompt: fields.get("system_prompt")?,
        temporary: fields.get("temporary")?,
        created_at: fields.must("created_at", time)?,
        updated_at: fields.must("updated_at", time)?,
    })
}

/// The tokens that a row tells of.
pub(crate) fn usage(fields: &Fields<'_>) -> Result<Option<Usage>, StoreError> {
    let input_tokens = fields.maybe("input_tokens", number)?;
    let tokens = input_tokens.zip(fields.maybe("output_tokens", number)?);
    Ok(tokens.map(|(input_tokens, output_tokens)| Usage {
        input_tokens,
        output_tokens,
    }))
}

/// A row of `messages`, with the attempts and files that belong to it.
pub(crate) fn message(
    row: &SqliteRow,
    attempts: Vec<Attempt>,
    attachments: Vec<AttachedFile>,
) -> Result<Message, StoreError> {
    let fields = Fields::new("messages", row);
    Ok(Message {
        id: MessageId(fields.get("id")?),
        conversation_id: ConversationId(fields.get("conversation_id")?),
        parent_id: fields.maybe("parent_id", |id| Some(MessageId(id)))?,
        role: fields.must("role", word)?,
        text: fields.get("text")?,
        status: fields.must("status", word)?,
        created_at: fields.must("created_at", time)?,
        model_name: fields.maybe("model_name", |id| Some(ModelId(id)))?,
        requested_model: fields.maybe("requested_model", |id| Some(ModelId(id)))?,
        assistant: fields.get("assistant")?,
        provider: fields.maybe("provider", |id| Some(ProviderId(id)))?,
        fallback: fields.get("fallback")?,
        finish_reason: fields.get("finish_reason")?,
        usage: usage(&fields)?,
        cost: fields.get("cost")?,
        attempts,
        seams: fields.maybe("seams", json)?.unwrap_or_default(),
        attachments,
        suggestions: fields.maybe("suggestions", json)?.unwrap_or_default(),
        guards: fields.maybe("guards", json)?.unwrap_or_default(),
        simulated: fields.get("simulated")?,
        run_id: fields.maybe("run_id", |id| Some(RunId(id)))?,
        error: fields.maybe("error", json)?,
    })
}

/// A row of `attempts`.
pub(crate) fn attempt(row: &SqliteRow) -> Result<Attempt, StoreError> {
    let fields = Fields::new("attempts", row);
    Ok(Attempt {
        index: fields.must("attempt_index", number)?,
        kind: fields.must("kind", word)?,
        state: fields.must("state", word)?,
        model_name: ModelId(fields.get("model_name")?),
        provider: ProviderId(fields.get("provider")?),
        status_code: fields.maybe("status_code", number)?,
        reason: fields.maybe("reason", word)?,
        detail: fields.get("detail")?,
        retry_in_ms: fields.maybe("retry_in_ms", number)?,
        retry_limit: fields.maybe("retry_limit", number)?,
        started_at: fields.must("started_at", time)?,
        first_token_ms: fields.maybe("first_token_ms", number)?,
        duration_ms: fields.maybe("duration_ms", number)?,
        usage: usage(&fields)?,
        cost: fields.get("cost")?,
        simulated: fields.get("simulated")?,
    })
}
