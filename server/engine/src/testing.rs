//! Scripted upstreams for the tests: what each call gives is written down beforehand.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::time::sleep;

use crate::*;

/// One step of a scripted call.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Wait(Duration),
    Give(Chunk),
    Fail(Observed),
    /// Says nothing more, ever.
    Hang,
}

/// What one call does: before its headers, and after.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    /// No headers: waits, then fails.
    Refuse(Duration, Observed),
    /// Headers at once, then these steps.
    Stream(Vec<Step>),
    /// Never any headers.
    Silence,
}

pub(crate) fn status(status: u16) -> Observed {
    Observed::Status {
        status,
        code: None,
        message: format!("said {status}"),
        retry_after: None,
    }
}

pub(crate) fn rate_limited(seconds: u64) -> Observed {
    Observed::Status {
        status: 429,
        code: None,
        message: "slow down".to_owned(),
        retry_after: Some(Duration::from_secs(seconds)),
    }
}

pub(crate) fn refuse(observed: Observed) -> Call {
    Call::Refuse(Duration::ZERO, observed)
}

pub(crate) fn text(text: &str) -> Step {
    Step::Give(Chunk::Content(text.to_owned()))
}

pub(crate) fn answers(words: &str) -> Call {
    Call::Stream(vec![
        text(words),
        Step::Give(Chunk::Finish(FinishReason::Stop)),
        Step::Give(Chunk::End),
    ])
}

/// A model that plays its calls in order, and the last one for ever.
pub(crate) struct Scripted {
    calls: Mutex<VecDeque<Call>>,
    pub(crate) asked: AtomicUsize,
    pub(crate) asks: Mutex<Vec<Ask>>,
    /// Calls whose future or stream has not been dropped.
    pub(crate) running: Arc<AtomicUsize>,
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Upstream for Scripted {
    fn open(&self, ask: Ask) -> BoxFuture<'static, Result<Opened, UpstreamError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.asks.lock().unwrap().push(ask);
        let call = {
            let mut calls = self.calls.lock().unwrap();
            let call = calls.pop_front().unwrap();
            if calls.is_empty() {
                calls.push_back(call.clone());
            }
            call
        };
        self.running.fetch_add(1, Ordering::SeqCst);
        let running = Running(self.running.clone());
        let error = |observed| UpstreamError {
            observed,
            simulated: None,
        };
        async move {
            match call {
                Call::Refuse(wait, observed) => {
                    sleep(wait).await;
                    drop(running);
                    Err(error(observed))
                }
                Call::Silence => {
                    std::future::pending::<()>().await;
                    drop(running);
                    Err(error(Observed::Empty))
                }
                Call::Stream(steps) => {
                    let chunks = stream::iter(steps).filter_map(move |step| {
                        let _ = &running;
                        async move {
                            match step {
                                Step::Wait(time) => {
                                    sleep(time).await;
                                    None
                                }
                                Step::Give(chunk) => Some(Ok(chunk)),
                                Step::Fail(observed) => Some(Err(error(observed))),
                                Step::Hang => std::future::pending().await,
                            }
                        }
                    });
                    Ok(Opened {
                        simulated: None,
                        chunks: chunks.boxed(),
                    })
                }
            }
        }
        .boxed()
    }
}

/// Keeps every change of every attempt.
#[derive(Default)]
pub(crate) struct Log(pub(crate) Mutex<Vec<AttemptRecord>>);

impl Observer for Log {
    fn attempt(&self, record: &AttemptRecord) {
        self.0.lock().unwrap().push(record.clone());
    }
}

impl Log {
    /// The last state of each attempt.
    pub(crate) fn attempts(&self) -> Vec<AttemptRecord> {
        let mut last: Vec<AttemptRecord> = vec![];
        for record in self.0.lock().unwrap().iter() {
            match last.iter_mut().find(|known| known.index == record.index) {
                Some(known) => *known = record.clone(),
                None => last.push(record.clone()),
            }
        }
        last
    }
}

