use std::time::Duration;

use super::*;

fn parse(text: &str, environment: &[(&str, &str)]) -> Result<(Config, Vec<String>), Vec<String>> {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let words = |problems: Problems| problems.iter().map(ToString::to_string).collect();
    Config::parse(text, &environment)
        .map(|(config, warnings)| (config, words(warnings)))
        .map_err(words)
}

const TWO: &str = r#"
[resilience]
first_token_timeout = "2s"
default_fallbacks = ["b"]

[[providers]]
id = "one"
kind = "openai"
base_url = "http://127.0.0.1:9001/v1"
api_key = "sk-very-secret-value"
default_model = "a"

[[providers]]
id = "two"
kind = "openai"
base_url = "http://127.0.0.1:9002/v1"
resilience = { timeout = "9s" }

[[models]]
id = "b"
provider = "two"
name = "b-upstream"
fallbacks = ["a"]
"#;

#[test]
fn nothing_at_all_is_a_configuration() {
    let (config, warnings) = parse("", &[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.storage_url, "sqlite://evenkeel.db");
    assert!(config.providers.is_empty() && warnings.is_empty());
    assert_eq!(config.resilience, Settings::default());
}

#[test]
fn two_providers_and_the_nearest_figure() {
    let (config, warnings) = parse(TWO, &[]).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let models: Vec<_> = config
        .models
        .iter()
        .map(|model| {
            (
                model.id.as_str(),
                model.provider.as_str(),
                model.name.as_str(),
            )
        })
        .collect();
    assert_eq!(models, [("b", "two", "b-upstream"), ("a", "one", "a")]);
    assert_eq!(config.models[0].resilience.timeout, Duration::from_secs(9));
    assert_eq!(
        config.models[0].resilience.first_token_timeout,
        Duration::from_secs(2)
    );
    assert!(!format!("{config:?}").contains("very-secret"));
}

#[test]
fn the_environment_wins_over_the_file() {
    let (config, _) = parse(
        TWO,
        &[
            ("EVENKEEL_TIMEOUT_SECONDS", "90"),
            ("EVENKEEL_MAX_RETRIES", "5"),
            ("EVENKEEL_RETRY_BASE_DELAY", "2.0"),
            ("EVENKEEL_CIRCUIT_THRESHOLD", "2"),
            ("EVENKEEL_CIRCUIT_COOLDOWN_SECONDS", "30"),
            ("EVENKEEL_PROVIDER_ORDER", "two, one"),
            ("EVENKEEL__SERVER__LISTEN", "127.0.0.1:4000"),
            ("EVENKEEL__RESILIENCE__FIRST_TOKEN_TIMEOUT", "3s"),
        ],
    )
    .unwrap();
    assert_eq!(config.listen.port(), 4000);
    let settings = &config.resilience;
    assert_eq!(settings.timeout, Duration::from_secs(90));
    assert_eq!(settings.max_retries, 5);
    assert_eq!(settings.backoff.base(), Duration::from_secs(2));
    assert_eq!(
        (settings.circuit.threshold, settings.circuit.cooldown),
        (2, Duration::from_secs(30))
    );
    assert_eq!(settings.first_token_timeout, Duration::from_secs(3));
}

#[test]
fn a_variable_cannot_reach_into_a_list() {
    let problems = parse(TWO, &[("EVENKEEL__PROVIDERS__ID", "x")]).unwrap_err();
    assert_eq!(
        problems,
        ["error: providers.id (EVENKEEL__PROVIDERS__ID): lists of tables are the file's alone"]
    );
}

#[test]
fn a_key_in_the_environment_is_enough() {
    let (config, _) = parse("", &[("DEEPSEEK_API_KEY", "sk-x"), ("OPENAI_API_KEY", "")]).unwrap();
    assert_eq!(config.providers.len(), 1);
    assert_eq!(config.models[0].id, "deepseek-chat");
}

#[test]
fn every_problem_is_found_and_named_by_its_path_and_line() {
    let text = r#"
[sever]
listen = "x"
[resilience]
first_token_timout = "2s"
timeout = 45
max_attempts = 0
retry_base_delay = "30s"
[[providers]]
id = "p"
kind = "open-ai"
api_key = "sk-very-secret-value"
[[providers]]
id = "p"
kind = "openai"
base_url = "ftp://x"
[[models]]
id = "m"
provider = "q"
fallbacks = ["m2", 7]
"#;
    let problems = parse(text, &[]).unwrap_err();
    let all = problems.join("\n");
    for expected in [
        "error: sever (line 2): unknown key; did you mean `server`?",
        "error: resilience.first_token_timout (line 5): unknown key; did you mean `first_token_timeout`?",
        "error: resilience.timeout (line 6): must be a duration",
        "error: resilience.max_attempts (line 7): must be 1 or more",
        "error: resilience.retry_base_delay (line 8): retry_base_delay must not be longer",
        "error: providers.p.kind (line 11): must be \"openai\" or \"demo\"",
        "error: providers.p.id (line 14): is used twice",
        "error: providers.p.base_url (line 16): must be an http",
        "error: models.m.provider (line 19): no such provider",
        "error: models.m.fallbacks[0] (line 20): no such model; did you mean `m`?",
        "error: models.m.fallbacks[1] (line 20): must be a text",
    ] {
        assert!(all.contains(expected), "{expected}\nin\n{all}");
    }
    assert!(!all.contains("very-secret"), "{all}");
}

#[test]
fn broken_toml_is_named_by_its_line_and_never_shown() {
    let problems = parse(
        "[server]\nlisten = \"x\"\napi_key = sk-very-secret-value\n",
        &[],
    )
    .unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].contains("line 3") && !problems[0].contains("very-secret"),
        "{problems:?}"
    );
}

