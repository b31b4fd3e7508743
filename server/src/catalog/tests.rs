use evenkeel_engine::{CircuitState, ForcedState};
use evenkeel_providers::Discovered;

use super::*;
use crate::config::Environment;

struct World {
    config: Config,
    circuits: Arc<Circuits>,
    faults: Arc<Faults>,
}

impl World {
    fn new(text: &str) -> Self {
        let (config, _) = Config::parse(text, &Environment::new()).unwrap();
        Self {
            config,
            circuits: Arc::new(Circuits::new(Arc::new(|_| {}))),
            faults: Arc::new(Faults::new(Box::new(|_| {}))),
        }
    }

    fn catalog(&self, listings: &Listings, before: Option<&Catalog>) -> Catalog {
        let catalog = Catalog::new(&self.config, &self.circuits, &self.faults, listings, before);
        let catalog = catalog.unwrap();
        catalog.settle();
        catalog
    }
}

fn listed(name: &str) -> Discovered {
    Discovered {
        name: name.to_owned(),
        ..Discovered::default()
    }
}

fn listings<const N: usize>(of: [(&str, &[&str]); N]) -> Listings {
    let listings = of.into_iter().map(|(provider, names)| {
        let models: Vec<_> = names.iter().map(|name| listed(name)).collect();
        (provider.into(), models.into())
    });
    listings.collect()
}

fn provider(id: &str) -> String {
    format!(
        "[[providers]]\nid = \"{id}\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n"
    )
}

fn model(id: &str, provider: &str, more: &str) -> String {
    format!("[[models]]\nid = \"{id}\"\nprovider = \"{provider}\"\n{more}\n")
}

fn chain(catalog: &Catalog, id: &str) -> Vec<String> {
    let chain = &catalog.model(id).unwrap().chain;
    chain.iter().map(|id| id.as_str().to_owned()).collect()
}

fn offered(catalog: &Catalog) -> Vec<String> {
    let real = catalog.offered().filter(|model| !catalog.is_demo(model));
    real.map(|model| model.id.as_str().to_owned()).collect()
}

const AUTO: &str = "fallbacks = \"auto\"";

#[test]
fn relatives_elsewhere_step_in_first_then_those_at_home_then_others() {
    let text = provider("one")
        + &provider("two")
        + &provider("three")
        + &model("claude-sonnet-4-5", "one", AUTO)
        + &model("mistral-small", "three", "");
    let world = World::new(&text);
    let catalog = world.catalog(
        &listings([
            (
                "one",
                &["claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-1"],
            ),
            (
                "two",
                &[
                    "google/gemini-2.5-pro",
                    "anthropic/claude-3-haiku",
                    "anthropic/claude-sonnet-4.5",
                    "anthropic/claude-opus-4.1",
                    "anthropic/claude-embed",
                ],
            ),
            ("three", &["mistral-small", "mistral-embed"]),
        ]),
        None,
    );
    let chain = chain(&catalog, "claude-sonnet-4-5");
    assert_eq!(
        chain[..3],
        [
            "claude-sonnet-4-5",
            "anthropic/claude-sonnet-4.5",
            "anthropic/claude-opus-4.1"
        ]
    );
    assert_eq!(chain[3..5], ["claude-haiku-4-5", "claude-opus-4-1"]);
    // No provider takes more than two places, so the third one's model is what is left.
    assert_eq!(chain[5..], ["mistral-small"]);
    // What only steps in can be asked by the engine, and is offered to nobody.
    assert!(catalog.model("claude-haiku-4-5").is_some());
    assert!(!offered(&catalog).contains(&"claude-haiku-4-5".to_owned()));
    let shown = catalog.wire_models();
    assert_eq!(shown[0].fallbacks.len(), 5);
}

#[test]
fn a_chain_by_likeness_keeps_its_bound_and_everybodys_fallbacks() {
    let text = "[resilience]\nmax_attempts = 3\ndefault_fallbacks = [\"last\"]\n".to_owned()
        + &provider("one")
        + &provider("two")
        + &model("gpt-4o", "one", AUTO)
        + &model("last", "two", "name = \"some-other\"");
    let world = World::new(&text);
    let before = world.catalog(&Listings::new(), None);
    assert_eq!(chain(&before, "gpt-4o"), ["gpt-4o", "last"]);
    let listings = listings([("two", &["some-other", "openai/gpt-4o", "openai/gpt-4.1"])]);
    let catalog = world.catalog(&listings, Some(&before));
    assert_eq!(
        chain(&catalog, "gpt-4o"),
        ["gpt-4o", "openai/gpt-4o", "last"]
    );
    // Nobody joins that has no place.
    assert!(catalog.model("openai/gpt-4.1").is_none());
}

