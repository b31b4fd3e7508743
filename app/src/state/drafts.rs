//! What somebody has begun to write and not sent: one for each conversation, and one for a new one. They are kept by
//! the browser, so their number and their age have a limit.

use std::cmp::Reverse;

use evenkeel_protocol::read::{Object, Take, Wrong};
use serde::Serialize;

use super::{Choice, Map, read_json};

/// The names of all drafts begin like this.
pub const DRAFT: &str = "draft:";

/// No more than so many are kept …
const MOST: usize = 50;
/// … and none for longer than this, in milliseconds.
const OLDEST_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// A message that is not finished.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// Its text.
    pub text: String,
    /// What every model of the new conversation is to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Who was chosen to answer, where it is not who would answer anyway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
}

impl Take for Draft {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            text: object.field::<Option<_>>("text")?.unwrap_or_default(),
            instructions: object.field("instructions")?,
            choice: object.field("choice")?,
            at: object.field::<Option<_>>("at")?.unwrap_or_default(),
        })
    }
}

impl Draft {
    /// A draft as it was kept; an empty one where it cannot be read.
    pub fn read(json: &str) -> Self {
        read_json(json).unwrap_or_default()
    }

    /// It as it is kept; none where there is nothing to keep.
    pub fn written(&self) -> Option<String> {
        let blank = self.text.trim().is_empty();
        let empty = blank && self.instructions.is_none() && self.choice.is_none();
        // Such a structure always has a JSON form.
        (!empty).then(|| serde_json::to_string(self).ok()).flatten()
    }
}

/// Which of the kept drafts (their names and times) are to be forgotten.
pub fn forgotten(kept: Vec<(String, i64)>, now: i64) -> Vec<String> {
    // The newest first.
    let newest = kept.into_iter().enumerate();
    let newest: Map<_, _> = newest
        .map(|(place, (name, at))| ((Reverse(at), place), name))
        .collect();
    let old = |at: i64| now - at > OLDEST_MS;
    newest
        .iter()
        .enumerate()
        .filter(|(place, ((Reverse(at), _), _))| *place >= MOST || old(*at))
        .map(|(_, (_, name))| name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let draft = Draft {
            text: "half a \"thought\"\n".into(),
            instructions: Some("Be brief.".into()),
            choice: Some(Choice {
                assistant: Some("qa".into()),
                model: None,
            }),
            at: 5,
        };
        assert_eq!(Draft::read(&draft.written().unwrap()), draft);
        assert_eq!(Draft::read("nonsense"), Draft::default());
        assert_eq!(Draft::read("{\"text\":\"old\"}").text, "old");
    }

    #[test]
    fn nothing_is_not_kept() {
        let blank = Draft {
            text: " \n".into(),
            ..Draft::default()
        };
        assert_eq!(blank.written(), None);
        let instructions = Draft {
            instructions: Some("Be brief.".into()),
            ..Draft::default()
        };
        assert!(instructions.written().is_some());
        let choice = Draft {
            choice: Some(Choice::default()),
            ..Draft::default()
        };
        assert!(choice.written().is_some());
    }

    #[test]
    fn old_drafts_and_too_many_are_forgotten() {
        let kept = |count: i64| (0..count).map(|at| (format!("draft:{at}"), at)).collect();
        assert_eq!(forgotten(kept(50), 60), Vec::<String>::new());
        assert_eq!(forgotten(kept(52), 60), ["draft:1", "draft:0"]);
        let month = 31 * 24 * 60 * 60 * 1000;
        assert_eq!(
            forgotten(vec![("a".into(), 0), ("b".into(), month)], month),
            ["a"]
        );
    }
}
