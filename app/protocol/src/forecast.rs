//! Who would answer a turn that began now.

use serde::Serialize;

use crate::{ModelId, Reason, Timestamp};

/// Every model that would not answer itself, and every assistant whose model would not. It is said as a whole each time
/// it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// The models and assistants; one that is not among them is expected to answer.
    pub models: Vec<ModelForecast>,
}

/// What a turn that asks for a model or an assistant can expect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelForecast {
    /// The model asked for, or the assistant: ids are unique.
    pub model: ModelId,
    /// The model that would step in; null where none could.
    pub answers: Option<ModelId>,
    /// Why the model that is asked first would not answer.
    pub reason: Option<Reason>,
    /// When it is likely to be back; null where nobody knows.
    pub retry_at: Option<Timestamp>,
    /// A fault of the debug pane is behind it.
    pub simulated: bool,
}
