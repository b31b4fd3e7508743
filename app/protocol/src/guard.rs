//! What guards did to a turn: said under its answer, and never with the text that they acted on.

use serde::Serialize;

/// A guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Keeps personal data from providers.
    Pii,
    /// Looks for instructions that are planted in what is sent.
    Injection,
    /// Checks answers against their sources.
    Grounding,
}

impl Guard {
    /// The public string, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pii => "pii",
            Self::Injection => "injection",
            Self::Grounding => "grounding",
        }
    }
}

/// One thing that a guard did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuardNotice {
    /// Which.
    pub guard: Guard,
    /// The kind of data that was withheld, or the rule that fired: `email`, `ignore_instructions`.
    pub kind: String,
    /// How often.
    pub count: u64,
    /// The file it was in; left out where it is no single file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}
