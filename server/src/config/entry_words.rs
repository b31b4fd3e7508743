//! What of a provider's, a model's and an assistant's own entry can be changed live, in plain words.

use evenkeel_protocol::SettingKind;

use super::{AssistantConfig, ModelConfig, ProviderConfig};
use crate::live::describe::{Described, list, number, switch, text};

/// The keys of a provider beside its `resilience`.
pub(crate) const PROVIDER: &[Described<ProviderConfig>] = &[
    Described {
        key: "enabled",
        label: "In use",
        help: "Whether its models are asked at all; where it is off, the next ones of each chain answer.",
        kind: SettingKind::Switch,
        words: &[],
        value: |provider| switch(provider.enabled),
    },
    Described {
        key: "default_model",
        label: "Default model",
        help: "Which of its models stands for it in the order of the providers.",
        kind: SettingKind::Text,
        words: &[],
        value: |provider| text(provider.default_model.as_deref()?),
    },
];

/// The keys of a model beside its `resilience`.
pub(crate) const MODEL: &[Described<ModelConfig>] = &[Described {
    key: "fallbacks",
    label: "Fallbacks",
    help: "The models that step in for it, in their order, before everybody's; \"auto\" has them chosen by likeness.",
    kind: SettingKind::Models,
    words: &["auto"],
    value: |model| {
        if model.auto {
            text("auto")
        } else {
            list(&model.fallbacks)
        }
    },
}];

/// The keys of an assistant.
pub(crate) const ASSISTANT: &[Described<AssistantConfig>] = &[
    Described {
        key: "candidate.percent",
        label: "Conversations that try the candidate",
        help: "How many of 100 conversations ask the candidate first; a conversation stays on its side, and a higher number only adds some.",
        kind: SettingKind::Decimal,
        words: &[],
        value: |assistant| number(assistant.candidate.as_ref()?.percent),
    },
    Described {
        key: "use_candidate",
        label: "Candidate in use",
        help: "Whether the candidate is asked at all; where it is off, the assistant's own model answers everybody.",
        kind: SettingKind::Switch,
        words: &[],
        value: |assistant| switch(assistant.use_candidate),
    },
    Described {
        key: "use_fallback",
        label: "Fallbacks in use",
        help: "Whether other models may step in; where it is off, a failure of the model that was asked is what people see.",
        kind: SettingKind::Switch,
        words: &[],
        value: |assistant| switch(assistant.use_fallback),
    },
    Described {
        key: "fallbacks",
        label: "Fallbacks",
        help: "The models that step in for it, in their order, before everybody's; where nothing is said, those of its model.",
        kind: SettingKind::Models,
        words: &[],
        value: |assistant| list(assistant.fallbacks.as_deref()?),
    },
];
