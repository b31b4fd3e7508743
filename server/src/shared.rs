//! What every handler shares.

use std::sync::Arc;

use arc_swap::ArcSwap;
use evenkeel_engine::{Circuits, NoAnswer, RetryBudget, Scrubber, Transition};
use evenkeel_protocol::{ConversationChange, FaultChange};
use evenkeel_providers::{FaultEvent, Faults};
use evenkeel_store::{Store, TurnEnd};
use leptos::config::LeptosOptions;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::alerts::Alerts;
use crate::aside::Flights;
use crate::attempt_log::AttemptLog;
use crate::calls::Calls;
use crate::catalog::{self, Catalog, CatalogError, Listings};
use crate::clock::Clock;
use crate::config::Config;
use crate::discovery::Discovery;
use crate::health::{EndedTurn, Health};
use crate::live::{Live, Started};
use crate::metrics::Metrics;
use crate::run::{Run, Runs};
use crate::translate;

/// The server's parts. Handlers hold it behind an [`Arc`].
pub struct Shared {
    /// The configuration, as it now is.
    config: ArcSwap<Config>,
    /// What administrators have changed of it.
    pub live: Live,
    /// Models and providers, as they now are.
    catalog: ArcSwap<Catalog>,
    /// What the providers list.
    pub discovery: Discovery,
    /// Circuits.
    pub circuits: Arc<Circuits>,
    /// Armed faults.
    pub faults: Arc<Faults>,
    /// What all turns together may spend on asking again.
    pub budget: Arc<RetryBudget>,
    /// Takes secrets out of texts.
    pub scrubber: Arc<Scrubber>,
    /// Conversations, messages, attempts.
    pub store: Store,
    /// Keeps the attempts of `/v1`.
    pub attempts: AttemptLog,
    /// What is under way beside the turns.
    pub flights: Arc<Flights>,
    /// Turns under way.
    pub runs: Runs,
    /// The calls of `/v1` under way.
    pub calls: Arc<Calls>,
    /// How models stand.
    pub health: Arc<Health>,
    /// What is worth telling an administrator.
    pub alerts: Alerts,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// What sockets are told.
    pub news: broadcast::Sender<News>,
    /// Both clocks.
    pub clock: Clock,
    /// The pages' options.
    pub pages: LeptosOptions,
    /// Every task that outlives a request. Closed when the server drains.
    pub tasks: TaskTracker,
    /// Cancelled when sockets are to close.
    pub shutdown: CancellationToken,
}

/// Something that sockets may want to know.
#[derive(Clone)]
pub enum News {
    /// A turn has begun.
    Run(Arc<Run>),
    /// A principal's conversation list has changed.
    Conversation(Arc<str>, ConversationChange),
    /// The models that can be asked for have changed.
    Models,
    /// The armed faults have changed: those of this principal, or everybody's.
    Fault(Option<Arc<str>>, FaultChange),
}

/// How many news a slow socket may be behind before it is given everything anew.
const NEWS_CAPACITY: usize = 1024;

impl Shared {
    /// Puts the parts together, and starts what works by itself.
    ///
    /// # Errors
    ///
    /// Where a part cannot be set up.
    pub fn new(
        started: Started,
        store: Store,
        pages: LeptosOptions,
    ) -> Result<Arc<Self>, SetUpError> {
        let Started { live, config } = started;
        let clock = Clock::start();
        let news = broadcast::Sender::new(NEWS_CAPACITY);
        let health = Arc::new(Health::new(clock));

        // The metrics need the catalog's labels, and the catalog the circuits that report to the metrics.
        let metrics = Arc::new(std::sync::OnceLock::<Arc<Metrics>>::new());
        let (told, counted) = (health.clone(), metrics.clone());
        let circuits = Arc::new(Circuits::new(Arc::new(move |transition: &Transition| {
            log_transition(transition);
            if let Some(metrics) = counted.get() {
                let to = transition.view.state.as_str();
                let traffic = metrics.of(transition.overlay.is_some());
                traffic.transitions.with_label_values(&[to]).inc();
            }
            told.transition(transition);
        })));
        let (listeners, counted, opened) = (news.clone(), metrics.clone(), circuits.clone());
        let told = health.clone();
        let faults = Arc::new(Faults::new(Box::new(move |event| {
            let active = i64::from(matches!(event, FaultEvent::Armed(_)))
                - i64::from(matches!(
                    event,
                    FaultEvent::Expired(_) | FaultEvent::Halted(_)
                ));
            if let Some(metrics) = counted.get() {
                metrics.faults.add(active);
            }
            // What a fault has opened goes with it; what other faults keep failing opens again.
            if matches!(event, FaultEvent::Expired(_) | FaultEvent::Halted(_)) {
                opened.clear_overlay(&event.fault().order.audience.overlay());
            }
            // A fault that may strike keeps its audience from being a circuit's probe.
            told.touch();
            // Nobody may be listening.
            let _ = listeners.send(fault_news(event, &clock));
        })));
        let catalog = Catalog::new(&config, &circuits, &faults, &Listings::new(), None)?;
        catalog.settle();
        health.set_revision(live.revision());
        let built = Arc::new(Metrics::new(&catalog)?);
        let built = metrics.get_or_init(|| built).clone();
        Ok(Arc::new(Self {
            budget: Arc::new(RetryBudget::new(config.retry_budget)),
            scrubber: Arc::new(catalog::scrubber(&config)),
            config: ArcSwap::from_pointee(config),
            live,
            discovery: Discovery::new(&catalog),
            catalog: ArcSwap::from_pointee(catalog),
            circuits,
            faults,
            attempts: AttemptLog::start(store.clone(), clock, built.lost.clone()),
            store,
            flights: Arc::default(),
            runs: Runs::default(),
            calls: Arc::default(),
            health,
            alerts: Alerts::default(),
            metrics: built,
            news,
            clock,
            pages,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
        }))
    }

