//! The simulated models: what each request comes to, and when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evenkeel_engine::{Ask, Chunk, FinishReason, Observed, Opened, Upstream, UpstreamError, Usage};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use rand::Rng;
use rand::rngs::SmallRng;
use tokio::time::{Instant, sleep};

use super::scenario::{Model, Scenario};
use super::trouble::{Trouble, observed};

/// A token has so many characters.
const TOKEN: usize = 4;

/// An answer comes in pieces no further apart than this: one piece a token would be true, and slow.
const PIECE: Duration = Duration::from_secs(5);

/// The world under way.
pub struct World {
    pub scenario: Scenario,
    pub began: Instant,
    provider_limits: Vec<Limit>,
    model_limits: Vec<Limit>,
}

impl World {
    pub fn new(scenario: Scenario) -> Self {
        let limits =
            |limits: &mut dyn Iterator<Item = Option<u64>>| limits.map(Limit::new).collect();
        Self {
            provider_limits: limits(
                &mut scenario.providers.iter().map(|it| it.requests_per_minute),
            ),
            model_limits: limits(&mut scenario.models.iter().map(|it| it.requests_per_minute)),
            scenario,
            began: Instant::now(),
        }
    }

    /// What becomes of a request that is sent now, and how much slower than usual it is.
    fn fate(&self, place: usize, model: &Model, rng: &mut SmallRng) -> (Option<Wrong>, f64) {
        let now = self.began.elapsed();
        let nanos = now.as_nanos() % self.scenario.period.as_nanos().max(1);
        let at = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let mut slower = 1.0;
        for outage in &self.scenario.outages {
            if outage.strikes(place, model.provider, at) && rng.random::<f64>() < outage.share {
                if outage.trouble != Trouble::Slow {
                    return (Some(Wrong(outage.trouble, outage.retry_after)), slower);
                }
                slower *= outage.factor;
            }
        }
        let limits = [
            self.provider_limits.get(model.provider),
            self.model_limits.get(place),
        ];
        for limit in limits.into_iter().flatten() {
            if let Err(rest) = limit.take(now) {
                return (Some(Wrong(Trouble::Status(429), Some(rest))), slower);
            }
        }
        let mut dice: f64 = rng.random();
        for (trouble, share) in &model.failures {
            dice -= share;
            if dice < 0.0 {
                return (Some(Wrong(*trouble, None)), slower);
            }
        }
        (None, slower)
    }
}

/// How a request goes wrong, and what it says about when to come back.
struct Wrong(Trouble, Option<Duration>);

/// A limit of requests in each minute, as providers count them.
struct Limit {
    per_minute: Option<u64>,
    minute: AtomicU64,
    taken: AtomicU64,
}

impl Limit {
    fn new(per_minute: Option<u64>) -> Self {
        Self {
            per_minute,
            minute: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        }
    }

    /// Takes one request, or says when the next minute begins.
    fn take(&self, now: Duration) -> Result<(), Duration> {
        let Some(per_minute) = self.per_minute else {
            return Ok(());
        };
        let minute = now.as_secs() / 60;
        if self.minute.swap(minute, Ordering::Relaxed) != minute {
            self.taken.store(0, Ordering::Relaxed);
        }
        if self.taken.fetch_add(1, Ordering::Relaxed) < per_minute {
            return Ok(());
        }
        Err(Duration::from_secs((minute + 1) * 60 - now.as_secs()))
    }
}

/// What a turn asks for, and the dice that decide what it gets.
pub struct Request {
    pub prompt_tokens: u64,
    pub answer_tokens: u64,
    pub rng: Mutex<SmallRng>,
}

/// One model as one turn asks it.
pub struct Simulated {
    pub world: Arc<World>,
    pub model: usize,
    pub request: Arc<Request>,
}

