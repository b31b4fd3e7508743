//! What a caller asked in Anthropic's own form, for a model of Anthropic's: passed on as it is, but for the words in
//! which each generation of models is told to reason. The caller may have had another model in mind.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::generation::Generation;
use crate::Prompt;
use crate::json::{field, text};

/// The least budget that is taken.
const LEAST_BUDGET: u64 = 1_024;

/// These stand in the body itself, and are not to be said twice.
const SAID: [&str; 10] = [
    "model",
    "messages",
    "max_tokens",
    "stream",
    "system",
    "tools",
    "tool_choice",
    "temperature",
    "top_p",
    "stop_sequences",
];

/// See the module.
#[derive(Default)]
pub(super) struct Own<'p> {
    pub(super) thinking: Option<Value>,
    pub(super) top_k: Option<&'p Value>,
    pub(super) output_config: Option<&'p Value>,
    pub(super) metadata: Option<&'p Value>,
    /// Whatever else there was.
    pub(super) rest: BTreeMap<&'p str, &'p Value>,
}

impl<'p> Own<'p> {
    pub(super) fn of(prompt: &'p Prompt, generation: Generation, limit: u64) -> Self {
        let Some(fields) = prompt.anthropic() else {
            return Self::default();
        };
        let mut own = Self::default();
        for (key, value) in fields {
            match key.as_str() {
                "thinking" => own.thinking = thinking(value, generation, limit),
                "top_k" => own.top_k = Some(value),
                "output_config" => {
                    let known = matches!(generation, Generation::Adaptive | Generation::Untuned);
                    own.output_config = known.then_some(value);
                }
                "metadata" => own.metadata = Some(value),
                // A header's, and what is said elsewhere.
                "betas" => {}
                key if SAID.contains(&key) => {}
                key => {
                    own.rest.insert(key, value);
                }
            }
        }
        own
    }

    /// The model is told the answer's shape in its own words.
    pub(super) fn shapes(&self) -> bool {
        let format = self
            .output_config
            .and_then(|config| field(config, "format"));
        format.is_some()
    }
}

fn thinking(asked: &Value, generation: Generation, limit: u64) -> Option<Value> {
    match (text(asked, "type")?, generation) {
        ("disabled", _) | (_, Generation::Plain) => None,
        // What the model may judge for itself elsewhere is here half of what it may say.
        ("adaptive", Generation::Budget) => (limit / 2 >= LEAST_BUDGET)
            .then(|| json!({"type": "enabled", "budget_tokens": limit / 2})),
        ("enabled", Generation::Untuned) => {
            Some(json!({"type": "adaptive", "display": "summarized"}))
        }
        _ => Some(asked.clone()),
    }
}

/// What the caller has switched on by header.
pub(crate) fn betas(prompt: &Prompt) -> Option<String> {
    let listed = prompt
        .anthropic()
        .map(|own: &Map<_, _>| own.get("betas"))??;
    let words: Vec<_> = listed
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    (!words.is_empty()).then(|| words.join(","))
}
