use super::*;

const SMALL: &str = r#"
[[providers]]
id = "p"
[[models]]
id = "a"
provider = "p"
"#;

fn complaints(text: &str) -> Vec<String> {
    match parse(&format!("{SMALL}{text}")) {
        Ok(_) => vec![],
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_small_world_has_defaults() {
    let scenario = parse(SMALL).unwrap();
    assert_eq!(scenario.period, Duration::from_secs(3_600));
    assert_eq!(scenario.turns_of_a_period(), 3_600);
    assert_eq!(scenario.chains[0].models, [0]);
    assert_eq!(scenario.models[0].settings, Settings::default());
    assert_eq!(scenario.models[0].first_token, Distribution::Fixed(0.5));
}

#[test]
fn everything_that_can_be_said_is_read() {
    let text = r#"
period = "2h"
turns_per_second = 0.5
prompt_tokens = 100
answer_tokens = { from = 10, to = 20 }
[resilience]
max_retries = 1
retry_budget = 0.1
[[providers]]
id = "p"
requests_per_minute = 60
[providers.resilience]
circuit_threshold = 5
[[models]]
id = "a"
provider = "p"
first_token = { p50 = "1s", p95 = "1s" }
per_token = "10ms"
failures = { 503 = 0.25, timeout = 0.5 }
[models.resilience]
hedge_after = "4s"
[[models]]
id = "b"
provider = "p"
[[chains]]
models = ["b", "a"]
share = 3
[[outages]]
target = "b"
from = "10m"
to = "1h"
kind = "slow"
factor = 2
[[outages]]
target = "p"
to = "1m"
kind = "429"
retry_after = "5s"
share = 0.5
"#;
    let scenario = parse(text).unwrap();
    assert_eq!(scenario.turns_of_a_period(), 3_600);
    assert_eq!(scenario.retry_budget.share, 0.1);
    assert_eq!(
        scenario.answer_tokens,
        Distribution::Uniform {
            from: 10.0,
            to: 20.0
        }
    );
    assert_eq!(scenario.providers[0].requests_per_minute, Some(60));
    let [a, b] = &scenario.models[..] else {
        panic!("two models")
    };
    assert_eq!(
        (a.settings.max_retries, a.settings.circuit.threshold),
        (1, 5)
    );
    assert_eq!(a.settings.hedge_after, Some(Duration::from_secs(4)));
    assert_eq!(b.settings.hedge_after, None);
    let failures = [(Trouble::Status(503), 0.25), (Trouble::Timeout, 0.5)];
    assert_eq!(a.failures, failures);
    assert_eq!(
        (&scenario.chains[0].models[..], scenario.chains[0].share),
        (&[1, 0][..], 3.0)
    );
    let [slow, limited] = &scenario.outages[..] else {
        panic!("two outages")
    };
    assert_eq!((slow.target, slow.factor), (Target::Model(1), 2.0));
    assert_eq!(
        (limited.target, limited.trouble),
        (Target::Provider(0), Trouble::Status(429))
    );
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    assert!(slow.strikes(1, 0, minutes(10)) && slow.strikes(1, 0, minutes(59)));
    assert!(!slow.strikes(1, 0, minutes(60)) && !slow.strikes(0, 0, minutes(20)));
    assert!(limited.strikes(0, 0, minutes(0)) && limited.strikes(1, 0, minutes(0)));
}

#[test]
fn complaints_name_the_key_and_the_nearest_known_one() {
    for (text, expected) in [
        (
            "colour = 1",
            "error: models.a.colour (line 7): unknown key; known here: id, ",
        ),
        (
            "[resilience]\nmax_retrys = 1",
            "error: resilience.max_retrys (line 8): unknown key; did you mean `max_retries`?",
        ),
        (
            "[resilience]\ntimeout = 3",
            "error: resilience.timeout (line 8): must be a duration such as \"10s\", \"500ms\" or \"5m\"",
        ),
        (
            "[[outages]]\ntarget = \"aa\"\nkind = \"503\"",
            "error: outages[0].target (line 8): no such provider or model; did you mean `a`?",
        ),
        (
            "[[outages]]\ntarget = \"a\"\nkind = \"burnt\"",
            "error: outages[0].kind (line 9): must be one of \"400\", ",
        ),
        (
            "[[outages]]\ntarget = \"a\"\nkind = \"503\"\nto = \"9h\"",
            "error: outages[0].to (line 10): must be after `from`",
        ),
        (
            "[[outages]]\nkind = \"503\"",
            "error: outages[0].target: must name",
        ),
        (
            "[[outages]]\ntarget = \"a\"",
            "error: outages[0].kind: must say",
        ),
        (
            "[[outages]]\ntarget = \"a\"\nkind = \"503\"\nshare = 2",
            "error: outages[0].share (line 10): must be a share",
        ),
        (
            "[[chains]]\nmodels = [\"a\", \"c\"]",
            "error: chains[0].models[1] (line 8): no such model; did you mean `a`?",
        ),
        (
            "[[chains]]\nmodels = [\"a\", \"a\"]",
            "error: chains[0].models[1] (line 8): is in this chain already",
        ),
        (
            "[[chains]]\nmodels = []",
            "error: chains[0].models: a chain needs at least one model",
        ),
        (
            "[[chains]]\nmodels = [\"a\"]\nshare = 0",
            "error: chains[0].share (line 9): must be more than 0",
        ),
        (
            "[[models]]\nid = \"a\"\nprovider = \"p\"",
            "error: models.a.id (line 8): is there already",
        ),
        (
            "[[models]]\nprovider = \"p\"",
            "error: models[1].id: must be given",
        ),
        (
            "[[models]]\nid = \"b\"",
            "error: models.b.provider: must name the model's provider",
        ),
        (
            "[[models]]\nid = \"b\"\nprovider = \"q\"",
            "error: models.b.provider (line 9): no such provider; did you mean `p`?",
        ),
        (
            "[[models]]\nid = \"b\"\nprovider = \"p\"\nfailures = { 50 = 0.1 }",
            "error: models.b.failures.50 (line 10): unknown key; did you mean `50",
        ),
        (
            "[[models]]\nid = \"b\"\nprovider = \"p\"\nfailures = { 500 = 0.7, cut = 0.7 }",
            "error: models.b.failures.cut (line 10): makes 1.4 of all requests fail",
        ),
        (
            "[[models]]\nid = \"b\"\nprovider = \"p\"\nfirst_token = { p50 = \"2s\", p95 = \"1s\" }",
            "error: models.b.first_token: needs `from` and `to`, or `p50` and `p95`",
        ),
        (
            "[[models]]\nid = \"b\"\nprovider = \"p\"\nfirst_token = { p50 = \"2s\", p59 = \"1s\" }",
            "error: models.b.first_token.p59 (line 10): unknown key; did you mean `p50`?",
        ),
        (
            "[[models]]\nid = \"b\"\nprovider = \"p\"\ninput_cost = -1",
            "error: models.b.input_cost (line 10): must be 0 or more",
        ),
        (
            "[[models]]\nid = \"b\"\nprovider = \"p\"\n[models.resilience]\nretry_budget = 0.1",
            "error: models.b.resilience.retry_budget (line 11): holds for all providers together",
        ),
        (
            "[[providers]]\nid = \"q\"\nrequests_per_minute = 0",
            "error: providers.q.requests_per_minute (line 9): must be 1 or more",
        ),
    ] {
        let complaints = complaints(text);
        assert!(
            complaints
                .iter()
                .any(|complaint| complaint.starts_with(expected)),
            "{text}: {complaints:?}"
        );
    }
}

#[test]
fn an_empty_world_is_none() {
    let problems: Vec<_> = parse("")
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        problems,
        [
            "error: providers: a world needs at least one: write [[providers]]",
            "error: models: a world needs at least one: write [[models]]"
        ]
    );
}

#[test]
fn a_chain_is_no_longer_than_its_turn_has_attempts() {
    let text =
        format!("{SMALL}[[models]]\nid = \"b\"\nprovider = \"p\"\n[resilience]\nmax_attempts = 1");
    let problems = parse(&text).unwrap_err();
    assert!(
        problems[0]
            .to_string()
            .contains("longer than max_attempts = 1"),
        "{}",
        problems[0]
    );
}
