//! How providers of this family differ: each takes most of OpenAI's words, and refuses some.

use url::Url;

use crate::address::hosted_at;

/// How a provider of this family differs from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenAI itself, and Azure, which runs its models.
    OpenAi,
    /// Passes on to whoever understands it what others refuse.
    OpenRouter,
    /// Refuses every field that it does not know; counts tokens unasked; goes on from words that are marked as a prefix.
    Mistral,
    /// Goes on from words that are marked as a prefix, at an address of its own.
    DeepSeek,
    /// Wants a model's thoughts back, as `DeepSeek` does.
    Thoughtful,
    /// Whatever else is compatible.
    Plain,
}

/// The fields of Mistral's request. What it knows by another name, or writes itself, stands elsewhere.
const MISTRALS: [&str; 16] = [
    "frequency_penalty",
    "guardrails",
    "max_tokens",
    "messages",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_mode",
    "random_seed",
    "response_format",
    "safe_prompt",
    "stop",
    "temperature",
    "tool_choice",
    "tools",
];

impl Dialect {
    pub(crate) fn of(base: &Url) -> Self {
        const OPENAI: &[&str] = &["api.openai.com", ".api.openai.com"];
        const THOUGHTFUL: &[&str] = &["api.moonshot.ai", "api.moonshot.cn", "api.z.ai"];
        if hosted_at(base, OPENAI) || is_azure(base) {
            Self::OpenAi
        } else if hosted_at(base, &["openrouter.ai"]) {
            Self::OpenRouter
        } else if hosted_at(base, &["api.mistral.ai"]) {
            Self::Mistral
        } else if hosted_at(base, &["api.deepseek.com"]) {
            Self::DeepSeek
        } else if hosted_at(base, THOUGHTFUL) {
            Self::Thoughtful
        } else {
            Self::Plain
        }
    }

    /// It knows the role `developer`; the others know `system` alone.
    pub(super) fn knows_developers(self) -> bool {
        matches!(self, Self::OpenAi | Self::OpenRouter)
    }

    /// It wants a model's thoughts back, and others refuse them.
    pub(super) fn wants_thoughts(self) -> bool {
        matches!(self, Self::OpenRouter | Self::DeepSeek | Self::Thoughtful)
    }

    /// It knows `max_tokens`, and not the newer `max_completion_tokens`.
    pub(super) fn knows_the_older_limit(self) -> bool {
        matches!(self, Self::Mistral | Self::DeepSeek)
    }

    /// It takes a field of this name.
    pub(super) fn takes(self, key: &str) -> bool {
        self != Self::Mistral || MISTRALS.contains(&key)
    }
}

/// Azure takes its key in a header of its own.
pub(crate) fn is_azure(base: &Url) -> bool {
    const HOSTS: &[&str] = &[
        ".openai.azure.com",
        ".cognitiveservices.azure.com",
        ".services.ai.azure.com",
    ];
    hosted_at(base, HOSTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azure_is_known_by_its_hosts() {
        for (base, expected) in [
            ("https://x.openai.azure.com/openai/v1", true),
            ("https://x.cognitiveservices.azure.com/openai/v1", true),
            ("https://x.services.ai.azure.com/openai/v1", true),
            ("https://openai.azure.com.evil.example/v1", false),
            ("https://api.openai.com/v1", false),
        ] {
            assert_eq!(is_azure(&base.parse().unwrap()), expected, "{base}");
        }
    }
}