impl Upstream for Simulated {
    fn open(&self, ask: Ask) -> BoxFuture<'static, Result<Opened, UpstreamError>> {
        let Some(model) = self.world.scenario.models.get(self.model) else {
            let nobody = Observed::Other("no such model".to_owned());
            return std::future::ready(Err(error(nobody))).boxed();
        };
        let mut rng = self
            .request
            .rng
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (wrong, slower) = self.world.fate(self.model, model, &mut rng);
        let draw = |seconds: f64| Duration::from_secs_f64(seconds * slower);
        let (trouble, retry_after) = match wrong {
            Some(Wrong(trouble, retry_after)) => (Some(trouble), retry_after),
            None => (None, None),
        };
        if let Some(observed) = trouble.and_then(|trouble| observed(trouble, retry_after)) {
            let after = draw(model.error_after.draw(&mut *rng));
            return async move {
                sleep(after).await;
                Err(error(observed))
            }
            .boxed();
        }
        if trouble == Some(Trouble::Timeout) {
            return std::future::pending().boxed();
        }
        let first_token = draw(model.first_token.draw(&mut *rng));
        let per_token = draw(model.per_token.draw(&mut *rng));
        let answer = Answer::new(self, model, &ask, per_token, trouble, &mut rng);
        async move {
            sleep(first_token).await;
            let chunks = stream::unfold(answer, |mut answer| async move {
                let next = answer.next().await?;
                Some((next, answer))
            });
            Ok(Opened {
                simulated: None,
                chunks: chunks.boxed(),
            })
        }
        .boxed()
    }
}

fn error(observed: Observed) -> UpstreamError {
    UpstreamError {
        observed,
        simulated: None,
    }
}

/// An answer under way.
struct Answer {
    letter: &'static str,
    per_token: Duration,
    /// Tokens of a piece.
    piece: u64,
    given: u64,
    /// It stops here: at its end, or before.
    until: u64,
    trouble: Option<Trouble>,
    usage: Usage,
    /// What is still to be said after the last token.
    last_words: u8,
}

/// Each model writes in a letter of its own, so that no two answers are the same.
const LETTERS: [&str; 8] = [
    "aaa ", "bbb ", "ccc ", "ddd ", "eee ", "fff ", "ggg ", "hhh ",
];

impl Answer {
    fn new(
        asked: &Simulated,
        model: &Model,
        ask: &Ask,
        per_token: Duration,
        trouble: Option<Trouble>,
        rng: &mut SmallRng,
    ) -> Self {
        let begun = match ask {
            Ask::Whole => 0,
            Ask::Continue(partial) => (partial.len() / TOKEN) as u64,
        };
        let tokens = asked.request.answer_tokens.saturating_sub(begun).max(1);
        let until = match trouble {
            Some(Trouble::Cut | Trouble::Stall) => rng.random_range(1..=tokens),
            Some(Trouble::Empty) => 0,
            _ => tokens,
        };
        let longest = PIECE.min(model.settings.idle_timeout / 2);
        let piece = longest.as_secs_f64() / per_token.as_secs_f64().max(1e-6);
        Self {
            letter: LETTERS.get(asked.model % LETTERS.len()).unwrap_or(&"xxx "),
            per_token,
            piece: (piece as u64).max(1),
            given: 0,
            until,
            trouble,
            usage: Usage {
                input_tokens: asked.request.prompt_tokens + begun,
                output_tokens: until,
                ..Usage::default()
            },
            last_words: 0,
        }
    }

    async fn next(&mut self) -> Option<Result<Chunk, UpstreamError>> {
        if self.given < self.until {
            let mut tokens = 1;
            if self.given > 0 {
                tokens = self.piece.min(self.until - self.given);
                let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
                sleep(self.per_token.saturating_mul(tokens)).await;
            }
            self.given += tokens;
            let text = self
                .letter
                .repeat(usize::try_from(tokens).unwrap_or_default());
            return Some(Ok(Chunk::Content(text)));
        }
        match self.trouble {
            Some(Trouble::Cut) => {
                return Some(Err(error(Observed::Cut("connection reset".to_owned()))));
            }
            Some(Trouble::Stall) => std::future::pending().await,
            _ => {}
        }
        self.last_words += 1;
        match self.last_words {
            1 => Some(Ok(Chunk::Usage(self.usage))),
            2 => Some(Ok(Chunk::Finish(FinishReason::Stop))),
            3 => Some(Ok(Chunk::End)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_counts_each_minute_anew() {
        let limit = Limit::new(Some(2));
        let at = Duration::from_secs;
        assert_eq!(limit.take(at(10)), Ok(()));
        assert_eq!(limit.take(at(20)), Ok(()));
        assert_eq!(limit.take(at(25)), Err(at(35)));
        assert_eq!(limit.take(at(60)), Ok(()));
        assert_eq!(Limit::new(None).take(at(0)), Ok(()));
    }
}
