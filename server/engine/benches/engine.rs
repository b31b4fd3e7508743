//! What the engine itself costs: judging a failure, taking secrets out of a text, and a whole turn whose upstreams
//! answer at once.

#![expect(clippy::unwrap_used, reason = "a benchmark may fail by panicking")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use evenkeel_engine::*;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use rand::SeedableRng;
use rand::rngs::SmallRng;

fn busy() -> UpstreamError {
    UpstreamError {
        observed: Observed::Status {
            status: 503,
            code: Some("server_error".to_owned()),
            message: "The server is overloaded. Please try again later.".to_owned(),
            retry_after: None,
        },
        simulated: None,
    }
}

/// Answers with twenty tokens at once, or refuses at once.
struct Instantly {
    busy: bool,
}

impl Upstream for Instantly {
    fn open(&self, _: Ask) -> BoxFuture<'static, Result<Opened, UpstreamError>> {
        if self.busy {
            return std::future::ready(Err(busy())).boxed();
        }
        let tokens = (0..20).map(|_| Chunk::Content("token ".to_owned()));
        let end = [Chunk::Finish(FinishReason::Stop), Chunk::End];
        let chunks = stream::iter(tokens.chain(end).map(Ok)).boxed();
        let opened = Opened {
            simulated: None,
            chunks,
        };
        std::future::ready(Ok(opened)).boxed()
    }
}

struct Unseen;

impl Observer for Unseen {
    fn attempt(&self, record: &AttemptRecord) {
        black_box(record);
    }
}

/// Circuits that never open and legs that are not asked again: what is measured is the walk.
fn chain(circuits: &Circuits, legs: &[(&str, bool)]) -> Chain {
    let settings = Settings {
        retries_before_fallback: 0,
        circuit: CircuitSettings {
            threshold: u32::MAX,
            failure_rate: None,
            ..CircuitSettings::default()
        },
        ..Settings::default()
    };
    let legs = legs.iter().map(|(name, busy)| {
        let (model, provider) = (ModelId::from(*name), ProviderId::from(*name));
        let group = circuits.provider(&Owner::shared(), &provider, settings.circuit);
        group.add_model(&model, settings.circuit);
        Leg {
            model,
            provider,
            upstream: Arc::new(Instantly { busy: *busy }),
            circuits: circuits.seen_by(&group, &[], &[]),
            settings: Arc::new(settings.clone()),
            traits: Traits::default(),
        }
    });
    Chain::new(legs).unwrap()
}

async fn turn(chain: Chain, scrubber: Arc<Scrubber>) -> usize {
    let rng = SmallRng::seed_from_u64(7);
    let budget = Arc::new(RetryBudget::new(BudgetSettings::default()));
    let turn = Turn::new(
        chain,
        PromptFacts::default(),
        Delivery::Final,
        Arc::new(Unseen),
        scrubber,
        budget,
        rng,
    );
    let (mut answer, mut length) = (turn.answer().await.unwrap(), 0);
    while let Some(progress) = answer.next().await {
        if let Progress::Chunk(Chunk::Content(text)) = progress {
            length += text.len();
        }
    }
    length
}

fn engine(criterion: &mut Criterion) {
    let scrubber = Arc::new(Scrubber::new(
        (0..8).map(|key| format!("sk-configured-key-number-{key}")),
    ));
    let failure = busy();
    criterion.bench_function("classify a 503", |bencher| {
        bencher.iter(|| classify(black_box(&failure), &scrubber));
    });
    let clean = "The model is overloaded; requests are served in the order of their arrival. ";
    let texts = [
        ("scrub a clean text of 300 characters", clean.repeat(4)),
        (
            "scrub a text with two secrets",
            format!("{clean}Bearer abcdef.123456 and {clean}sk-configured-key-number-3"),
        ),
    ];
    for (name, text) in &texts {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| scrubber.detail(black_box(text)));
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let circuits = Circuits::new(Arc::new(|_| {}));
    for (name, legs) in [
        ("a turn of twenty tokens", &[("plain", false)][..]),
        (
            "a turn of twenty tokens after a 503",
            &[("busy", true), ("plain", false)],
        ),
    ] {
        let chain = chain(&circuits, legs);
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| runtime.block_on(turn(chain.clone(), scrubber.clone())));
        });
    }
}

criterion_group!(benches, engine);
criterion_main!(benches);
