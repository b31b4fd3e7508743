//! What models did, as the log has it: a request that is replayed gets what one of that minute got.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evenkeel_engine::{
    Ask, Chunk, FinishReason, ModelId, Observed, Opened, Upstream, UpstreamError, Usage,
};
use evenkeel_protocol::{AttemptState, Reason};
use evenkeel_store::Sample;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use rand::Rng;
use rand::rngs::SmallRng;
use tokio::time::{Instant, sleep};

/// Milliseconds of a minute.
const MINUTE: u64 = 60_000;

/// A piece of an answer comes at least this often.
const PIECE: Duration = Duration::from_secs(2);

/// What each model did, minute by minute.
#[derive(Default)]
pub struct Recorded {
    models: HashMap<ModelId, BTreeMap<u64, Vec<Sample>>>,
}

impl Recorded {
    /// Takes note of an attempt. One that was spared or cancelled says nothing of its model.
    pub fn add(&mut self, model: &str, sample: Sample) {
        if !matches!(sample.state, AttemptState::Answered | AttemptState::Failed) {
            return;
        }
        let minute = milliseconds(&sample) / MINUTE;
        let minutes = self.models.entry(ModelId::from(model)).or_default();
        minutes.entry(minute).or_default().push(sample);
    }

    /// Whether anything is recorded of this model.
    pub fn knows(&self, model: &ModelId) -> bool {
        self.models.contains_key(model)
    }

    /// What one request of this minute got, or of the nearest one in which the model was asked.
    fn draw(&self, model: &ModelId, at: u64, rng: &mut SmallRng) -> Option<&Sample> {
        let (minutes, minute) = (self.models.get(model)?, at / MINUTE);
        let before = minutes.range(..=minute).next_back();
        let after = minutes.range(minute..).next();
        let nearest = match (before, after) {
            (Some(one), Some(two)) if two.0 - minute < minute - one.0 => two,
            (one, two) => one.or(two)?,
        };
        nearest.1.get(rng.random_range(0..nearest.1.len()))
    }
}

/// When it began, in milliseconds since 1970.
fn milliseconds(sample: &Sample) -> u64 {
    u64::try_from(sample.started_at.as_millisecond()).unwrap_or_default()
}

/// One model as one replayed turn asks it.
pub struct Replayed {
    pub recorded: Arc<Recorded>,
    pub model: ModelId,
    /// The time that the replay began at, in milliseconds since 1970, and by its own clock.
    pub epoch: u64,
    pub began: Instant,
    pub rng: Arc<Mutex<SmallRng>>,
}

impl Upstream for Replayed {
    fn open(&self, _: Ask) -> BoxFuture<'static, Result<Opened, UpstreamError>> {
        let at = self.epoch + self.began.elapsed().as_millis() as u64;
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let drawn = self.recorded.draw(&self.model, at, &mut rng).cloned();
        let words = format!("{} ", self.model);
        async move {
            match drawn {
                Some(sample) => play(&sample, words).await,
                None => Err(error(Observed::Other("nothing is recorded".to_owned()))),
            }
        }
        .boxed()
    }
}

/// Does what was recorded, as long as it took. What timed out then says nothing now either, until a timer ends it.
async fn play(sample: &Sample, words: String) -> Result<Opened, UpstreamError> {
    let time = |ms: Option<u64>| Duration::from_millis(ms.unwrap_or_default());
    let (first, total) = (time(sample.first_token_ms), time(sample.duration_ms));
    let usage = sample.tokens.map(|(input_tokens, output_tokens)| Usage {
        input_tokens,
        output_tokens,
        ..Usage::default()
    });
    let broken = match (sample.state, sample.reason) {
        (AttemptState::Failed, Some(Reason::Timeout)) => return std::future::pending().await,
        (AttemptState::Failed, reason) => Some(observed(reason, sample.status_code)),
        (
            AttemptState::Started
            | AttemptState::Answering
            | AttemptState::Answered
            | AttemptState::Skipped
            | AttemptState::Cancelled,
            _,
        ) => None,
    };
    let mut last = vec![];
    match broken {
        Some(observed) if sample.first_token_ms.is_none() || !breaks_off(&observed) => {
            sleep(total).await;
            return Err(error(observed));
        }
        Some(observed) => last.push(Err(error(observed))),
        None => {
            last.extend(usage.map(|usage| Ok(Chunk::Usage(usage))));
            last.extend([Ok(Chunk::Finish(FinishReason::Stop)), Ok(Chunk::End)]);
        }
    }
    sleep(first).await;
    let rest = total.saturating_sub(first);
    let pieces = u32::try_from(rest.as_millis() / PIECE.as_millis() + 1).unwrap_or(u32::MAX);
    let pause = rest / pieces;
    let pieces = stream::unfold(0, move |given| {
        let words = words.clone();
        async move {
            if given > pieces {
                return None;
            }
            if given > 0 {
                sleep(pause).await;
            }
            Some((Ok(Chunk::Content(words)), given + 1))
        }
    });
    Ok(Opened {
        simulated: None,
        chunks: pieces.chain(stream::iter(last)).boxed(),
    })
}

/// Whether an answer had begun.
fn breaks_off(observed: &Observed) -> bool {
    matches!(observed, Observed::Cut(_))
}

/// What was observed, from what is left of it in the log.
fn observed(reason: Option<Reason>, status: Option<u16>) -> Observed {
    let said = || "as recorded".to_owned();
    let with = |status, code: Option<&str>| Observed::Status {
        status,
        code: code.map(str::to_owned),
        message: said(),
        retry_after: None,
    };
    match (reason, status.filter(|status| *status >= 400)) {
        (Some(Reason::ContextLengthExceeded), _) => with(400, Some("context_length_exceeded")),
        (Some(Reason::StreamInterrupted), _) => Observed::Cut(said()),
        (Some(Reason::ResponseRejected), _) => Observed::Empty,
        (Some(Reason::ContentFiltered), _) => Observed::Filtered(said()),
        (Some(Reason::ConnectionFailed), _) => Observed::ConnectionFailed(said()),
        (_, Some(status)) => with(status, None),
        (Some(Reason::ModelNotFound), None) => with(404, None),
        (Some(Reason::QuotaExhausted), None) => with(429, None),
        (Some(Reason::AuthError), None) => with(401, None),
        (Some(Reason::ProviderUnavailable), None) => with(503, None),
        (Some(Reason::ProviderError), None) => with(400, None),
        (
            Some(
                Reason::Unknown
                | Reason::Timeout
                | Reason::CircuitOpen
                | Reason::NotCapable
                | Reason::DeadlineExceeded,
            )
            | None,
            None,
        ) => Observed::Other(said()),
    }
}

fn error(observed: Observed) -> UpstreamError {
    UpstreamError {
        observed,
        simulated: None,
    }
}