    /// Models and providers as they now are. A turn keeps what it began with.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.load_full()
    }

    /// The configuration as it now is: the file's, under the environment, under live changes.
    pub fn config(&self) -> Arc<Config> {
        self.config.load_full()
    }

    /// Turns under way, those of `/v1` included.
    pub fn running_turns(&self) -> u64 {
        self.runs.count() as u64 + self.calls.count()
    }

    /// Those of them that ask this assistant.
    pub fn running_turns_of(&self, assistant: &str) -> u64 {
        self.runs.of_assistant(assistant) as u64 + self.calls.of(assistant)
    }

    /// Builds the catalog anew, and puts it in the place of the old one. Connections and circuits stay. One caller at a
    /// time: the last one's catalog stands.
    pub fn rebuild(&self, listings: &Listings) -> Option<Arc<Catalog>> {
        match self.build(&self.config(), listings) {
            Ok(new) => {
                let new = Arc::new(new);
                new.settle();
                self.catalog.store(new.clone());
                self.metrics.forget(&new);
                self.health.forget(&new);
                Some(new)
            }
            Err(error) => {
                tracing::error!(%error, "catalog_cannot_be_built");
                None
            }
        }
    }

    fn build(&self, config: &Config, listings: &Listings) -> Result<Catalog, CatalogError> {
        let (circuits, faults, old) = (&self.circuits, &self.faults, self.catalog());
        Catalog::new(config, circuits, faults, listings, Some(&old))
    }

    /// The catalog as it would be under another configuration.
    ///
    /// # Errors
    ///
    /// Where this program is at fault.
    pub fn imagine(&self, config: &Config) -> Result<Catalog, CatalogError> {
        self.discovery.with(|listings| self.build(config, listings))
    }

    /// Puts another configuration into force, for everything that begins from now on.
    pub fn reconfigure(&self, config: Config) {
        let before = self.catalog();
        // A key that comes back into force has not been one of this process until now.
        self.scrubber.learn(catalog::secrets(&config));
        self.budget.set(config.retry_budget);
        let after = self.discovery.with(|listings| {
            self.config.store(Arc::new(config));
            self.rebuild(listings)
        });
        if let Some(after) = after {
            self.tell_of_models(&before, &after);
            for provider in after.sources().filter(|provider| provider.enabled) {
                let known = before.source(provider.id.as_str());
                if known.is_none_or(|known| !known.enabled) {
                    self.discovery.ask_again(&provider.id);
                }
            }
        }
        self.health.set_revision(self.live.revision());
    }

    /// Tells sockets of the models that can be asked for, where they are others than before.
    pub fn tell_of_models(&self, before: &Catalog, after: &Catalog) {
        let changed = before.wire_models() != after.wire_models();
        if changed || before.default_model() != after.default_model() {
            // Nobody may be listening.
            let _ = self.news.send(News::Models);
        }
    }

    /// Counts a turn that has ended, and keeps how it did: here alone, so that all who tell of it say the same.
    pub fn turn_ended(&self, turn: &EndedTurn<'_>) {
        let simulated = turn.simulated();
        let traffic = self.metrics.of(simulated);
        traffic.turns.with_label_values(&[turn.outcome]).inc();
        if turn.outcome == "fallback_exhausted" {
            traffic.exhausted.inc();
        }
        if let Some(by) = turn.answer() {
            traffic.turn_duration.observe(turn.took.as_secs_f64());
            if by.model_name.as_str() != turn.asked {
                traffic.fallback_turns.inc();
            }
        }
        self.health.turn(turn);
        self.attempts.keep_turn(TurnEnd {
            ended_at: turn.ended_at,
            duration_ms: turn.took.as_millis() as u64,
            asked: turn.asked.into(),
            answered_by: turn.answer().map(|by| by.model_name.clone()),
            outcome: turn.outcome.to_owned(),
            simulated,
            assistant: turn.assistant.map(str::to_owned),
            share: turn.share,
        });
    }

    /// Logs a turn that no model could answer whole.
    pub fn exhausted(&self, end: &NoAnswer, request_id: &str) {
        let Some(failures) = translate::failures(end) else {
            return;
        };
        let models: Vec<_> = failures
            .iter()
            .map(|failure| failure.model.as_str())
            .collect();
        let primary_model = models.first().copied();
        tracing::error!(
            primary_model,
            fallback_models = ?models.get(1..),
            request_id,
            "all_fallback_models_failed"
        );
    }

    /// The server takes no new turns: it is about to stop.
    pub fn draining(&self) -> bool {
        self.tasks.is_closed()
    }
}

