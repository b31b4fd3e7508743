use super::parse;
use crate::config::{Injection, Pii};

/// Models `a`, `b` and `c`, each on a provider of its own, the first falling back along the rest.
const MODELS: &str = r#"
[resilience]
default_fallbacks = ["c"]
[[providers]]
id = "one"
kind = "openai"
base_url = "http://127.0.0.1:1/v1"
[[providers]]
id = "two"
kind = "openai"
base_url = "http://127.0.0.1:2/v1"
[[models]]
id = "a"
provider = "one"
fallbacks = ["b"]
[[models]]
id = "b"
provider = "two"
[[models]]
id = "c"
provider = "one"
"#;

fn assistant(more: &str) -> String {
    format!("{MODELS}[[assistants]]\nid = \"qa\"\n{more}\n")
}

fn chain(more: &str) -> Vec<String> {
    let (config, _) = parse(&assistant(more), &[]).unwrap();
    config.assistants[0].chain.clone()
}

#[test]
fn what_is_left_out_has_its_usual_meaning() {
    let (config, warnings) = parse(&assistant("model = \"a\""), &[]).unwrap();
    assert_eq!(warnings, Vec::<String>::new());
    let qa = &config.assistants[0];
    assert_eq!((qa.id.as_str(), qa.name.as_str()), ("qa", "qa"));
    assert!(qa.use_candidate && qa.use_fallback);
    assert!(qa.system_prompt.is_none() && qa.candidate.is_none() && qa.fallbacks.is_none());
}

#[test]
fn its_model_comes_first_then_its_fallbacks_or_its_models_then_everybodys() {
    assert_eq!(chain("model = \"a\""), ["a", "b", "c"]);
    assert_eq!(chain("model = \"b\""), ["b", "c"]);
    assert_eq!(chain("model = \"a\"\nfallbacks = []"), ["a", "c"]);
    assert_eq!(
        chain("model = \"b\"\nfallbacks = [\"c\", \"a\"]"),
        ["b", "c", "a"]
    );
    // The demo's step in for each other, and for nobody who does not name them.
    let demo = chain("model = \"demo-swift\"");
    assert!(demo.len() > 1 && demo.iter().all(|id| id.starts_with("demo-")));
    let named = "model = \"demo-swift\"\nfallbacks = [\"a\"]";
    assert_eq!(chain(named), ["demo-swift", "a"]);
}

#[test]
fn what_is_wrong_is_named_by_its_path() {
    for (more, expected) in [
        ("", "assistants.qa.model: is missing"),
        (
            "model = \"d\"",
            "assistants.qa.model (line 24): no such model; did you mean",
        ),
        (
            "model = \"a\"\nfallbacks = [\"b\", \"d\"]",
            "assistants.qa.fallbacks[1] (line 25): no such model",
        ),
        (
            "model = \"a\"\ncandidate = { model = \"d\", percent = 5 }",
            "assistants.qa.candidate.model (line 25): no such model",
        ),
        (
            "model = \"a\"\ncandidate = { model = \"a\", percent = 5 }",
            "assistants.qa.candidate.model (line 25): is the assistant's own model",
        ),
        (
            "model = \"a\"\ncandidate = { model = \"b\", percent = 100.5 }",
            "assistants.qa.candidate.percent (line 25): must be from 0 to 100",
        ),
        (
            "model = \"a\"\ncandidate = { model = \"b\", percent = \"5\" }",
            "assistants.qa.candidate.percent (line 25): must be a number",
        ),
        (
            "model = \"a\"\ncandidate = { model = \"b\" }",
            "assistants.qa.candidate.percent: is missing",
        ),
        (
            "model = \"a\"\ncandidate = { percent = 5 }",
            "assistants.qa.candidate.model: is missing",
        ),
        (
            "model = \"a\"\ncandidate = { model = \"b\", percent = 5, share = 1 }",
            "assistants.qa.candidate.share (line 25): unknown key",
        ),
        (
            "model = \"a\"\ncandidate = \"b\"",
            "assistants.qa.candidate (line 25): must be a table",
        ),
        (
            "model = \"a\"\nuse_fallbacks = false",
            "assistants.qa.use_fallbacks (line 25): unknown key; did you mean `use_fallback`?",
        ),
    ] {
        let problems = parse(&assistant(more), &[]).unwrap_err();
        assert_eq!(problems.len(), 1, "{more}: {problems:?}");
        assert!(problems[0].contains(expected), "{more}: {problems:?}");
    }
}

#[test]
fn ids_are_unique_among_all_that_can_be_named() {
    for id in ["a", "one", "demo-swift", "demo-harbour"] {
        let text = assistant("model = \"a\"").replace("\"qa\"", &format!("\"{id}\""));
        let problems = parse(&text, &[]).unwrap_err().join("\n");
        assert!(
            problems.contains(&format!("assistants.{id}.id")),
            "{problems}"
        );
    }
    let twice = assistant("model = \"a\"") + "[[assistants]]\nid = \"qa\"\nmodel = \"b\"\n";
    let problems = parse(&twice, &[]).unwrap_err().join("\n");
    assert!(problems.contains("is used twice"), "{problems}");
}

#[test]
fn no_chain_is_longer_than_its_turn_has_attempts() {
    let short =
        |more: &str| assistant(more).replace("[resilience]", "[resilience]\nmax_attempts = 3");
    assert!(parse(&short("model = \"a\""), &[]).is_ok());
    let problems = |more: &str| parse(&short(more), &[]).unwrap_err().join("\n");
    let own = problems("model = \"a\"\nfallbacks = [\"b\", \"demo-swift\"]");
    assert!(
        own.contains("assistants.qa.fallbacks (line 26): makes a chain of 4 models, longer than"),
        "{own}"
    );
    let tried = "model = \"a\"\ncandidate = { model = \"demo-swift\", percent = 0 }";
    let tried = problems(tried);
    assert!(
        tried.contains("assistants.qa.candidate (line 26): makes a chain of 4 models"),
        "{tried}"
    );
    let both =
        "model = \"a\"\nfallbacks = [\"b\"]\ncandidate = { model = \"demo-swift\", percent = 0 }";
    let both = problems(both);
    assert!(
        both.contains("assistants.qa.fallbacks (line 26): makes"),
        "{both}"
    );
    // One that stands in the chain anyway makes it no longer.
    let known = "model = \"a\"\ncandidate = { model = \"b\", percent = 5 }";
    assert!(parse(&short(known), &[]).is_ok());
}

#[test]
fn a_chain_on_one_provider_is_said_aloud() {
    let (_, warnings) = parse(&assistant("model = \"a\"\nfallbacks = []"), &[]).unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("assistants.qa.fallbacks: all of the chain is on one provider"));
}

#[test]
fn an_assistant_has_everybodys_guards_where_it_has_none_of_its_own() {
    let text = "model = \"a\"\nguards = { pii = \"redact\" }\n[guards]\ninjection = \"block\"";
    let (config, _) = parse(&assistant(text), &[]).unwrap();
    let guards = config.assistants[0].guards;
    assert_eq!(
        (guards.pii, guards.injection),
        (Pii::Redact, Injection::Block)
    );
    assert_eq!(config.guards.pii, Pii::Off);
    let wrong = assistant("model = \"a\"\nguards = { pii = \"on\" }");
    let wrong = parse(&wrong, &[]).unwrap_err().join("\n");
    assert!(
        wrong.contains("assistants.qa.guards.pii (line 25): must be one of"),
        "{wrong}"
    );
}