#[test]
fn what_cannot_do_the_same_steps_in_last_and_what_is_gone_or_switched_off_never() {
    let off = "[[providers]]\nid = \"off\"\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\nenabled = false\n";
    let text = provider("one")
        + &provider("two")
        + &provider("three")
        + off
        + &model(
            "gpt-4o",
            "one",
            "fallbacks = \"auto\"\ncapabilities = [\"vision\", \"tools\"]\ncontext_window = 128000",
        )
        + &model("llama", "two", "context_window = 8000")
        + &model("qwen", "three", "")
        + &model("gone", "two", "")
        + &model("asleep", "off", "");
    let world = World::new(&text);
    let blind = Discovered {
        vision: Some(false),
        tools: Some(true),
        ..listed("openai/gpt-4o")
    };
    let mut listings = listings([("two", &["llama"]), ("three", &["qwen"])]);
    listings.insert(
        "three".into(),
        vec![listed("qwen"), blind, listed("gpt-3.5")].into(),
    );
    let catalog = world.catalog(&listings, None);
    assert_eq!(
        chain(&catalog, "gpt-4o"),
        ["gpt-4o", "gpt-3.5", "openai/gpt-4o", "llama"]
    );
}

#[test]
fn what_the_configuration_does_not_say_the_listing_does() {
    let text = provider("p")
        + &model("a", "p", "")
        + &model(
            "b",
            "p",
            "context_window = 1000\ncapabilities = [\"tools\"]\ninput_cost = 1\noutput_cost = 2",
        );
    let world = World::new(&text);
    let says = |name| Discovered {
        context_window: Some(8000),
        vision: Some(true),
        tools: None,
        input_cost: Some(3.0),
        output_cost: Some(4.0),
        ..listed(name)
    };
    let listings = Listings::from([("p".into(), vec![says("a-20250101"), says("b")].into())]);
    let catalog = world.catalog(&listings, None);
    let (a, b) = (catalog.model("a").unwrap(), catalog.model("b").unwrap());
    assert_eq!(
        (a.context_window, a.vision, a.tools),
        (Some(8000), Some(true), None)
    );
    assert_eq!(
        (b.context_window, b.vision, b.tools),
        (Some(1000), Some(false), Some(true))
    );
    assert_eq!((a.cost, b.cost), (Some((3.0, 4.0)), Some((1.0, 2.0))));
    assert_eq!((a.listed, b.listed), (Some(true), Some(true)));
}

#[test]
fn a_provider_that_nobody_named_is_there_once_it_has_answered() {
    let world = World::new("");
    let before = world.catalog(&Listings::new(), None);
    assert!(before.provider("ollama").is_none() && before.sources().count() == 1);
    assert_eq!(before.default_model().as_str(), DEMO_MODELS[0].id);
    let listings = listings([(
        "ollama",
        &["nomic-embed-text:latest", "llama3.2:3b", "demo"],
    )]);
    let catalog = world.catalog(&listings, Some(&before));
    assert!(catalog.provider("ollama").is_some() && catalog.sources().count() == 1);
    assert_eq!(catalog.default_model().as_str(), "llama3.2:3b");
    let llama = catalog.model("llama3.2:3b").unwrap();
    assert!(llama.local);
    assert_eq!(llama.settings.first_token_timeout.as_secs(), 120);
}

#[test]
fn no_more_than_two_hundred_are_offered() {
    let world = World::new(&provider("many"));
    let models: Vec<_> = (0..1000)
        .map(|number| listed(&format!("m{number}")))
        .collect();
    let listings = Listings::from([("many".into(), models.into())]);
    let catalog = world.catalog(&listings, None);
    assert_eq!(offered(&catalog).len(), 200);
}

