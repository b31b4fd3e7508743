//! The wire types that the browser and the server share: protocol version 1.
//!
//! Everything that crosses `/ws`, and the JSON bodies of `/api` that the pages read, is defined here and nowhere else;
//! `tests/golden` fixes each frame's exact JSON. This crate must never know HTTP, a database, or a user interface:
//! it is data and serde.

mod admin;
mod attempt;
mod conversation;
mod failure;
mod fault;
mod forecast;
mod frames;
mod guard;
mod health;
mod ids;
mod message;
pub mod read;
mod replay;
#[cfg(any(target_arch = "wasm32", test))]
mod timestamp;

pub use admin::{
    AnsweredBy, AttemptPage, AuditEntry, AuditPage, ChainEffect, DryRun, DryRunOutcome,
    DryRunRequest, Effect, LoggedAttempt, ModelSeries, ModelStatistics, Series, Setting,
    SettingChange, SettingKind, SettingValue, Settings, SettingsChange, Statistics, TestPlan,
    TestResult,
};
pub use attempt::{Attempt, AttemptKind, AttemptState};
pub use conversation::{
    Conversation, ConversationChange, ExcerptPiece, Receipt, SearchHit, SearchResults, Suggestions,
    TitleSource, Transcript,
};
pub use failure::{ErrorKind, ModelFailure, Reason, TurnError};
pub use fault::{Audience, Fault, FaultChange, FaultKind, FaultSpec, Star, Target};
pub use forecast::{Forecast, ModelForecast};
pub use frames::{
    Assistant, Attachment, ClientFrame, Hello, Model, PROTOCOL_VERSION, Role, SeamMode, Send,
    ServerFrame, Topic, User,
};
pub use guard::{Guard, GuardNotice};
pub use health::{
    Alert, AlertState, AssistantHealth, Bucket, Candidate, CircuitState, CircuitView, Figures,
    Finding, Headroom, HealthReport, ModelHealth, Percentiles, ProviderHealth, ReasonCount,
    Severity, Status, TurnFigures,
};
pub use ids::{
    AttachmentId, ConversationId, FaultId, MessageId, ModelId, ProviderId, RequestId, RunId,
};
#[cfg(not(target_arch = "wasm32"))]
pub use jiff::Timestamp;
pub use message::{AttachedFile, Message, MessageRole, MessageStatus, Seam, Usage};
pub use replay::{ReplayFault, ReplayLine, ReplayRequest};
#[cfg(target_arch = "wasm32")]
pub use timestamp::{NoTimestamp, Timestamp};
