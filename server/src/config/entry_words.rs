//! What of a provider's and a model's own entry can be changed live, in plain words.

use evenkeel_protocol::SettingKind;

use super::{ModelConfig, ProviderConfig};
use crate::live::describe::{Described, list, switch, text};

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