/// A little world of scripted models, each on a provider of its own unless said otherwise.
pub(crate) struct World {
    pub(crate) circuits: Circuits,
    pub(crate) settings: Settings,
    pub(crate) prompt: PromptFacts,
    pub(crate) delivery: Delivery,
    pub(crate) budget: Arc<RetryBudget>,
    pub(crate) models: Vec<(Leg, Arc<Scripted>)>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            circuits: Circuits::new(Arc::new(|_| {})),
            settings: Settings::default(),
            prompt: PromptFacts::default(),
            delivery: Delivery::Replaceable,
            budget: Arc::new(RetryBudget::new(BudgetSettings::default())),
            models: vec![],
        }
    }

    pub(crate) fn model(self, name: &str, calls: impl IntoIterator<Item = Call>) -> Self {
        self.model_on(&format!("{name}-provider"), name, calls)
    }

    pub(crate) fn model_on(
        mut self,
        provider: &str,
        name: &str,
        calls: impl IntoIterator<Item = Call>,
    ) -> Self {
        let upstream = Arc::new(Scripted {
            calls: Mutex::new(calls.into_iter().collect()),
            asked: AtomicUsize::new(0),
            asks: Mutex::default(),
            running: Arc::default(),
        });
        let circuits =
            self.circuits
                .provider(&Owner::shared(), &provider.into(), self.settings.circuit);
        circuits.add_model(&name.into(), self.settings.circuit);
        let leg = Leg {
            model: name.into(),
            provider: provider.into(),
            upstream: upstream.clone(),
            circuits: self.circuits.seen_by(&circuits, &[], &[]),
            settings: Arc::new(self.settings.clone()),
            traits: Traits::default(),
        };
        self.models.push((leg, upstream));
        self
    }

    /// Says what is known of the model that was added last.
    pub(crate) fn with(mut self, traits: impl FnOnce(&mut Traits)) -> Self {
        traits(&mut self.models.last_mut().unwrap().0.traits);
        self
    }

    /// What the model at this place was asked for.
    pub(crate) fn asks(&self, place: usize) -> Vec<Ask> {
        self.models[place].1.asks.lock().unwrap().clone()
    }

    pub(crate) fn turn(&self, log: &Arc<Log>) -> Turn {
        let chain = Chain::new(self.models.iter().map(|(leg, _)| leg.clone())).unwrap();
        self.turn_on(chain, log)
    }

    /// A turn on some of its models.
    pub(crate) fn turn_on(&self, chain: Chain, log: &Arc<Log>) -> Turn {
        let rng = SmallRng::seed_from_u64(7);
        Turn::new(
            chain,
            self.prompt,
            self.delivery,
            log.clone(),
            Arc::new(Scrubber::default()),
            self.budget.clone(),
            rng,
        )
    }

    /// Runs a turn to its end.
    pub(crate) async fn run(&self) -> Run {
        let log = Arc::new(Log::default());
        let mut text = String::new();
        let (mut model, mut fallback, mut seams) = (None, false, vec![]);
        let end = match self.turn(&log).answer().await {
            Err(none) => Err(none),
            Ok(mut answer) => {
                model = Some(answer.model().to_string());
                fallback = answer.fallback();
                loop {
                    match answer
                        .next()
                        .await
                        .expect("an end comes before nothing does")
                    {
                        Progress::Chunk(Chunk::Content(more)) => text.push_str(&more),
                        Progress::Chunk(_) => {}
                        Progress::Seam(seam) => {
                            if seam.mode == SeamMode::Restarted {
                                text.clear();
                            }
                            model = Some(seam.to.to_string());
                            seams.push(seam);
                        }
                        Progress::Finished(finished) => break Ok(finished),
                        Progress::Broken(none) => break Err(none),
                    }
                }
            }
        };
        Run {
            end,
            text,
            model,
            fallback,
            seams,
            attempts: log.attempts(),
        }
    }

    pub(crate) fn asked(&self) -> Vec<usize> {
        self.models
            .iter()
            .map(|(_, model)| model.asked.load(Ordering::SeqCst))
            .collect()
    }

    pub(crate) fn running(&self) -> usize {
        self.models
            .iter()
            .map(|(_, model)| model.running.load(Ordering::SeqCst))
            .sum()
    }

    pub(crate) fn state(&self, place: usize) -> CircuitState {
        let leg = &self.models[place].0;
        leg.circuits.model_view(&leg.model).unwrap().state
    }
}

/// How a turn went.
pub(crate) struct Run {
    pub(crate) end: Result<Finished, NoAnswer>,
    pub(crate) text: String,
    pub(crate) model: Option<String>,
    pub(crate) fallback: bool,
    pub(crate) seams: Vec<Seam>,
    pub(crate) attempts: Vec<AttemptRecord>,
}

impl Run {
    /// The exhausted turn's failures, as model and reason.
    pub(crate) fn failures(&self) -> Vec<(String, Reason)> {
        match &self.end {
            Err(NoAnswer::Exhausted { failures, .. } | NoAnswer::Interrupted { failures }) => {
                failures
                    .iter()
                    .map(|failure| (failure.model.to_string(), failure.reason))
                    .collect()
            }
            other => panic!("not exhausted: {other:?}"),
        }
    }

    /// The attempts as kind and state.
    pub(crate) fn story(&self) -> Vec<(AttemptKind, AttemptState)> {
        self.attempts
            .iter()
            .map(|attempt| (attempt.kind, attempt.state))
            .collect()
    }
}
