//! Simulated outages: which are armed, whom they strike, and when they end.

mod kind;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evenkeel_engine::{ModelId, Overlay, ProviderId};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

pub use self::kind::FaultKind;
use crate::Caller;

/// Which requests a fault strikes; what is not named matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Only this provider's.
    pub provider: Option<ProviderId>,
    /// Only this model's.
    pub model: Option<ModelId>,
}

/// Whose requests a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One principal's.
    Only(Arc<str>),
    /// Everybody's.
    Everyone,
}

impl Audience {
    /// The circuits that this audience alone sees.
    pub fn overlay(&self) -> Overlay {
        match self {
            Self::Only(principal) => Overlay::from(&**principal),
            Self::Everyone => Overlay::everyone(),
        }
    }
}

/// A fault as it is ordered.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultOrder {
    /// Which requests.
    pub target: Target,
    /// Whose.
    pub audience: Audience,
    /// What it does.
    pub kind: FaultKind,
    /// The share of matching requests that it strikes, 0 to 1.
    pub probability: f64,
    /// Only the first so many matching requests.
    pub first_n: Option<u64>,
    /// The seed of its dice.
    pub seed: u64,
    /// How long it lives.
    pub ttl: Duration,
    /// What it is for.
    pub note: Option<String>,
}

/// An armed fault.
#[derive(Clone, Debug)]
pub struct Armed {
    /// Its id.
    pub id: Uuid,
    /// Who armed it.
    pub by: Arc<str>,
    /// What was ordered.
    pub order: FaultOrder,
    /// When it was armed.
    pub armed: Instant,
    /// Requests it has struck.
    pub hits: u64,
    matched: u64,
    dice: SmallRng,
}

impl Armed {
    /// When it ends by itself.
    pub fn expires(&self) -> Instant {
        self.armed + self.order.ttl
    }

    /// A request for no model matches what names none.
    fn matches(&self, principal: &str, provider: &ProviderId, model: Option<&ModelId>) -> bool {
        let whose = match &self.order.audience {
            Audience::Only(only) => &**only == principal,
            Audience::Everyone => true,
        };
        let Target {
            provider: only_provider,
            model: only_model,
        } = &self.order.target;
        whose
            && (model.is_some() || self.order.kind.strikes_lists())
            && only_provider.as_ref().is_none_or(|only| only == provider)
            && only_model.as_ref().is_none_or(|only| Some(only) == model)
    }

    /// What it does to a request that is for nobody's turn: it uses nothing up and moves no dice, so that it changes
    /// nothing for the requests that the fault is meant for.
    fn strikes_aside(&mut self) -> Option<FaultKind> {
        let spent = self.order.first_n.is_some_and(|n| self.matched >= n);
        let mut dice = self.dice.clone();
        let strikes = !spent && dice.random::<f64>() < self.order.probability;
        self.hits += u64::from(strikes);
        strikes.then(|| self.order.kind.rolled(&mut dice))
    }

    /// Rolls the dice for a request that matches.
    fn strikes(&mut self) -> Option<FaultKind> {
        self.matched += 1;
        // Rolled for every matching request, so that a seed always gives the same run.
        let rolled = self.dice.random::<f64>() < self.order.probability;
        let strikes = rolled && self.order.first_n.is_none_or(|n| self.matched <= n);
        self.hits += u64::from(strikes);
        strikes.then(|| self.order.kind.rolled(&mut self.dice))
    }
}

/// What became of a fault.
#[derive(Clone, Debug)]
pub enum FaultEvent {
    /// It was armed.
    Armed(Armed),
    /// It struck a request.
    Struck(Armed),
    /// It came to its end by itself.
    Expired(Armed),
    /// Somebody ended it.
    Halted(Armed),
}

impl FaultEvent {
    /// The fault it is about.
    pub fn fault(&self) -> &Armed {
        match self {
            Self::Armed(fault)
            | Self::Struck(fault)
            | Self::Expired(fault)
            | Self::Halted(fault) => fault,
        }
    }
}

/// Told of every event, outside of any lock.
pub type FaultListener = Box<dyn Fn(FaultEvent) + Send + Sync>;

/// The armed faults. They live in memory and survive no restart.
pub struct Faults {
    armed: Mutex<Vec<Armed>>,
    changed: Notify,
    listener: FaultListener,
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

impl Faults {
    /// None armed.
    pub fn new(listener: FaultListener) -> Self {
        Self {
            armed: Mutex::default(),
            changed: Notify::new(),
            listener,
        }
    }

    /// Arms a fault, from now on.
    pub fn arm(&self, by: &str, order: FaultOrder) -> Armed {
        let fault = Armed {
            id: Uuid::new_v4(),
            by: by.into(),
            dice: SmallRng::seed_from_u64(order.seed),
            order,
            armed: Instant::now(),
            hits: 0,
            matched: 0,
        };
        self.lock().push(fault.clone());
        self.changed.notify_one();
        (self.listener)(FaultEvent::Armed(fault.clone()));
        fault
    }

    /// Those that are armed, oldest first.
    pub fn list(&self) -> Vec<Armed> {
        let now = Instant::now();
        self.lock()
            .iter()
            .filter(|fault| now < fault.expires())
            .cloned()
            .collect()
    }

    /// Ends those that are asked for; says how many there were.
    pub fn halt(&self, which: impl Fn(&Armed) -> bool) -> usize {
        self.end(which, FaultEvent::Halted)
    }

    /// Ends each fault at its time. Runs for ever.
    pub async fn expire(&self) {
        loop {
            let next = self.lock().iter().map(Armed::expires).min();
            match next {
                None => self.changed.notified().await,
                Some(at) => tokio::select! {
                    () = sleep_until(at) => {
                        let now = Instant::now();
                        self.end(|fault| fault.expires() <= now, FaultEvent::Expired);
                    }
                    () = self.changed.notified() => {}
                },
            }
        }
    }

    /// What the first armed fault that matches and strikes does to this request.
    pub(crate) fn strike(
        &self,
        caller: &Caller,
        provider: &ProviderId,
        model: Option<&ModelId>,
    ) -> Option<(FaultKind, Overlay)> {
        let now = Instant::now();
        let (struck, kind) = self.lock().iter_mut().find_map(|fault| {
            let alive = now < fault.expires();
            if !alive || !fault.matches(&caller.principal, provider, model) {
                return None;
            }
            let kind = if caller.aside || model.is_none() {
                fault.strikes_aside()
            } else {
                fault.strikes()
            };
            Some((fault.clone(), kind?))
        })?;
        let overlay = struck.order.audience.overlay();
        (self.listener)(FaultEvent::Struck(struck));
        Some((kind, overlay))
    }

    /// The audiences of the armed faults that may strike such a request.
    pub fn aimed(&self, principal: &str, provider: &ProviderId, model: &ModelId) -> Vec<Overlay> {
        let now = Instant::now();
        let armed = self.lock();
        let aimed = armed.iter().filter(|fault| {
            let spent = fault.order.first_n.is_some_and(|n| fault.matched >= n);
            now < fault.expires() && !spent && fault.matches(principal, provider, Some(model))
        });
        aimed.map(|fault| fault.order.audience.overlay()).collect()
    }

    fn end(&self, which: impl Fn(&Armed) -> bool, event: fn(Armed) -> FaultEvent) -> usize {
        let ended: Vec<Armed> = self.lock().extract_if(.., |fault| which(fault)).collect();
        let count = ended.len();
        ended
            .into_iter()
            .for_each(|fault| (self.listener)(event(fault)));
        count
    }

    /// A panic elsewhere leaves the list whole: each change is one push or one removal.
    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
