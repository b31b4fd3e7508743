//! The proof of an answer's reasoning. OpenAI's form has one text for all reasoning, and so room for one proof: what
//! proves a part of it proves nothing of the whole, and the provider would refuse it.

/// What has come of it.
#[derive(Default)]
pub(super) enum Proof {
    #[default]
    None,
    /// Of all reasoning until now.
    Of(String),
    /// There is more reasoning than any one proof is about.
    Several,
}

impl Proof {
    pub(super) fn add(&mut self, proof: String) {
        *self = match self {
            Self::None => Self::Of(proof),
            Self::Of(_) | Self::Several => Self::Several,
        };
    }

    /// More is reasoned after it.
    pub(super) fn more_reasoning(&mut self) {
        if matches!(self, Self::Of(_)) {
            *self = Self::Several;
        }
    }

    pub(super) fn get(&self) -> Option<&str> {
        match self {
            Self::Of(proof) => Some(proof),
            Self::None | Self::Several => None,
        }
    }
}
