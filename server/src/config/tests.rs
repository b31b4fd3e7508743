use std::time::Duration;

use evenkeel_engine::{Capabilities, Routing};

use super::*;

mod assistants;
mod kinds;

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
    // An Ollama may be there; that is found out by asking.
    let there: Vec<_> = config
        .providers
        .iter()
        .map(|it| (&*it.id, it.probed))
        .collect();
    assert_eq!(there, [("ollama", true)]);
    assert!(config.models.is_empty() && warnings.is_empty());
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
    let there: Vec<_> = config.providers.iter().map(|it| &*it.id).collect();
    assert_eq!(there, ["deepseek", "ollama"]);
    assert_eq!(config.models.len(), 1);
    assert_eq!(config.models[0].id, "deepseek-chat");
    assert!(config.providers[0].offers_listed);
}

#[test]
fn every_figure_of_the_engine_can_be_set() {
    let text = r#"
[resilience]
hedge_after = "1500ms"
routing = "fastest"
circuit_failure_rate = 0
circuit_min_outcomes = 4
circuit_window = "1m"
stream_deadline = "20m"
reasoning_first_token_timeout = "90s"
reasoning_idle_timeout = "40s"
retry_budget = 0.1
[[providers]]
id = "p"
kind = "openai"
api_key = "k"
default_model = "a"
resilience = { routing = "cheapest", circuit_failure_rate = 1 }
[[models]]
id = "b"
provider = "p"
prefill = true
capabilities = ["vision"]
resilience = { hedge_after = "off", circuit_window = "10s" }
"#;
    let environment = [
        ("EVENKEEL__RESILIENCE__CIRCUIT_MIN_OUTCOMES", "6"),
        ("EVENKEEL__RESILIENCE__RETRY_BUDGET_PER_SECOND", "2.5"),
        ("EVENKEEL__RESILIENCE__REASONING_IDLE_TIMEOUT", "45"),
    ];
    let (config, warnings) = parse(text, &environment).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let seconds = Duration::from_secs;
    let top = &config.resilience;
    assert_eq!(top.hedge_after, Some(Duration::from_millis(1500)));
    assert_eq!(top.routing, Routing::Fastest);
    assert_eq!(top.circuit.failure_rate, None);
    assert_eq!(top.circuit.min_outcomes, 6);
    assert_eq!(top.circuit.window, seconds(60));
    assert_eq!(top.stream_deadline, seconds(1200));
    assert_eq!(top.reasoning_first_token_timeout, seconds(90));
    assert_eq!(top.reasoning_idle_timeout, seconds(45));
    assert_eq!(
        config.retry_budget,
        BudgetSettings {
            share: 0.1,
            per_second: 2.5
        }
    );
    let [b, a] = config.models.as_slice() else {
        panic!("{:?}", config.models)
    };
    assert_eq!(a.resilience.routing, Routing::Cheapest);
    assert_eq!(a.resilience.circuit.failure_rate, Some(1.0));
    assert_eq!(a.resilience.hedge_after, Some(Duration::from_millis(1500)));
    assert_eq!((a.prefill, a.capabilities), (false, None));
    assert_eq!(b.resilience.hedge_after, None);
    assert_eq!(b.resilience.circuit.window, seconds(10));
    assert_eq!(
        (b.prefill, b.capabilities),
        (
            true,
            Some(Capabilities {
                vision: true,
                tools: false
            })
        )
    );
}

#[test]
fn figures_that_cannot_be_are_named() {
    let text = r#"
[resilience]
circuit_failure_rate = 1.5
circuit_min_outcomes = 0
hedge_after = "0s"
routing = "random"
deadline = "20m"
stream_deadline = "10m"
retry_budget = -1
retry_budget_per_second = -0.5
[[providers]]
id = "p"
kind = "openai"
base_url = "http://127.0.0.1:9001/v1"
default_model = "a"
resilience = { retry_budget = 0.5, connect_timeout = "1s" }
[[models]]
id = "b"
provider = "p"
capabilities = ["sight"]
fallbacks = "some"
output_cost = -2
resilience = { provider_order = [], connect_timeout = "1s" }
"#;
    assert_eq!(
        parse(text, &[]).unwrap_err(),
        [
            r#"error: resilience.hedge_after (line 5): must be longer than nothing; "off" switches it off"#,
            r#"error: resilience.routing (line 6): must be one of "ordered", "fastest", "cheapest""#,
            "error: resilience.stream_deadline (line 8): must not be shorter than deadline",
            "error: resilience.circuit_failure_rate (line 3): must be a share, from 0 to 1",
            "error: resilience.circuit_min_outcomes (line 4): must be 1 or more",
            "error: resilience.retry_budget (line 9): must be a share, from 0 to 1",
            "error: resilience.retry_budget_per_second (line 10): must be 0 or more",
            "error: providers.p.resilience.retry_budget (line 16): holds for all providers together: set it under [resilience]",
            r#"error: models.b.fallbacks (line 21): must be a list of texts, or "auto""#,
            r#"error: models.b.capabilities[0] (line 20): must be one of "vision", "tools""#,
            "error: models.b.output_cost (line 22): must be 0 or more",
            "error: models.b.resilience.provider_order (line 23): holds for all providers together: set it under [resilience]",
            "error: models.b.resilience.connect_timeout (line 23): holds for all models of a provider together: set it in the provider's own resilience, or under [resilience]",
        ]
    );
}

#[test]
fn fallbacks_by_likeness_are_chosen_later() {
    let text = r#"
[resilience]
default_fallbacks = ["c"]
[[providers]]
id = "p"
kind = "openai"
api_key = "k"
[[models]]
id = "a"
provider = "p"
fallbacks = "auto"
[[models]]
id = "c"
provider = "p"
"#;
    let (config, warnings) = parse(text, &[]).unwrap();
    let a = &config.models[0];
    assert!(a.auto && a.fallbacks.is_empty());
    assert_eq!(a.chain, ["a", "c"]);
    assert_eq!(config.default_fallbacks, ["c"]);
    assert_eq!(
        warnings,
        [
            "warning: models.a.fallbacks: all of the chain is on one provider: it survives a bad model, but no outage"
        ]
    );
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
        "error: providers.p.kind (line 11): must be one of \"openai\", \"anthropic\"",
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
    let (_, warnings) = parse("[cluster]\nredis_url = \"redis://127.0.0.1\"\n", &[]).unwrap();
    assert_eq!(
        warnings,
        ["warning: cluster (line 1): is not used by this version yet",]
    );
}