/// A part that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The metrics; a fault of this program.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
}

fn log_transition(transition: &Transition) {
    let provider = transition.provider.as_str();
    let model = transition.model.as_ref().map(|model| model.as_str());
    let (reason, simulated) = (
        transition.view.cause.map(evenkeel_engine::Reason::as_str),
        transition.view.simulated,
    );
    match transition.view.state {
        evenkeel_engine::CircuitState::Open => {
            tracing::warn!(
                provider,
                model,
                reason,
                simulated,
                forced = transition.view.forced,
                "circuit_opened"
            );
        }
        evenkeel_engine::CircuitState::HalfOpen => {
            tracing::warn!(provider, model, reason, simulated, "circuit_half_open");
        }
        evenkeel_engine::CircuitState::Closed => {
            tracing::info!(
                provider,
                model,
                forced = transition.view.forced,
                "circuit_closed"
            );
        }
    }
}

fn fault_news(event: FaultEvent, clock: &Clock) -> News {
    let (armed, ended) = match event {
        FaultEvent::Armed(armed) => {
            tracing::warn!(fault = %armed.id, by = &*armed.by, kind = ?armed.order.kind, ttl_s = armed.order.ttl.as_secs(), "fault_armed");
            (armed, false)
        }
        FaultEvent::Struck(armed) => (armed, false),
        FaultEvent::Expired(armed) => {
            tracing::info!(fault = %armed.id, hits = armed.hits, "fault_expired");
            (armed, true)
        }
        FaultEvent::Halted(armed) => {
            tracing::info!(fault = %armed.id, hits = armed.hits, "fault_halted");
            (armed, true)
        }
    };
    let whose = match &armed.order.audience {
        evenkeel_providers::Audience::Only(principal) => Some(principal.clone()),
        evenkeel_providers::Audience::Everyone => None,
    };
    let change = if ended {
        FaultChange::Ended {
            fault_id: armed.id.to_string().into(),
        }
    } else {
        FaultChange::Armed {
            fault: translate::fault(&armed, clock),
        }
    };
    News::Fault(whose, change)
}

#[cfg(test)]
impl Shared {
    /// The parts of a server without any configuration; its database lives as long as the folder.
    pub async fn for_tests(folder: &tempfile::TempDir) -> Arc<Self> {
        Self::for_tests_with(folder, "").await
    }

    /// The same with this configuration.
    pub async fn for_tests_with(folder: &tempfile::TempDir, text: &str) -> Arc<Self> {
        let source = crate::config::Source::of(text, &crate::config::Environment::default());
        let (file, _) = source.read().unwrap();
        let store = Store::open("sqlite://evenkeel.db", folder.path())
            .await
            .unwrap();
        let started = Started::find(source, file, &store, folder.path()).await;
        let pages = LeptosOptions::builder().output_name("evenkeel").build();
        Self::new(started.unwrap(), store, pages).unwrap()
    }
}