#[test]
fn chains_are_checked() {
    let text = r#"
[resilience]
max_attempts = 2
[[providers]]
id = "p"
kind = "openai"
[[models]]
id = "a"
provider = "p"
fallbacks = ["b", "c"]
[[models]]
id = "b"
provider = "p"
[[models]]
id = "c"
provider = "p"
"#;
    let problems = parse(text, &[]).unwrap_err().join("\n");
    assert!(
        problems.contains("models.a.fallbacks (line 10): makes a chain of 3 models"),
        "{problems}"
    );
    let (_, warnings) = parse(&text.replace("max_attempts = 2", ""), &[]).unwrap();
    assert!(
        warnings
            .join("\n")
            .contains("all of the chain is on one provider"),
        "{warnings:?}"
    );
}

#[test]
fn the_same_default_model_at_two_providers_is_two_models() {
    let text = r#"
[resilience]
provider_order = ["one", "two"]
[[providers]]
id = "one"
kind = "openai"
default_model = "o3-mini"
[[providers]]
id = "two"
kind = "openai"
default_model = "o3-mini"
"#;
    let (config, _) = parse(text, &[]).unwrap();
    let chains: Vec<_> = config
        .models
        .iter()
        .map(|model| (model.id.as_str(), model.chain.join(" "), model.reasoning))
        .collect();
    assert_eq!(
        chains,
        [
            ("o3-mini", "o3-mini two/o3-mini".to_owned(), true),
            ("two/o3-mini", "two/o3-mini o3-mini".to_owned(), true)
        ]
    );
    assert_eq!(config.default_model.as_deref(), Some("o3-mini"));
    let (config, _) = parse(
        &text.replace("id = \"one\"", "id = \"one\"\nenabled = false"),
        &[("EVENKEEL_PROVIDER_ORDER", "two, one")],
    )
    .unwrap();
    assert_eq!(config.default_model.as_deref(), Some("two/o3-mini"));
}

#[test]
fn keys_of_later_versions_are_said_aloud() {
    let (_, warnings) = parse(
        "[resilience]\nhedge_after = \"1s\"\n[guards]\npii = \"off\"\n",
        &[],
    )
    .unwrap();
    assert_eq!(
        warnings,
        [
            "warning: resilience.hedge_after (line 2): is not used by this version yet",
            "warning: guards (line 3): is not used by this version yet",
        ]
    );
}