#[test]
fn circuits_and_ids_outlive_a_catalog() {
    let world = World::new(&(provider("one") + &provider("two")));
    let first = world.catalog(&listings([("two", &["llama", "phi"])]), None);
    let phi = first.model("phi").unwrap().id.clone();
    let circuits = first.provider("two").unwrap().circuits("local");
    circuits.force(Some(&phi), ForcedState::Open);

    // The other provider turns up with a model of the same name, and stands before it in the configuration.
    let both = listings([("one", &["llama"]), ("two", &["llama", "phi"])]);
    let second = world.catalog(&both, Some(&first));
    assert_eq!(second.model("llama").unwrap().provider.as_str(), "two");
    assert_eq!(second.model("one/llama").unwrap().provider.as_str(), "one");
    let view = second
        .provider("two")
        .unwrap()
        .circuits("local")
        .model_view(&phi);
    assert_eq!(view.unwrap().state, CircuitState::Open);
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_that_is_offered() {
    let text = provider("one") + &provider("two") + &model("gpt-4o", "one", AUTO);
    let world = World::new(&text);
    let catalog = world.catalog(&listings([("one", &["gpt-4o", "gpt-4o-mini"])]), None);
    // It is a member, and no choice.
    assert!(catalog.model("gpt-4o-mini").is_some());
    assert_eq!(
        catalog.no_model("gpt-4o-mni", "look there"),
        "there is no \"gpt-4o-mni\"; did you mean \"gpt-4o\"?"
    );
    assert_eq!(
        catalog.no_model("zebra", "look there"),
        "there is no \"zebra\"; look there"
    );
    let long = "gpt-4o".repeat(100);
    assert!(
        catalog
            .no_model(&long, "look there")
            .ends_with("look there")
    );
}

fn members(choice: &Choice) -> Vec<&str> {
    choice.chain().iter().map(|id| id.as_str()).collect()
}

/// An assistant whose candidate so many conversations try.
fn assistant(percent: f64, more: &str) -> World {
    let text = provider("one")
        + &provider("two")
        + &model("plain", "one", "fallbacks = [\"tuned\", \"other\"]")
        + &model("tuned", "one", "")
        + &model("other", "two", "");
    World::new(&format!(
        "{text}[[assistants]]\nid = \"qa\"\nmodel = \"plain\"\ncandidate = {{ model = \"tuned\", percent = {percent} }}\n{more}\n"
    ))
}

#[test]
fn an_assistant_asks_its_candidate_then_its_model_then_those_who_step_in() {
    let catalog = assistant(50.0, "").catalog(&Listings::new(), None);
    let qa = catalog.assistant("qa").unwrap();
    let (tries, stays) = (qa.at(49.9), qa.at(50.0));
    assert_eq!(members(&tries), ["tuned", "plain", "other"]);
    assert_eq!(members(&stays), ["plain", "tuned", "other"]);
    assert_eq!(
        (tries.model.as_str(), stays.model.as_str()),
        ("tuned", "plain")
    );
    let named = qa.with(catalog.model("other").unwrap());
    assert_eq!(members(&named), ["other", "plain", "tuned"]);
    assert_eq!((named.model.as_str(), named.share), ("other", None));
}

#[test]
fn without_fallbacks_and_without_its_candidate() {
    let catalog = assistant(50.0, "use_fallback = false").catalog(&Listings::new(), None);
    let qa = catalog.assistant("qa").unwrap();
    assert_eq!(members(&qa.at(0.0)), ["tuned"]);
    assert_eq!(members(&qa.at(99.0)), ["plain"]);
    let catalog = assistant(100.0, "use_candidate = false").catalog(&Listings::new(), None);
    let qa = catalog.assistant("qa").unwrap();
    assert_eq!(members(&qa.at(0.0)), ["plain", "tuned", "other"]);
    assert!(qa.trial().is_none());
}

#[test]
fn an_assistant_of_a_model_whose_chain_is_made_by_likeness_has_that_chain() {
    let text = provider("one")
        + &provider("two")
        + &model("claude-sonnet-4-5", "one", AUTO)
        + "[[assistants]]\nid = \"qa\"\nmodel = \"claude-sonnet-4-5\"\n";
    let world = World::new(&text);
    let catalog = world.catalog(&listings([("two", &["anthropic/claude-sonnet-4.5"])]), None);
    let qa = catalog.assistant("qa").unwrap();
    let own = ["claude-sonnet-4-5", "anthropic/claude-sonnet-4.5"];
    assert_eq!(members(&qa.at(0.0)), own);
}

#[test]
fn a_listed_model_does_not_take_an_assistants_id() {
    let text = provider("one")
        + &model("plain", "one", "")
        + &provider("two")
        + "[[assistants]]\nid = \"qa\"\nmodel = \"plain\"\n";
    let world = World::new(&text);
    let catalog = world.catalog(&listings([("two", &["qa"])]), None);
    assert_eq!(offered(&catalog), ["plain", "two/qa"]);
    assert_eq!(
        catalog.choice("qa", "call").unwrap().model.as_str(),
        "plain"
    );
}

mod rollout {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    /// One catalog for each whole percentage.
    static CATALOGS: LazyLock<Vec<Catalog>> = LazyLock::new(|| {
        let all = (0..=100).map(|percent| assistant(percent.into(), ""));
        all.map(|world| world.catalog(&Listings::new(), None))
            .collect()
    });

    fn tries(percent: usize, conversation: &str) -> bool {
        let qa = CATALOGS[percent].assistant("qa").unwrap();
        let choice = qa.of_conversation(conversation);
        assert_eq!(choice.model, qa.of_conversation(conversation).model);
        choice.model.as_str() == "tuned"
    }

    proptest! {
        #[test]
        fn a_higher_percentage_only_adds_conversations(conversation in "[0-9a-f-]{1,36}", one in 0..=100_usize, other in 0..=100_usize) {
            let (low, high) = (one.min(other), one.max(other));
            prop_assert!(!tries(low, &conversation) || tries(high, &conversation));
            prop_assert!(!tries(0, &conversation) && tries(100, &conversation));
        }
    }
}
