//! Tool calls out of their parts: which part belongs to which call, where providers number them badly or not at all.

use evenkeel_engine::{Chunk, ToolCallDelta};
use serde_json::Value;
use std::collections::VecDeque;

use crate::json::{arguments, take, take_list, text};

/// The answer's calls until now. A call's place is its index in the chunks.
#[derive(Default)]
pub(super) struct Calls(Vec<Call>);

struct Call {
    /// The provider's number for it.
    number: u64,
    id: Option<String>,
    /// Its name has been told.
    named: bool,
    /// Arguments have come.
    argued: bool,
}

impl Calls {
    /// Adds the parts of one event.
    pub(super) fn parts(&mut self, delta: &mut Value, chunks: &mut VecDeque<Chunk>) {
        for (place, mut part) in take_list(delta, "tool_calls").into_iter().enumerate() {
            let id = text(&part, "id").map(str::to_owned);
            let number = part.get("index").and_then(Value::as_u64);
            let signature = text(&part, "signature").map(str::to_owned);
            let function = take(&mut part, "function");
            self.part(number, place as u64, id, function, signature, chunks);
        }
        // OpenAI's oldest form: one call, without an id.
        let oldest = take(delta, "function_call");
        if oldest.is_object() {
            self.part(Some(0), 0, None, oldest, None, chunks);
        }
    }

    fn part(
        &mut self,
        number: Option<u64>,
        place: u64,
        id: Option<String>,
        mut function: Value,
        signature: Option<String>,
        chunks: &mut VecDeque<Chunk>,
    ) {
        let name = text(&function, "name").map(str::to_owned);
        let arguments = arguments(take(&mut function, "arguments"));
        let known = match number {
            Some(number) => self.0.iter().rposition(|call| call.number == number),
            // Without a number a part without a name belongs to the call before it.
            None if name.is_none() => self.0.len().checked_sub(1),
            // One with a name, too, where that call has none yet and this is not another's.
            None => {
                let waits = |call: &Call| !call.named && (id.is_none() || call.id == id);
                self.0.iter().rposition(waits)
            }
        };
        // Some give every call the same number; another id with a name of its own begins another call. Others give each
        // part another id, but its name only once.
        let known = known.filter(|at| {
            let call = &self.0[*at];
            let another = id.is_some() && call.id.is_some() && call.id != id;
            !(another && call.named && name.is_some())
        });
        let first = known.is_none();
        let index = known.unwrap_or_else(|| {
            self.0.push(Call {
                number: number.unwrap_or(place),
                id: id.clone(),
                named: false,
                argued: false,
            });
            self.0.len() - 1
        });
        let call = &mut self.0[index];
        call.argued |= !arguments.is_empty();
        // Some give it with every part, others after the first: it is told once, when it comes.
        let name = name.filter(|_| !call.named);
        call.named |= name.is_some();
        let says = !arguments.is_empty() || signature.is_some() || name.is_some();
        if first || says {
            chunks.push_back(Chunk::ToolCall(ToolCallDelta {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                // Told once, with its first part; a caller that joins the parts must not join these.
                id: id.filter(|_| first),
                name,
                arguments,
                signature,
            }));
        }
    }

