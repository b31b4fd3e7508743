//! One world: a few models on fewer providers, with weather, faults, an administrator, and many turns at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evenkeel_engine::*;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::coverage::Coverage;
use crate::dice::Dice;
use crate::figures::{own_settings, settings, traits};
use crate::ledger::Ledger;
use crate::script::{Call, Model, TROUBLES, Weather, answer, trouble};
use crate::shadow::Shadow;
use crate::turns;

/// Stands in every secret; nothing that leaves the engine may hold it.
const MARK: &str = "QZX7";

/// What is known of a scripted model.
pub struct ModelFacts {
    pub provider: usize,
    pub settings: Arc<Settings>,
    pub traits: Traits,
}

/// A simulated outage.
#[derive(Clone)]
pub struct Fault {
    pub overlay: u32,
    /// None: everybody.
    pub principal: Option<usize>,
    pub model: usize,
    pub percent: u32,
    pub until: Instant,
}

pub struct World {
    pub circuits: Circuits,
    pub budget: Arc<RetryBudget>,
    pub scrubber: Arc<Scrubber>,
    pub models: Vec<ModelFacts>,
    secrets: Vec<String>,
    share: f64,
    per_second: f64,
    started: Instant,
    mean_gap: Duration,
    shadow: Arc<Mutex<Shadow>>,
    inner: Mutex<Inner>,
}

/// What changes as the world goes on.
pub struct Inner {
    pub dice: Dice,
    weather: Vec<(Weather, Instant)>,
    pub faults: Vec<Fault>,
    /// The circuits of overlays that have come into being.
    pub overlaid: HashSet<(u32, usize, usize)>,
    next_overlay: u32,
    turns: u64,
    granted: f64,
    pub complaints: Vec<String>,
    pub coverage: Coverage,
}

impl World {
    /// The world that this seed stands for.
    pub fn new(seed: u64) -> Arc<Self> {
        let mut dice = Dice::new(seed);
        let shadow = Arc::new(Mutex::new(Shadow::default()));
        let most = *dice.pick(&[8.0, 0.2]);
        let (share, per_second) = (dice.share(0.0, 0.4), dice.share(0.0, most));
        let providers = dice.number(1, 4) as usize;
        let count = dice.number(1, 6) as usize;
        let common = settings(&mut dice, count as u32);
        let models: Vec<_> = (0..count)
            .map(|_| ModelFacts {
                provider: dice.place(providers),
                settings: Arc::new(own_settings(&common, &mut dice)),
                traits: traits(&mut dice),
            })
            .collect();
        let secrets: Vec<_> = (0..2)
            .map(|_| format!("{MARK}{:x}{MARK}", dice.number(0, u64::MAX)))
            .collect();
        let now = Instant::now();
        let mean_gap = dice.skewed(Duration::from_secs(12)) + Duration::from_millis(20);
        Arc::new(Self {
            circuits: Circuits::new(Shadow::listener(&shadow)),
            budget: Arc::new(RetryBudget::new(BudgetSettings { share, per_second })),
            scrubber: Arc::new(Scrubber::new(secrets.iter().cloned())),
            secrets,
            share,
            per_second,
            started: now,
            mean_gap,
            shadow,
            inner: Mutex::new(Inner {
                weather: models.iter().map(|_| (Weather::Fair, now)).collect(),
                dice,
                faults: vec![],
                overlaid: HashSet::new(),
                next_overlay: 1,
                turns: 0,
                granted: 0.0,
                complaints: vec![],
                coverage: Coverage::default(),
            }),
            models,
        })
    }

    /// Lives through so many turns. Gives what was wrong, and what was reached.
    pub async fn run(self: Arc<Self>, turns: u64) -> (Vec<String>, Coverage) {
        let mut tasks = JoinSet::new();
        for turn in 0..turns {
            let (gap, act) = {
                let dice = &mut self.inner().dice;
                let gap = (!dice.one_in(5)).then(|| dice.gap(self.mean_gap));
                (gap, dice.one_in(12))
            };
            if let Some(gap) = gap {
                sleep(gap).await;
            }
            self.end_faults();
            if act {
                self.act();
            }
            tasks.spawn(turns::turn(self.clone(), turn));
            while let Some(ended) = tasks.try_join_next() {
                self.joined(ended);
            }
        }
        while let Some(ended) = tasks.join_next().await {
            self.joined(ended);
        }
        let mut shadow = self.shadow();
        shadow.leftovers();
        let mut complaints = std::mem::take(&mut shadow.complaints);
        let mut coverage = std::mem::take(&mut shadow.coverage);
        let mut inner = self.inner();
        complaints.append(&mut inner.complaints);
        coverage.merge(std::mem::take(&mut inner.coverage));
        (complaints, coverage)
    }

