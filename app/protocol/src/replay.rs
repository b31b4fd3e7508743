//! A stored turn that is run again under a fault, and kept nowhere.

use serde::Serialize;

use crate::{
    Attempt, FaultKind, MessageId, ModelId, ProviderId, SeamMode, Target, TurnError, Usage,
};

/// Asks for a replay.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplayRequest {
    /// The answer, or the question that it answers.
    pub message_id: MessageId,
    /// What strikes this run, and no other.
    pub fault: ReplayFault,
}

/// A fault that lives for one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplayFault {
    /// What it strikes.
    pub target: Target,
    /// What it does.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// The share of matching requests that it strikes, 0 to 1.
    pub probability: f64,
    /// Only the first so many matching requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_n: Option<u64>,
    /// The seed of its dice; chosen by the server where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// A line of a replay, in the order in which things happen. The last one is `done` or `error`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ReplayLine {
    /// It begins.
    Begun {
        /// The model asked for, as in the stored turn.
        requested_model: ModelId,
        /// The models that may answer, in their order.
        chain: Vec<ModelId>,
        /// The seed of the fault's dice: with it the same fault strikes the same requests.
        seed: u64,
    },
    /// An attempt began or changed; it is always marked as simulated.
    Attempt {
        /// The attempt as it now is.
        attempt: Attempt,
    },
    /// More of the answer's beginning; of a long one not all is told.
    Delta {
        /// The text that follows what came before.
        text: String,
    },
    /// Another model goes on with the answer; where it begins anew (`restarted`) so does the text.
    Seam {
        /// The model that broke off.
        from: ModelId,
        /// The model that goes on.
        to: ModelId,
        /// How it goes on.
        mode: SeamMode,
    },
    /// The answer is whole.
    Done {
        /// The model that answered.
        model_name: ModelId,
        /// Its provider.
        provider: ProviderId,
        /// Another model than the one asked for answered.
        fallback: bool,
        /// Why the model stopped.
        finish_reason: Option<String>,
        /// Tokens, where the provider said.
        usage: Option<Usage>,
        /// US dollars, where the model's prices are configured.
        cost: Option<f64>,
        /// The answer's length, in Unicode scalars.
        characters: u64,
    },
    /// There is no whole answer.
    Error {
        /// Why.
        #[serde(flatten)]
        error: TurnError,
    },
}