    /// The answer is whole: a call to which no arguments came has none, which in JSON is an empty object.
    pub(super) fn finish(&mut self, chunks: &mut VecDeque<Chunk>) {
        for (index, call) in self.0.iter_mut().enumerate() {
            if !std::mem::replace(&mut call.argued, true) {
                chunks.push_back(Chunk::ToolCall(ToolCallDelta {
                    index: u32::try_from(index).unwrap_or(u32::MAX),
                    arguments: "{}".to_owned(),
                    ..ToolCallDelta::default()
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The calls, joined as a caller joins them: id, name, arguments.
    fn joined(deltas: &[Value]) -> Vec<(String, String, String)> {
        let (mut calls, mut chunks) = (Calls::default(), VecDeque::new());
        for delta in deltas {
            calls.parts(&mut delta.clone(), &mut chunks);
        }
        calls.finish(&mut chunks);
        let mut joined: Vec<(String, String, String)> = vec![];
        for chunk in chunks {
            let Chunk::ToolCall(part) = chunk else {
                panic!()
            };
            joined.resize(
                joined.len().max(part.index as usize + 1),
                Default::default(),
            );
            let call = &mut joined[part.index as usize];
            call.0 += &part.id.unwrap_or_default();
            call.1 += &part.name.unwrap_or_default();
            call.2 += &part.arguments;
        }
        joined
    }

    fn part(index: Option<u64>, id: Option<&str>, name: Option<&str>, arguments: Value) -> Value {
        json!({"index": index, "id": id, "function": {"name": name, "arguments": arguments}})
    }

    #[test]
    fn parts_are_joined_however_they_are_numbered() {
        let one = |parts: &[Value]| json!({"tool_calls": parts});
        let text = |t: &str| json!(t);
        let expected = [("a", "f", "{\"x\":1}"), ("b", "g", "{}")]
            .map(|(id, name, args)| (id.to_owned(), name.to_owned(), args.to_owned()));
        for (how, deltas) in [
            (
                "as OpenAI does",
                vec![
                    one(&[part(Some(0), Some("a"), Some("f"), text(""))]),
                    one(&[part(Some(0), None, None, text("{\"x\""))]),
                    one(&[part(Some(0), None, None, text(":1}"))]),
                    one(&[part(Some(1), Some("b"), Some("g"), text("{}"))]),
                ],
            ),
            (
                "whole, without numbers",
                vec![one(&[
                    part(None, Some("a"), Some("f"), json!({"x": 1})),
                    part(None, Some("b"), Some("g"), Value::Null),
                ])],
            ),
            (
                "one each, without numbers",
                vec![
                    one(&[part(None, Some("a"), Some("f"), text("{\"x\":1}"))]),
                    one(&[part(None, Some("b"), Some("g"), text(""))]),
                ],
            ),
            (
                "the same number for all",
                vec![
                    one(&[part(Some(0), Some("a"), Some("f"), text("{\"x\":1}"))]),
                    one(&[part(Some(0), Some("b"), Some("g"), text("{}"))]),
                ],
            ),
            (
                "id and name with every part",
                vec![
                    one(&[part(Some(0), Some("a"), Some("f"), text("{\"x\""))]),
                    one(&[part(Some(0), Some("a"), Some("f"), text(":1}"))]),
                    one(&[part(Some(1), Some("b"), Some("g"), text(""))]),
                ],
            ),
            (
                "another id with every part",
                vec![
                    one(&[part(Some(0), Some("a"), Some("f"), text("{\"x\""))]),
                    one(&[part(Some(0), Some("z"), Some(""), text(":1}"))]),
                    one(&[part(Some(1), Some("b"), Some("g"), text(""))]),
                ],
            ),
            (
                "a name after its first part",
                vec![
                    one(&[part(Some(0), Some("a"), None, text(""))]),
                    one(&[part(Some(0), None, Some("f"), text("{\"x\""))]),
                    one(&[part(Some(0), Some("a"), Some("f"), text(":1}"))]),
                    one(&[part(Some(1), Some("b"), Some(""), text("{}"))]),
                    one(&[part(Some(1), Some("b"), Some("g"), text(""))]),
                ],
            ),
            (
                "a name after its first part, without numbers",
                vec![
                    one(&[part(None, Some("a"), None, text("{\"x\""))]),
                    one(&[part(None, None, Some("f"), text(":1}"))]),
                    one(&[part(None, Some("b"), Some("g"), text(""))]),
                ],
            ),
            (
                "numbered from one, with empty ids",
                vec![
                    one(&[part(Some(1), Some("a"), Some("f"), text("{\"x\""))]),
                    one(&[part(Some(1), Some(""), None, text(":1}"))]),
                    one(&[part(Some(2), Some("b"), Some("g"), text(""))]),
                ],
            ),
        ] {
            assert_eq!(joined(&deltas), expected, "{how}");
        }
    }

    #[test]
    fn the_oldest_form_is_a_call_without_an_id() {
        let found = joined(&[
            json!({"function_call": {"name": "f", "arguments": ""}}),
            json!({"function_call": {"arguments": "{\"x\":1}"}}),
        ]);
        assert_eq!(
            found,
            [(String::new(), "f".to_owned(), "{\"x\":1}".to_owned())]
        );
    }
}
