//! What administrators see and change: live settings, the audit log, the attempt log, statistics.

use serde::Serialize;

use crate::{
    Attempt, Bucket, ConversationId, Figures, MessageId, ModelId, ProviderId, Timestamp,
    TurnFigures, Usage,
};

/// How a setting is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// A time such as `"45s"`; some may be `"off"`.
    Duration,
    /// A whole number.
    Count,
    /// A share, from 0 to 1.
    Share,
    /// Any number that is not negative.
    Decimal,
    /// On or off.
    Switch,
    /// One of its `options`.
    Word,
    /// Models in an order, chosen among `options`.
    Models,
    /// Providers in an order, chosen among `options`.
    Providers,
    /// A text.
    Text,
}

/// What a setting is set to, as the file would say it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// On or off.
    Switch(bool),
    /// A number.
    Number(f64),
    /// A word, a text or a time.
    Text(String),
    /// A list in an order.
    List(Vec<String>),
}

/// A setting that can be changed while the server runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Its key within its scope, as in the file: `resilience.timeout`, `enabled`, `fallbacks`.
    pub key: String,
    /// What it is, in plain words.
    pub label: String,
    /// What it does, in a sentence.
    pub help: String,
    /// How it is edited.
    pub kind: SettingKind,
    /// What holds now; null where nothing does.
    pub value: Option<SettingValue>,
    /// What would hold without live changes.
    pub file: Option<SettingValue>,
    /// A live change made it what it is.
    pub live: bool,
    /// What can be chosen, for words and lists.
    pub options: Vec<String>,
}

/// The settings of one scope.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Which state of all live changes this is; a change names the one it was made from.
    pub revision: u64,
    /// `global`, `providers/{id}`, `models/{id}` or `assistants/{id}`.
    pub scope: String,
    /// In the order in which they are shown.
    pub settings: Vec<Setting>,
}

/// One setting's new value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingChange {
    /// `global`, `providers/{id}`, `models/{id}` or `assistants/{id}`.
    pub scope: String,
    /// Its key within the scope.
    pub key: String,
    /// Its new value; null takes the live change back, so that the file's value holds again.
    pub value: Option<SettingValue>,
}

/// Changes that are made together or not at all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingsChange {
    /// The revision they were made from; where another has come since, they are refused and the reader is told of it.
    pub revision: u64,
    /// Only say what would happen.
    pub preview: bool,
    /// The changes.
    pub changes: Vec<SettingChange>,
}

/// What a change does, or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Effect {
    /// The revision after it; where it was only looked at, the present one.
    pub revision: u64,
    /// Turns that are under way; those of an assistant, where only its settings are changed. They keep what they began
    /// with, but for circuits.
    pub running_turns: u64,
    /// The models and assistants whose usable chain is another afterwards. An assistant stands there twice where those of
    /// its conversations that try the candidate fare otherwise than the others.
    pub chains: Vec<ChainEffect>,
    /// What deserves a second thought, in sentences.
    pub warnings: Vec<String>,
}

/// What becomes of a chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChainEffect {
    /// The model or the assistant that is asked for.
    pub model: ModelId,
    /// Who could answer until now, in order.
    pub before: Vec<ModelId>,
    /// Who can answer then, in order.
    pub after: Vec<ModelId>,
}

/// Something an administrator or tester did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who: the principal's id.
    pub by: String,
    /// `setting`, `key`, `circuit`, `test`, `fault`.
    pub action: String,
    /// What of: `global`, `providers/{id}`, `models/{id}`, `assistants/{id}`, `faults/{id}`.
    pub scope: String,
    /// Which setting, or what was done.
    pub key: String,
    /// What it was; never a secret.
    pub before: Option<SettingValue>,
    /// What it became; never a secret.
    pub after: Option<SettingValue>,
    /// The revision it led to, for settings.
    pub revision: Option<u64>,
    /// It can be taken back: its setting still has this value.
    pub revertible: bool,
}

