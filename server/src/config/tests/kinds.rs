use super::parse;
use crate::config::Family;

#[test]
fn all_six_keys_of_the_environment_are_taken_up() {
    let keys = [
        ("OPENAI_API_KEY", "sk-1"),
        ("ANTHROPIC_API_KEY", "sk-2"),
        ("GOOGLE_API_KEY", "sk-3"),
        ("OPENROUTER_API_KEY", "sk-4"),
        ("DEEPSEEK_API_KEY", "sk-5"),
        ("MISTRAL_API_KEY", "sk-6"),
        ("GROQ_API_KEY", "not one of the six"),
        ("OLLAMA_HOST", "gpu-box:8080"),
    ];
    let (config, warnings) = parse("", &keys).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let there: Vec<_> = config
        .providers
        .iter()
        .map(|it| {
            let at = it.kind.endpoint().unwrap();
            let key = at.key.as_ref().map_or("", |key| key.reveal());
            let model = it.default_model.as_deref().unwrap_or_default();
            (&*it.id, it.kind.family(), at.base_url.as_str(), key, model)
        })
        .collect();
    use Family::{Anthropic, Gemini, Ollama, OpenAi};
    assert_eq!(
        there,
        [
            (
                "openrouter",
                OpenAi,
                "https://openrouter.ai/api/v1",
                "sk-4",
                "openrouter/auto"
            ),
            (
                "anthropic",
                Anthropic,
                "https://api.anthropic.com/",
                "sk-2",
                "claude-sonnet-4-5"
            ),
            (
                "deepseek",
                OpenAi,
                "https://api.deepseek.com/v1",
                "sk-5",
                "deepseek-chat"
            ),
            (
                "openai",
                OpenAi,
                "https://api.openai.com/v1",
                "sk-1",
                "gpt-4o-mini"
            ),
            (
                "gemini",
                Gemini,
                "https://generativelanguage.googleapis.com/",
                "sk-3",
                "gemini-2.5-flash"
            ),
            (
                "mistral",
                OpenAi,
                "https://api.mistral.ai/v1",
                "sk-6",
                "mistral-small-latest"
            ),
            ("ollama", Ollama, "http://gpu-box:8080/", "", ""),
        ]
    );
    assert_eq!(config.default_model.as_deref(), Some("openrouter/auto"));
    let chain = &config
        .models
        .iter()
        .find(|it| it.id == "gemini-2.5-flash")
        .unwrap()
        .chain;
    let expected = [
        "gemini-2.5-flash",
        "openrouter/auto",
        "claude-sonnet-4-5",
        "deepseek-chat",
        "gpt-4o-mini",
    ];
    assert_eq!(chain, &expected);
}

