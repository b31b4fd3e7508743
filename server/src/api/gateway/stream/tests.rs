use std::sync::Arc;

use evenkeel_engine::{
    Ask, AttemptRecord, BudgetSettings, Chain, CircuitSettings, Delivery, Leg, Observer, Opened,
    Overlay, Owner, PromptFacts, RetryBudget, Scrubber, Settings, Traits, Turn, Upstream,
    UpstreamError,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tempfile::TempDir;
use tokio::time::sleep;

use super::*;
use crate::api::gateway::{Asked, Call};
use crate::error::Shape;
use crate::guards::pii::Restorer;
use crate::principal::Principal;
use crate::shared::Shared;

/// Answers with these words, each after a pause.
struct Slow(&'static [(u64, &'static str)]);

impl Upstream for Slow {
    fn open(&self, _: Ask) -> BoxFuture<'static, Result<Opened, UpstreamError>> {
        let words = stream::iter(self.0).then(|(seconds, word)| async move {
            sleep(Duration::from_secs(*seconds)).await;
            Ok(Chunk::Content((*word).to_owned()))
        });
        let chunks = words.chain(stream::iter([Ok(Chunk::End)])).boxed();
        let opened = Opened {
            simulated: None,
            chunks,
        };
        async move { Ok(opened) }.boxed()
    }
}

struct Unobserved;

impl Observer for Unobserved {
    fn attempt(&self, _: &AttemptRecord) {}
}

async fn committed(shared: &Arc<Shared>, words: &'static [(u64, &'static str)]) -> Committed {
    let settings = Settings {
        idle_timeout: Duration::from_secs(60),
        ..Settings::default()
    };
    let provider = "p".into();
    let circuits = &shared.circuits;
    let group = circuits.provider(&Owner::shared(), &provider, CircuitSettings::default());
    group.add_model(&"m".into(), CircuitSettings::default());
    let leg = Leg {
        model: "m".into(),
        upstream: Arc::new(Slow(words)),
        circuits: circuits.seen_by(&group, &[Overlay::everyone()], &[]),
        settings: Arc::new(settings),
        traits: Traits::default(),
        provider,
    };
    let turn = Turn::new(
        Chain::new([leg]).unwrap(),
        PromptFacts::default(),
        Delivery::Final,
        Arc::new(Unobserved),
        Arc::new(Scrubber::new([])),
        Arc::new(RetryBudget::new(BudgetSettings::default())),
        SmallRng::seed_from_u64(1),
    );
    let asked = Asked {
        shared: shared.clone(),
        principal: Principal::local(),
        request_id: "r".into(),
        shape: Shape::OpenAi,
    };
    let catalog = shared.catalog();
    let mut choice = catalog
        .choice(catalog.default_model().as_str(), "r")
        .unwrap();
    choice.model = "m".into();
    let call = Arc::new(Call::new(&asked, &choice));
    let answer = turn.answer().await;
    Committed {
        answer: RestoredAnswer::new(answer.ok().unwrap(), Restorer::default()),
        call,
    }
}

/// Words alone; it panics at "boom".
struct Plain;

impl Encoder for Plain {
    fn chunk(&mut self, _: &str, chunk: Chunk, out: &mut Vec<u8>) {
        if let Chunk::Content(text) = chunk {
            assert_ne!(text, "boom");
            event(None, &text, out);
        }
    }

    fn seam(&mut self, _: &Seam, _: &mut Vec<u8>) {}

    fn end(&mut self, _: &Finished, _: &LastWord<'_>, out: &mut Vec<u8>) {
        event(Some("end"), &(), out);
    }

    fn error(error: &TurnError, request_id: &str, out: &mut Vec<u8>) {
        event(Some("error"), &(error.kind.as_str(), request_id), out);
    }
}

async fn read(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    String::from_utf8(body.unwrap().into()).unwrap()
}

#[tokio::test]
async fn a_comment_tells_that_a_silent_stream_is_alive() {
    let folder = TempDir::new().unwrap();
    let shared = Shared::for_tests(&folder).await;
    // From here on nothing waits for the disk.
    tokio::time::pause();
    let committed = committed(&shared, &[(1, "one"), (40, "two"), (14, "three")]).await;
    let text = read(respond(committed, Plain)).await;
    let comment = ": keep-alive\n\n";
    let expected = format!(
        "data: \"one\"\n\n{comment}{comment}data: \"two\"\n\ndata: \"three\"\n\nevent: end\ndata: null\n\n"
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_panic_in_the_middle_is_an_event_and_counted() {
    let folder = TempDir::new().unwrap();
    let shared = Shared::for_tests(&folder).await;
    let committed = committed(&shared, &[(0, "one"), (0, "boom"), (0, "never")]).await;
    let text = read(respond(committed, Plain)).await;
    let expected = "data: \"one\"\n\nevent: error\ndata: [\"internal\",\"r\"]\n\n";
    assert_eq!(text, expected);
    assert_eq!(shared.metrics.panics.get(), 1);
    assert_eq!(
        shared
            .metrics
            .of(false)
            .turns
            .with_label_values(&["internal"])
            .get(),
        1
    );
}
