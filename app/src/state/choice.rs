//! Who is to answer: an assistant, or a model by itself.

use evenkeel_protocol::read::{Object, Take, Wrong};
use evenkeel_protocol::{Assistant, Hello, Message, ModelId};
use serde::Serialize;

/// Who is to answer the next message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The assistant; none where a model answers by itself.
    pub assistant: Option<String>,
    /// The model; of an assistant, only where it is to be asked before the assistant's own.
    pub model: Option<ModelId>,
}

impl Take for Choice {
    fn take(object: &mut Object) -> Result<Self, Wrong> {
        Ok(Self {
            assistant: object.field("assistant")?,
            model: object.field("model")?,
        })
    }
}

impl From<ModelId> for Choice {
    fn from(model: ModelId) -> Self {
        Self {
            assistant: None,
            // Before the server has said what there is, none is known.
            model: (!model.as_str().is_empty()).then_some(model),
        }
    }
}

impl Choice {
    /// What an entry of the pickers stands for: ids are unique across assistants and models.
    pub fn of(id: &str, hello: &Hello) -> Self {
        match assistant(hello, id) {
            Some(assistant) => Self {
                assistant: Some(assistant.id.clone()),
                model: None,
            },
            None => ModelId::from(id).into(),
        }
    }

    /// The entry of the pickers that stands for it.
    pub fn id(&self) -> &str {
        let model = self.model.as_ref().map_or("", ModelId::as_str);
        self.assistant.as_deref().unwrap_or(model)
    }

    /// Whether the server still offers it.
    pub fn offered(&self, hello: &Hello) -> bool {
        let assistant = self.assistant.as_deref();
        assistant.is_none_or(|id| self::assistant(hello, id).is_some())
            && self.model.as_ref().is_none_or(|id| offers(hello, id))
    }

    /// The model that is asked first, as far as it is known: an assistant may try another one in some conversations.
    pub fn first(&self, hello: &Hello) -> Option<ModelId> {
        let own = || Some(assistant(hello, self.assistant.as_deref()?)?.model.clone());
        self.model.clone().or_else(own)
    }

    /// Whose forecast is its own: with a model of its own an assistant is as well as that model is.
    pub fn forecast_of(&self) -> ModelId {
        let assistant = || ModelId(self.assistant.clone().unwrap_or_default());
        self.model.clone().unwrap_or_else(assistant)
    }

    /// Who is asked where an answer is asked for again as it was.
    pub fn again(answer: &Message, hello: &Hello) -> Option<Self> {
        let known = |id: &&String| assistant(hello, id).is_some();
        match answer.assistant.as_ref().filter(known) {
            Some(id) => Some(Self {
                assistant: Some(id.clone()),
                model: None,
            }),
            None => answer.requested_model.clone().map(Self::from),
        }
    }
}

/// The assistant with this id.
pub fn assistant<'a>(hello: &'a Hello, id: &str) -> Option<&'a Assistant> {
    hello.assistants.iter().find(|known| known.id == id)
}

pub(super) fn offers(hello: &Hello, id: &ModelId) -> bool {
    hello.models.iter().any(|known| known.id == *id)
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::Model;

    use super::super::{State, read_json};
    use super::*;

    fn hello() -> Hello {
        let model = |id: &str| Model {
            id: id.into(),
            provider: "p".into(),
            fallbacks: vec![],
            demo: false,
        };
        Hello {
            models: vec![model("a"), model("b")],
            assistants: vec![Assistant {
                id: "qa".into(),
                name: "Questions".into(),
                model: "a".into(),
            }],
            ..Hello::clone(&State::default().hello)
        }
    }

    fn with_model(assistant: &str, model: &str) -> Choice {
        Choice {
            assistant: Some(assistant.into()),
            model: Some(model.into()),
        }
    }

    #[test]
    fn an_entry_is_an_assistant_or_a_model() {
        let qa = Choice::of("qa", &hello());
        assert_eq!((qa.assistant.as_deref(), &qa.model), (Some("qa"), &None));
        assert_eq!((qa.id(), qa.first(&hello())), ("qa", Some("a".into())));
        assert_eq!(qa.forecast_of(), "qa".into());
        let b = Choice::of("b", &hello());
        assert_eq!(b, ModelId::from("b").into());
        assert_eq!((b.id(), b.first(&hello())), ("b", Some("b".into())));
        assert_eq!(Choice::of("", &hello()), Choice::default());
        let other = with_model("qa", "b");
        assert_eq!(
            (other.id(), other.first(&hello())),
            ("qa", Some("b".into()))
        );
        assert_eq!(other.forecast_of(), "b".into());
    }

    #[test]
    fn what_the_server_no_longer_has_is_not_offered() {
        let hello = hello();
        for known in [Choice::of("qa", &hello), with_model("qa", "b")] {
            assert!(known.offered(&hello), "{known:?}");
        }
        for gone in [
            Choice::of("gone", &hello),
            with_model("gone", "b"),
            with_model("qa", "gone"),
        ] {
            assert!(!gone.offered(&hello), "{gone:?}");
        }
    }

    #[test]
    fn it_is_kept_as_it_was() {
        let choice = with_model("qa", "b");
        let json = serde_json::to_string(&choice).unwrap();
        assert_eq!(read_json(&json), Some(choice));
        assert_eq!(read_json("{}"), Some(Choice::default()));
    }
}
