//! Replays.

use super::{Json, Object, Read, Take, Wrong};
use crate::{ReplayFault, ReplayLine, ReplayRequest, Target};

structs! {
    ReplayRequest { message_id, fault }
}

deserialize! { ReplayFault ReplayLine }

impl Take for ReplayFault {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            target: object
                .field::<Option<Target>>("target")?
                .unwrap_or(Target::EVERYTHING),
            kind: Take::take(object)?,
            probability: object.field::<Option<f64>>("probability")?.unwrap_or(1.0),
            first_n: object.field("first_n")?,
            seed: object.field("seed")?,
        })
    }
}

impl Take for ReplayLine {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(match object.field::<String>("type")?.as_str() {
            "begun" => take!(
                object,
                Self::Begun {
                    requested_model,
                    chain,
                    seed
                }
            ),
            "attempt" => take!(object, Self::Attempt { attempt }),
            "delta" => take!(object, Self::Delta { text }),
            "seam" => take!(object, Self::Seam { from, to, mode }),
            "done" => take!(
                object,
                Self::Done {
                    model_name,
                    provider,
                    fallback,
                    finish_reason,
                    usage,
                    cost,
                    characters
                }
            ),
            "error" => Self::Error {
                error: Take::take(object)?,
            },
            _ => return Err(Wrong::new("unknown type of line")),
        })
    }
}