    fn joined(&self, ended: Result<(), tokio::task::JoinError>) {
        if let Err(error) = ended {
            self.complain(format!("a turn has panicked: {error}"));
        }
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn shadow(&self) -> MutexGuard<'_, Shadow> {
        self.shadow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn complain(&self, complaint: String) {
        self.inner().complaints.push(complaint);
    }

    pub fn count(&self, path: &'static str) {
        self.inner().coverage.count(path);
    }

    /// What left the engine may hold no secret.
    pub fn listen_for_a_mark(&self, text: &str) {
        if text.contains(MARK) {
            self.complain(format!("a secret has left the engine: {text}"));
        }
    }

    /// The same for a detail, which is also cut.
    pub fn listen_for_secrets(&self, text: &str) {
        self.listen_for_a_mark(text);
        if text.chars().count() > DETAIL_LIMIT {
            self.complain(format!("longer than a detail may be: {text}"));
        }
        if text.contains("[redacted]") {
            self.count("a secret was redacted");
        }
    }

    pub fn turn_begins(&self) {
        self.inner().turns += 1;
    }

    /// A retry or a hedge is sent: share and allowance must have room for it.
    pub fn spend_from_budget(&self) -> Result<(), String> {
        let mut inner = self.inner();
        inner.granted += 1.0;
        let seconds = self.started.elapsed().as_secs_f64() + 1.0;
        let allowed = self.share * inner.turns as f64 + self.per_second * seconds;
        if inner.granted <= allowed + 1e-6 {
            return Ok(());
        }
        Err(format!(
            "{} retries and hedges, and {allowed} allowed",
            inner.granted
        ))
    }

    /// What a model does when it is asked now.
    pub fn script(
        &self,
        model: usize,
        ask: &Ask,
        ledger: &Ledger,
        fault: Option<&(Overlay, u32)>,
    ) -> (Call, Option<Overlay>) {
        let inner = &mut *self.inner();
        let dice = &mut inner.dice;
        if let Some((overlay, percent)) = fault
            && dice.percent(*percent)
        {
            let number = dice.place(TROUBLES);
            let call = trouble(number, self, &ledger.question, dice);
            return (call, Some(overlay.clone()));
        }
        let now = Instant::now();
        let (weather, until) = &mut inner.weather[model];
        if now >= *until {
            *until = now
                + dice
                    .gap(Duration::from_secs(120))
                    .min(Duration::from_secs(600));
            *weather = match dice.place(10) {
                0..=5 => Weather::Fair,
                6 | 7 => Weather::Flaky,
                8 => Weather::Down(dice.place(TROUBLES)),
                _ => Weather::Slow,
            };
        }
        if matches!(ask, Ask::Continue(_)) && dice.percent(30) {
            let refused = Observed::Status {
                status: 400,
                code: None,
                message: self.saying(dice),
                retry_after: None,
            };
            return (
                Call::Refuse(dice.skewed(Duration::from_secs(1)), refused),
                None,
            );
        }
        let question = &ledger.question;
        let call = match *weather {
            Weather::Down(number) => trouble(number, self, question, dice),
            Weather::Flaky if dice.one_in(2) => {
                let number = dice.place(TROUBLES);
                trouble(number, self, question, dice)
            }
            Weather::Fair if dice.one_in(20) => {
                let number = dice.place(TROUBLES);
                trouble(number, self, question, dice)
            }
            Weather::Slow => answer(ask, question, true, dice),
            Weather::Fair | Weather::Flaky => answer(ask, question, false, dice),
        };
        (call, None)
    }

    /// What a provider says of a failure. Half of the time it holds a secret, whole or with a character in the middle that
    /// nobody sees.
    pub fn saying(&self, dice: &mut Dice) -> String {
        let text = *dice.pick(&[
            "slow down",
            "Service unavailable",
            "",
            "the request was flagged",
            "The model `x` does not exist",
            "{\"error\": {\"message\": \"You exceeded your current quota\"}}",
            "maximum context length",
            "incorrect API key",
            "überlastet 日本",
        ]);
        if dice.one_in(2) {
            return text.to_owned();
        }
        let mut key = format!("{MARK}{:x}{MARK}", dice.number(1 << 32, u64::MAX));
        if dice.one_in(3) {
            key.insert(6, '\u{7}');
        }
        let secret = match dice.place(8) {
            0 => format!("sk-{key}"),
            1 => format!("sk-ant-{key}"),
            2 => format!("AIza{key}"),
            3 => format!("Authorization: Bearer {key}"),
            4 => format!("https://user:{key}@example.org/v1"),
            5 => format!("https://example.org/v1?key={key}&alt=sse"),
            6 => format!("x-api-key: {key}"),
            _ => dice.pick(&self.secrets).clone(),
        };
        let filler = "far too long ".repeat(dice.place(30));
        format!("{text} {filler}{secret}, {text}")
    }

    /// An administrator does something, or a fault begins.
    fn act(&self) {
        let (provider, owner, model, what, fault) = {
            let inner = &mut *self.inner();
            let dice = &mut inner.dice;
            let model = dice.place(self.models.len());
            let provider = self.models[model].provider;
            let whole = dice.one_in(3);
            let fault = Fault {
                overlay: inner.next_overlay,
                principal: dice.one_in(2).then(|| dice.place(3)),
                model,
                percent: *dice.pick(&[100, 50]),
                until: Instant::now() + dice.skewed(Duration::from_secs(300)),
            };
            let named = (!whole).then_some(model);
            (provider, dice.place(2), named, dice.place(20), fault)
        };
        let group = self.group(owner, provider);
        let model = model.map(model_id);
        self.shadow().ordered = true;
        match what {
            0 => group.force(model.as_ref(), ForcedState::Open),
            1 | 2 => group.force(model.as_ref(), ForcedState::Closed),
            3..=10 => group.reset(model.as_ref()),
            11 | 12 => group.found(&model_id(fault.model)),
            _ => {
                let mut inner = self.inner();
                inner.next_overlay += 1;
                inner.faults.push(fault);
            }
        }
        self.shadow().ordered = false;
    }

    /// Faults vanish with all that they have done.
    fn end_faults(&self) {
        let now = Instant::now();
        let ended: Vec<_> = self
            .inner()
            .faults
            .extract_if(.., |fault| fault.until <= now)
            .collect();
        for fault in ended {
            self.shadow().ordered = true;
            self.circuits.clear_overlay(&overlay(fault.overlay));
            self.shadow().ordered = false;
        }
    }

    pub fn group(&self, owner: usize, provider: usize) -> Arc<ProviderCircuits> {
        let settings = self.models.first().map(|model| model.settings.circuit);
        let owner = Owner::from(format!("o{owner}").as_str());
        let group = self.circuits.provider(
            &owner,
            &ProviderId::from(format!("p{provider}").as_str()),
            settings.unwrap_or_default(),
        );
        for (place, model) in self.models.iter().enumerate() {
            if model.provider == provider {
                group.add_model(&model_id(place), model.settings.circuit);
            }
        }
        group
    }

    /// A leg of one turn, asked through this upstream.
    pub fn leg(&self, model: usize, circuits: LayeredCircuits, upstream: Model) -> Leg {
        let facts = &self.models[model];
        Leg {
            model: model_id(model),
            provider: format!("p{}", facts.provider).as_str().into(),
            upstream: Arc::new(upstream),
            circuits,
            settings: facts.settings.clone(),
            traits: facts.traits,
        }
    }
}

pub fn model_id(place: usize) -> ModelId {
    format!("m{place}").as_str().into()
}

pub fn overlay(number: u32) -> Overlay {
    format!("f{number}").as_str().into()
}
