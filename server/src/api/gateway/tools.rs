//! A tool call's parts as clients join them: id and name once, with the first part; an id where the provider gave none.

use evenkeel_engine::ToolCallDelta;
use uuid::Uuid;

/// The answer's tool calls until now.
#[derive(Default)]
pub(in super::super) struct ToolCalls {
    seen: Vec<Seen>,
}

struct Seen {
    index: u32,
    named: bool,
}

/// A part of a call, in the order in which its call was first heard of.
pub(in super::super) struct ToolPart {
    /// Which of the calls, without gaps.
    pub(in super::super) place: u32,
    /// With the first part alone.
    pub(in super::super) id: Option<String>,
    /// Once.
    pub(in super::super) name: Option<String>,
    pub(in super::super) arguments: String,
    pub(in super::super) signature: Option<String>,
}

impl ToolCalls {
    /// Some call has come.
    pub(in super::super) fn any(&self) -> bool {
        !self.seen.is_empty()
    }

    pub(in super::super) fn part(&mut self, delta: ToolCallDelta) -> ToolPart {
        let known = self.seen.iter().position(|seen| seen.index == delta.index);
        let place = known.unwrap_or_else(|| {
            self.seen.push(Seen {
                index: delta.index,
                named: false,
            });
            self.seen.len() - 1
        });
        let named = &mut self.seen[place].named;
        let name = delta.name.filter(|name| !*named && !name.is_empty());
        *named |= name.is_some();
        let given = delta.id.filter(|id| !id.is_empty());
        let id = || given.unwrap_or_else(|| format!("call_{}", Uuid::new_v4().simple()));
        ToolPart {
            place: place as u32,
            id: known.is_none().then(id),
            name,
            arguments: delta.arguments,
            signature: delta.signature,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(index: u32, id: Option<&str>, name: Option<&str>) -> ToolCallDelta {
        ToolCallDelta {
            index,
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            ..ToolCallDelta::default()
        }
    }

    #[test]
    fn id_and_name_are_told_once() {
        let mut calls = ToolCalls::default();
        let told: Vec<_> = [
            delta(3, Some("a"), Some("f")),
            delta(3, Some("a"), Some("f")),
            delta(5, Some("b"), None),
            delta(5, Some("c"), Some("g")),
        ]
        .into_iter()
        .map(|delta| calls.part(delta))
        .map(|part| (part.place, part.id, part.name))
        .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                (0, some("a"), some("f")),
                (0, None, None),
                (1, some("b"), None),
                (1, None, some("g")),
            ]
        );
        assert!(calls.any());
    }

    #[test]
    fn a_call_without_an_id_gets_one() {
        let mut calls = ToolCalls::default();
        let ids = [0, 1].map(|index| calls.part(delta(index, None, Some("f"))).id);
        assert!(ids[0].as_ref().is_some_and(|id| id.starts_with("call_")));
        assert_ne!(ids[0], ids[1]);
    }
}
