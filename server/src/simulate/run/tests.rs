use super::*;
use crate::simulate::read::parse;
use crate::simulate::report::Report;

fn simulated(text: &str, turns: u64, seed: u64) -> Tally {
    let scenario = parse(text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let done = Arc::default();
    let tally = run(scenario, turns, seed, &done).unwrap();
    assert_eq!((tally.turns, done.load(Ordering::Relaxed)), (turns, turns));
    let lost: u64 = tally
        .exhausted
        .values()
        .chain(tally.interrupted.values())
        .sum();
    let others = tally.filtered + tally.deadline_exceeded;
    assert_eq!(
        tally.all_served() + lost + others,
        turns,
        "each turn ends once"
    );
    assert_eq!(tally.kinds.values().sum::<u64>(), tally.attempts);
    tally
}

fn world(a: &str, rest: &str) -> String {
    format!(
        r#"
turns_per_second = 2
prompt_tokens = 1000
answer_tokens = 101
[[providers]]
id = "p"
[[providers]]
id = "q"
[[models]]
id = "a"
provider = "p"
input_cost = 1
output_cost = 10
first_token = "1s"
per_token = "10ms"
{a}
[[models]]
id = "b"
provider = "q"
input_cost = 2
output_cost = 20
first_token = "2s"
per_token = "10ms"
{rest}
"#
    )
}

#[test]
fn where_nothing_is_wrong_every_turn_is_served_at_once_by_the_first_model() {
    let tally = simulated(&world("", ""), 500, 1);
    assert_eq!((tally.served[0], tally.attempts), (500, 500));
    for share in [0.01, 0.5, 0.99] {
        assert_eq!(tally.first_token.quantile(share), Some(1.0));
        assert_eq!(tally.end.quantile(share), Some(2.0));
    }
    assert_eq!((tally.share_lost(), tally.wasted), (0.0, 0.0));
    let dollars = 500.0 * (1_000.0 * 1.0 + 101.0 * 10.0) / 1e6;
    assert!((tally.cost - dollars).abs() < 1e-9, "{}", tally.cost);
}

#[test]
fn a_dead_model_costs_its_users_time_and_no_answer() {
    let tally = simulated(
        &world("failures = { 401 = 1.0 }\nerror_after = \"500ms\"", ""),
        500,
        1,
    );
    assert_eq!(tally.served, [0, 500]);
    assert_eq!(tally.fallbacks, 500);
    assert_eq!(
        tally.failures["a"].keys().collect::<Vec<_>>(),
        [&"auth_error"]
    );
    assert!(tally.skipped["circuit_open"] > 450, "{:?}", tally.skipped);
    assert!(tally.share_lost() > 0.0);
    assert_eq!(tally.first_token.quantile(0.5), Some(2.0));
    assert_eq!(tally.first_token.quantile(1.0), Some(2.5));
}

#[test]
fn an_outage_lasts_from_its_first_moment_to_its_last_and_comes_again_with_the_period() {
    let outage = "[[outages]]\ntarget = \"p\"\nfrom = \"20m\"\nto = \"40m\"\nkind = \"refused\"\n[[chains]]\nmodels = [\"a\"]";
    let tally = simulated(&world("", outage), 4 * 7_200, 1);
    let share = tally.all_served() as f64 / tally.turns as f64;
    assert!((share - 2.0 / 3.0).abs() < 0.02, "{share}");
    let reasons: Vec<_> = tally.exhausted.keys().copied().collect();
    assert_eq!(reasons, ["circuit_open", "connection_failed"]);
}

#[test]
fn beyond_its_limit_a_provider_answers_429_and_the_others_step_in() {
    let text = world("requests_per_minute = 30", "");
    let tally = simulated(&text, 6_000, 1);
    let minutes = (tally.simulated.as_secs_f64() / 60.0).ceil();
    let per_minute = tally.served[0] as f64 / minutes;
    assert!((25.0..=30.0).contains(&per_minute), "{per_minute}");
    assert_eq!(tally.all_served(), 6_000);
    assert!(tally.failures["a"]["quota_exhausted"] > 0);
}

#[test]
fn a_broken_answer_is_mended_and_what_was_thrown_away_is_paid_for() {
    let tally = simulated(&world("failures = { cut = 0.2 }", ""), 500, 1);
    assert_eq!(tally.all_served(), 500);
    assert!(tally.seams > 50 && tally.wasted > 0.0 && tally.wasted < tally.cost);
    let continued = world("failures = { cut = 0.2 }", "prefill = true");
    let tally = simulated(&continued, 500, 1);
    assert_eq!(tally.all_served(), 500);
}

#[test]
fn the_same_seed_gives_the_same_account_and_another_one_another() {
    let text = world("failures = { 500 = 0.1, timeout = 0.05, stall = 0.02 }", "");
    let account = |seed| {
        let tally = simulated(&text, 2_000, seed);
        let report = Report {
            scenario: "test",
            seed: 0,
            tally: &tally,
        };
        (report.json().to_string(), report.table())
    };
    assert_eq!(account(5), account(5));
    assert_ne!(account(5), account(6));
}
