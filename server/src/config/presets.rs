//! What is known of the well-known providers: a known id, or a kind, needs only a key.

use super::kind::Family;

/// A known provider.
pub(super) struct Preset {
    /// Its usual id.
    pub id: &'static str,
    /// Its wire family.
    pub family: Family,
    /// Its address; none where every customer has one of their own.
    pub base_url: Option<&'static str>,
    /// The variables that may hold its key; the first that does counts.
    pub variables: &'static [&'static str],
    /// A model to begin with.
    pub default_model: Option<&'static str>,
    /// Taken up without any configuration, where the environment holds its key.
    pub from_environment: bool,
}

const fn openai(
    id: &'static str,
    base_url: &'static str,
    variables: &'static [&'static str],
    default_model: Option<&'static str>,
) -> Preset {
    Preset {
        id,
        family: Family::OpenAi,
        base_url: Some(base_url),
        variables,
        from_environment: default_model.is_some(),
        default_model,
    }
}

/// Azure's id, whose address is the customer's own.
pub(super) const AZURE: &str = "azure";

/// Ollama's id, whose address is in a variable of its own.
pub(super) const OLLAMA: &str = "ollama";

const PRESETS: [Preset; 14] = [
    openai(
        "openrouter",
        "https://openrouter.ai/api/v1",
        &["OPENROUTER_API_KEY"],
        Some("openrouter/auto"),
    ),
    Preset {
        id: "anthropic",
        family: Family::Anthropic,
        base_url: Some("https://api.anthropic.com"),
        variables: &["ANTHROPIC_API_KEY"],
        default_model: Some("claude-sonnet-4-5"),
        from_environment: true,
    },
    openai(
        "deepseek",
        "https://api.deepseek.com/v1",
        &["DEEPSEEK_API_KEY"],
        Some("deepseek-chat"),
    ),
    openai(
        "openai",
        "https://api.openai.com/v1",
        &["OPENAI_API_KEY"],
        Some("gpt-4o-mini"),
    ),
    Preset {
        id: "gemini",
        family: Family::Gemini,
        base_url: Some("https://generativelanguage.googleapis.com"),
        variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        default_model: Some("gemini-2.5-flash"),
        from_environment: true,
    },
    openai(
        "mistral",
        "https://api.mistral.ai/v1",
        &["MISTRAL_API_KEY"],
        Some("mistral-small-latest"),
    ),
    Preset {
        id: AZURE,
        family: Family::OpenAi,
        base_url: None,
        variables: &["AZURE_OPENAI_API_KEY"],
        default_model: None,
        from_environment: false,
    },
    openai(
        "groq",
        "https://api.groq.com/openai/v1",
        &["GROQ_API_KEY"],
        None,
    ),
    openai(
        "together",
        "https://api.together.xyz/v1",
        &["TOGETHER_API_KEY"],
        None,
    ),
    openai("xai", "https://api.x.ai/v1", &["XAI_API_KEY"], None),
    openai(
        "fireworks",
        "https://api.fireworks.ai/inference/v1",
        &["FIREWORKS_API_KEY"],
        None,
    ),
    openai(
        "cerebras",
        "https://api.cerebras.ai/v1",
        &["CEREBRAS_API_KEY"],
        None,
    ),
    openai(
        "perplexity",
        "https://api.perplexity.ai",
        &["PERPLEXITY_API_KEY"],
        None,
    ),
    Preset {
        id: OLLAMA,
        family: Family::Ollama,
        base_url: Some("http://localhost:11434"),
        variables: &["OLLAMA_API_KEY"],
        default_model: None,
        from_environment: false,
    },
];

/// All of them; those of the default provider order first, in that order.
pub(super) fn all() -> &'static [Preset] {
    const { &PRESETS }
}

/// By its id.
pub(super) fn named(id: &str) -> Option<&'static Preset> {
    all().iter().find(|preset| preset.id == id)
}

/// The family's own: what a provider of this kind is where nothing else is said.
pub(super) fn of(family: Family) -> Option<&'static Preset> {
    named(family.as_str())
}

/// Whether a model is known to think before it answers. A guess that can be overruled by `reasoning`.
pub(super) fn reasons(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or_default();
    let known = [
        "o1",
        "o3",
        "o4",
        "gpt-5",
        "gpt-oss",
        "deepseek-reasoner",
        "deepseek-r1",
        "gemini-2.5-pro",
        "gemini-3-pro",
        "grok-3-mini",
        "grok-4",
        "magistral",
        "qwq",
        "qwen3",
        "sonar-reasoning",
        "sonar-deep-research",
    ];
    let plain = [
        "gpt-5-chat",
        "non-reasoning",
        "non-thinking",
        "qwen3-coder",
        "instruct",
    ];
    let is_known = known.iter().any(|family| name.starts_with(family)) || name.contains("thinking");
    is_known && !plain.iter().any(|word| name.contains(word))
}
