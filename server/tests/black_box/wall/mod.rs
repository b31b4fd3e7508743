//! A wall of misbehaving upstreams in all four families, with default settings and one healthy fallback, seen from the
//! caller's side and from the provider's, through every entrance.

mod cases;
mod entrance;
pub mod family;

use std::sync::Arc;

use futures_util::{StreamExt, stream};

use self::cases::{Case, Outcome};
use self::entrance::{Answered, Entrance, Heard};
use self::family::Family;
use crate::support::{KEY, Server, Upstream};

/// One case at one entrance, with an upstream of its own.
struct Trial {
    model: String,
    case: Case,
    entrance: Entrance,
    upstream: Upstream,
}

async fn trials(family: Family) -> Vec<Trial> {
    let mut trials = vec![];
    for (place, case) in cases::all(family).into_iter().enumerate() {
        for entrance in Entrance::ALL {
            trials.push(Trial {
                model: format!("m{place}-{entrance:?}"),
                upstream: Upstream::start(case.plays.clone()).await,
                case: case.clone(),
                entrance,
            });
        }
    }
    trials
}

/// Every trial's model on a provider of its own, all falling back to `good`.
fn config(family: Family, trials: &[Trial], good: &Upstream) -> String {
    let mut text = format!(
        "[resilience]\ndefault_fallbacks = [\"good\"]\n{}\n[[providers]]\nid = \"good-provider\"\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"{KEY}\"\n\n[[models]]\nid = \"good\"\nprovider = \"good-provider\"\n",
        patience(family),
        good.base_url
    );
    for trial in trials {
        let (model, kind) = (&trial.model, family.kind());
        let base_url = family.base_url(&trial.upstream.base_url);
        text.push_str(&format!(
            "\n[[providers]]\nid = \"{model}-provider\"\nkind = \"{kind}\"\nbase_url = \"{base_url}\"\napi_key = \"{KEY}\"\n\n[[models]]\nid = \"{model}\"\nprovider = \"{model}-provider\"\n"
        ));
    }
    text
}

/// An Ollama may be loading its model, and is given two minutes: more than these tests have.
fn patience(family: Family) -> &'static str {
    match family {
        Family::OpenAi | Family::Anthropic | Family::Gemini => "",
        Family::Ollama => "reasoning_first_token_timeout = \"10s\"\n",
    }
}

/// Runs every case of a family at every entrance.
async fn stands(family: Family) {
    let good = Upstream::answering(&["from ", "the fallback"]).await;
    let trials = trials(family).await;
    let server = Arc::new(Server::start(&config(family, &trials, &good)).await);
    // Not all at once: the retry budget is shared, and a case is about one upstream, not about a crowd.
    let wrong: Vec<String> = stream::iter(&trials)
        .map(|trial| judge(&server, trial))
        .buffer_unordered(16)
        .flat_map(stream::iter)
        .collect()
        .await;
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        trials.len(),
        wrong.join("\n")
    );
    for trial in &trials {
        trial.upstream.all_closed().await;
    }
    assert_eq!(server.get("/livez").await.0, 200);
    let (_, metrics) = server.get("/metrics").await;
    assert!(!metrics.to_string().contains(KEY));
    let log = Arc::into_inner(server).unwrap().into_log().await;
    assert!(!log.contains(KEY), "the log holds a key");
}

/// Whether these are the counts that the upstream told: where its answer has no proper end, Anthropic's first ones.
fn is_told(usage: (u64, u64), case: &Case) -> bool {
    usage == (5, 7) || (case.name.starts_with("shortest end") && usage == (5, 1))
}

/// What is wrong with one trial.
async fn judge(server: &Server, trial: &Trial) -> Vec<String> {
    let Trial {
        model,
        case,
        entrance,
        upstream,
    } = trial;
    let Answered { heard, raw } = entrance.ask(server, model).await;
    let mut wrong = vec![];
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!(
                "{:?}, {}, {entrance:?}: {what}; heard {heard:?}; {} requests",
                case.family,
                case.name,
                upstream.requests().len()
            ));
        }
    };
    demand(!raw.contains(KEY), "a key is shown");
    if let Heard::Nonsense(raw) = &heard {
        demand(false, &format!("no client understands {raw}"));
    }
    let asked = upstream.requests().len();
    let fallback_answered = matches!(&heard, Heard::Whole { text, model, fallback: true, .. } if text == "from the fallback" && model == "good");
    match &case.outcome {
        Outcome::Primary(expected) => {
            let right = matches!(&heard, Heard::Whole { text, model: by, fallback: false, usage } if text == expected && by == model && usage.is_none_or(|usage| is_told(usage, case)));
            demand(right, "the primary's answer was not delivered as it is");
            demand(asked == 1, "the primary was asked more than once");
        }
        Outcome::Fallback { requests } => {
            demand(fallback_answered, "the fallback did not answer");
            demand(
                (1..=*requests).contains(&asked),
                "the primary was asked too often",
            );
        }
        Outcome::Broken => {
            demand(asked == 1, "the primary was asked again after it broke off");
            let right = match entrance {
                Entrance::V1Stream | Entrance::MessagesStream => {
                    matches!(&heard, Heard::Broken { text, reason } if text == "one " && reason == "fallback_exhausted")
                }
                Entrance::V1Whole | Entrance::Messages | Entrance::Api | Entrance::Ws => {
                    fallback_answered
                }
            };
            demand(
                right,
                "what broke off was neither replaced nor ended as an error",
            );
        }
        Outcome::Refused(words) => {
            let right = matches!(&heard, Heard::Refused { kind, detail } if kind == "content_filtered" && detail.contains(words));
            demand(right, "the refusal was not told");
            demand(asked == 1, "the primary was asked more than once");
        }
    }
    if let Some(request) = upstream.requests().first() {
        let path = request.split(' ').nth(1).unwrap_or_default();
        demand(
            path.contains(case.family.path()),
            "the request went elsewhere",
        );
        demand(!path.contains(KEY), "the key is in the address");
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openai() {
    stands(Family::OpenAi).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anthropic() {
    stands(Family::Anthropic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gemini() {
    stands(Family::Gemini).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ollama() {
    stands(Family::Ollama).await;
}