/// A page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// Give this as `before` to go on; null at the end.
    pub next: Option<String>,
}

/// An attempt of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoggedAttempt {
    /// Its place in the log.
    pub id: u64,
    /// The attempt.
    #[serde(flatten)]
    pub attempt: Attempt,
    /// Whose it was.
    pub user: String,
    /// The assistant that was asked for.
    pub assistant: Option<String>,
    /// The request's id.
    pub request_id: String,
    /// The answer it was for; null for a call of `/v1`.
    pub message_id: Option<MessageId>,
    /// The conversation it was for, where its reader may open it.
    pub conversation_id: Option<ConversationId>,
}

/// A page of the attempt log, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptPage {
    /// The attempts.
    pub attempts: Vec<LoggedAttempt>,
    /// Give this as `before` to go on; null at the end.
    pub next: Option<u64>,
}

/// What the attempt log says of a span of time, real traffic alone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// From then.
    pub from: Timestamp,
    /// Until then.
    pub to: Timestamp,
    /// Requests of people and programs.
    pub requests: u64,
    /// Those of them that a model answered.
    pub answered: u64,
    /// Those that another model than the first answered.
    pub fallbacks: u64,
    /// Those that no model answered.
    pub exhausted: u64,
    /// By model, the most asked first.
    pub models: Vec<ModelStatistics>,
}

/// The same for one model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelStatistics {
    /// The model.
    pub model: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// Requests that asked it first.
    pub asked_first: u64,
    /// Requests that it answered in the place of another.
    pub stepped_in: u64,
    /// What came of its attempts.
    pub figures: Figures,
    /// Its last attempts in a row that failed; 0 where the last one answered.
    pub failing_in_a_row: u64,
}

/// How a span of time went, bucket by bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// Seconds of a bucket: 5 or 60.
    pub step_s: u32,
    /// By model; buckets in which nothing happened are left out.
    pub models: Vec<ModelSeries>,
}

/// The same for one model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelSeries {
    /// The model.
    pub model: ModelId,
    /// Oldest first.
    pub buckets: Vec<Bucket>,
}

/// What a test of a model would send.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestPlan {
    /// The prompt.
    pub prompt: String,
    /// Its tokens, and the most that are asked for.
    pub usage: Usage,
    /// US dollars at the most; null where no prices are known.
    pub cost: Option<f64>,
}

/// What came of a test of a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestResult {
    /// The request, as the log has it.
    pub attempt: Attempt,
    /// What the model said, or its beginning.
    pub text: String,
}

/// What is to be tried on what has happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DryRunRequest {
    /// The settings that would be others.
    pub changes: Vec<SettingChange>,
    /// From then; three hours before its end where it is left out.
    pub from: Option<Timestamp>,
    /// Until then; now where it is left out.
    pub to: Option<Timestamp>,
}

/// The turns of a span of time once more, with what their models did then.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DryRun {
    /// From then.
    pub from: Timestamp,
    /// Until then.
    pub to: Timestamp,
    /// What happened.
    pub happened: DryRunOutcome,
    /// What a replay with the present settings comes to: how far a replay is to be believed.
    pub replayed: DryRunOutcome,
    /// What it comes to with the changes.
    pub changed: DryRunOutcome,
    /// Models of the changed chains of which nothing is recorded: the replay leaves them out.
    pub unknown: Vec<ModelId>,
}

/// What came of the turns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DryRunOutcome {
    /// How they ended.
    pub turns: TurnFigures,
    /// US dollars, as far as prices are known.
    pub cost: f64,
    /// Requests that were sent.
    pub attempts: u64,
    /// Who answered, the most frequent first.
    pub answered_by: Vec<AnsweredBy>,
}

/// How many turns a model answered.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnsweredBy {
    /// The model.
    pub model: ModelId,
    /// How many.
    pub count: u64,
}