#[test]
fn a_known_id_or_kind_needs_only_a_key() {
    let text = r#"
[[providers]]
id = "groq"
[[providers]]
id = "claude-here"
kind = "anthropic"
[[providers]]
id = "mine"
kind = "openai"
base_url = "http://127.0.0.1:9001/v1"
[[providers]]
id = "openrouter"
base_url = "http://127.0.0.1:9002/v1"
[[providers]]
id = "box"
kind = "ollama"
"#;
    let keys = [
        ("GROQ_API_KEY", "gsk"),
        ("ANTHROPIC_API_KEY", "ant"),
        (
            "OPENAI_API_KEY",
            "never for an address that is not known to be OpenAI's",
        ),
        ("OPENROUTER_API_KEY", "or"),
    ];
    let (config, warnings) = parse(text, &keys).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let there: Vec<_> = config
        .providers
        .iter()
        .map(|it| {
            let at = it.kind.endpoint().unwrap();
            let key = at.key.as_ref().map(|key| key.reveal());
            (
                &*it.id,
                at.base_url.as_str(),
                key,
                it.default_model.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        there,
        [
            ("groq", "https://api.groq.com/openai/v1", Some("gsk"), None),
            (
                "claude-here",
                "https://api.anthropic.com/",
                Some("ant"),
                Some("claude-sonnet-4-5")
            ),
            ("mine", "http://127.0.0.1:9001/v1", None, None),
            // Another address is another service: which models it has is not known.
            ("openrouter", "http://127.0.0.1:9002/v1", Some("or"), None),
            ("box", "http://localhost:11434/", None, None),
        ]
    );
    assert!(
        config
            .providers
            .iter()
            .all(|it| it.offers_listed && !it.probed)
    );
}

#[test]
fn a_provider_that_is_not_known_well_enough_is_said_to_be() {
    let text = r#"
[[providers]]
id = "azure"
api_key = "k"
[[providers]]
id = "anthropic"
kind = "openai"
[[providers]]
id = "mistral-here"
[[providers]]
id = "claude"
kind = "anthropik"
[[providers]]
id = "gemini"
[[providers]]
id = "ollama"
"#;
    let problems = parse(text, &[("OLLAMA_HOST", "a b")]).unwrap_err();
    assert_eq!(
        problems,
        [
            "error: providers.azure.base_url: is missing; on Azure every resource has its own, such as https://NAME.openai.azure.com/openai/v1",
            "error: providers.anthropic.base_url: is missing; nothing is known of this provider's address",
            r#"error: providers.mistral-here.kind: is missing; give one of "openai", "anthropic", "gemini", "ollama", "demo""#,
            r#"error: providers.claude.kind (line 12): must be one of "openai", "anthropic", "gemini", "ollama", "demo""#,
            "warning: providers.gemini.api_key_env: is missing, and so is GEMINI_API_KEY or GOOGLE_API_KEY in the environment; give one of api_key_env, api_key_file and api_key: this provider will be asked without a key",
            "error: providers.ollama.base_url: is missing, and OLLAMA_HOST is no host, host:port or URL",
        ]
    );
    // Where nobody has asked for an Ollama, a strange variable stops nothing.
    let (config, warnings) = parse("", &[("OLLAMA_HOST", "a b")]).unwrap();
    assert!(config.providers.is_empty());
    assert_eq!(
        warnings,
        ["warning: OLLAMA_HOST: is no host, host:port or URL; no Ollama will be looked for"]
    );
}

#[test]
fn an_address_that_says_too_much_is_a_warning() {
    let text = r#"
[[providers]]
id = "anthropic"
base_url = "http://127.0.0.1:9001/v1/messages"
[[providers]]
id = "a"
kind = "openai"
base_url = "https://a.openai.azure.com/openai/v1"
"#;
    let (_, warnings) = parse(text, &[]).unwrap();
    assert_eq!(
        warnings,
        [
            "warning: providers.anthropic.base_url (line 4): ends with /v1/messages, and more is added to it: give what stands before, unless that is meant",
            "warning: providers.a: has no model, and Azure does not list deployments: give it a default_model, or a [[models]] entry, with a deployment's name",
        ]
    );
}

#[test]
fn ollama_gets_the_time_of_a_model_that_reasons() {
    let text = r#"
[resilience]
first_token_timeout = "5s"
reasoning_first_token_timeout = "100s"
[[providers]]
id = "patient"
kind = "ollama"
default_model = "a"
[[providers]]
id = "quick"
kind = "ollama"
resilience = { first_token_timeout = "7s" }
[[models]]
id = "b"
provider = "quick"
[[models]]
id = "c"
provider = "quick"
resilience = { reasoning_first_token_timeout = "30s" }
"#;
    let (config, _) = parse(text, &[]).unwrap();
    let limits: Vec<_> = config
        .models
        .iter()
        .map(|it| (&*it.id, it.resilience.first_token_timeout.as_secs()))
        .collect();
    assert_eq!(limits, [("b", 7), ("c", 30), ("a", 100)]);
    assert_eq!(config.resilience.first_token_timeout.as_secs(), 5);
}
