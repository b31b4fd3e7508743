//! Discovery: asks the providers for their models at the start, every ten minutes, and after a model was not found.
//!
//! It fills in what the configuration does not say, warns of configured models that are gone, and finds what can step in
//! for others. It never blocks or skips a turn by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evenkeel_engine::{ProviderId, UpstreamError, classify};
use evenkeel_providers::Discovered;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::catalog::{Catalog, Listings, ProviderEntry};
use crate::shared::Shared;

/// Between two listings of one provider.
const EVERY: Duration = Duration::from_secs(600);

/// The same, for a provider that has not listed anything yet: it may just be starting.
const SOON: Duration = Duration::from_secs(60);

/// However often models are not found, a provider is asked no more often than this.
const AT_MOST_EVERY: Duration = Duration::from_secs(5);

/// A provider that nobody has named gets this long to say that it is there.
const PROBE: Duration = Duration::from_secs(2);

/// A provider's list is cut here.
const LIST_LIMIT: usize = 5000;

/// What is known of the providers' models, and who waits for news of them.
pub struct Discovery {
    state: Mutex<State>,
    wanted: BTreeMap<ProviderId, Notify>,
}

#[derive(Default)]
struct State {
    listings: Listings,
    /// Why a provider does not list its models, as it was last logged.
    troubles: BTreeMap<ProviderId, String>,
}

impl Discovery {
    /// Nothing is known yet.
    pub fn new(catalog: &Catalog) -> Self {
        let sources = catalog.sources();
        Self {
            state: Mutex::default(),
            wanted: sources
                .map(|provider| (provider.id.clone(), Notify::new()))
                .collect(),
        }
    }

    /// Does something with what is listed, while nobody lists anything new: a catalog is built from it by one at a time.
    pub fn with<T>(&self, work: impl FnOnce(&Listings) -> T) -> T {
        work(&self.lock().listings)
    }

    /// Something has changed about a provider: it is asked anew for its models.
    pub fn ask_again(&self, provider: &ProviderId) {
        self.model_not_found(provider);
    }

    /// A model was not found: its provider is asked anew for those it has.
    pub fn model_not_found(&self, provider: &ProviderId) {
        if let Some(wanted) = self.wanted.get(provider) {
            wanted.notify_one();
        }
    }

    async fn wanted(&self, provider: &ProviderId) {
        match self.wanted.get(provider) {
            Some(wanted) => wanted.notified().await,
            None => std::future::pending().await,
        }
    }
}

/// Begins to ask; it ends when what it returns is dropped.
pub fn start(shared: &Arc<Shared>) -> JoinSet<()> {
    let mut asking = JoinSet::new();
    for provider in shared.catalog().sources() {
        asking.spawn(follow(shared.clone(), provider.id.clone()));
    }
    asking
}

/// Asks one provider, again and again. Another that is slow or silent does not matter to it.
async fn follow(shared: Arc<Shared>, id: ProviderId) {
    loop {
        let asked = Instant::now();
        let mut rest = EVERY;
        let entry = shared
            .catalog()
            .sources()
            .find(|provider| provider.id == id)
            .cloned();
        if let Some(entry) = entry.filter(|entry| entry.enabled) {
            let probed = shared.catalog().provider(id.as_str()).is_none();
            match ask(&entry, probed).await {
                Ok(listing) => heard(&shared, &entry, listing),
                Err(trouble) => {
                    if !failed(&shared, &entry, probed, trouble) {
                        rest = SOON;
                    }
                }
            }
        }
        tokio::select! {
            () = sleep(rest) => {}
            () = shared.discovery.wanted(&id) => sleep_until(asked + AT_MOST_EVERY).await,
        }
    }
}

enum Trouble {
    Upstream(UpstreamError),
    Silent(Duration),
}

async fn ask(provider: &ProviderEntry, probed: bool) -> Result<Vec<Discovered>, Trouble> {
    let limit = if probed { PROBE } else { provider.timeout };
    match timeout(limit, provider.list()).await {
        Ok(Ok(listing)) => Ok(listing),
        Ok(Err(error)) => Err(Trouble::Upstream(error)),
        Err(_) => Err(Trouble::Silent(limit)),
    }
}

/// Takes a listing up. The catalog is built anew where it says something new.
fn heard(shared: &Arc<Shared>, provider: &ProviderEntry, mut listing: Vec<Discovered>) {
    let id = &provider.id;
    listing.truncate(LIST_LIMIT);
    // One task after the other: what a catalog is built from must not change beneath it.
    let mut state = shared.discovery.lock();
    if state.troubles.remove(id).is_some() {
        tracing::info!(provider = id.as_str(), "discovery_works_again");
    }
    let before = state.listings.get(id).cloned();
    if before.as_deref() == Some(listing.as_slice()) {
        return;
    }
    tracing::info!(
        provider = id.as_str(),
        models = listing.len(),
        "models_discovered"
    );
    state.listings.insert(id.clone(), listing.into());
    let old = shared.catalog();
    let Some(new) = shared.rebuild(&state.listings) else {
        return;
    };
    drop(state);
    compare(&old, &new, provider);
    found(&new, provider, before.as_deref());
    shared.tell_of_models(&old, &new);
    shared.health.touch();
}

/// Warns of configured models that have gone, once.
fn compare(old: &Catalog, new: &Catalog, provider: &ProviderEntry) {
    let gone = |catalog: &Catalog| -> BTreeSet<String> {
        let models = catalog.models().iter();
        models
            .filter(|model| model.provider == provider.id && model.listed == Some(false))
            .map(|model| model.id.as_str().to_owned())
            .collect()
    };
    let before = gone(old);
    for id in gone(new).difference(&before) {
        let Some(model) = new.model(id) else { continue };
        tracing::warn!(
            provider = provider.id.as_str(),
            model = id,
            name = model.name,
            did_you_mean = model.near.join(", "),
            "model_gone"
        );
    }
    for id in before.difference(&gone(new)) {
        tracing::info!(
            provider = provider.id.as_str(),
            model = id,
            "model_listed_again"
        );
    }
}

/// Tells the circuits of models that are listed and were not before. One that was listed all along and still was not found
/// stays skipped: its provider lists what this key may not use.
fn found(catalog: &Catalog, provider: &ProviderEntry, before: Option<&[Discovered]>) {
    let listed_before =
        |name: &str| before.is_some_and(|listing| crate::catalog::lists(listing, name));
    let models = catalog.models().iter();
    for model in models.filter(|model| {
        model.provider == provider.id && model.listed == Some(true) && !listed_before(&model.name)
    }) {
        provider.real_circuits().found(&model.id);
    }
}

/// Logs a failure, once for as long as it stays the same; says whether the provider has ever listed its models.
fn failed(shared: &Shared, provider: &ProviderEntry, probed: bool, trouble: Trouble) -> bool {
    let id = &provider.id;
    let mut state = shared.discovery.lock();
    let known = state.listings.contains_key(id);
    let (reason, code, detail) = match trouble {
        // A fault of the debug pane says nothing of the provider.
        Trouble::Upstream(error) if error.simulated.is_some() => return known,
        Trouble::Upstream(error) => {
            let failure = classify(&error, &shared.scrubber);
            (failure.reason.as_str(), failure.status_code, failure.detail)
        }
        Trouble::Silent(limit) => (
            "timeout",
            None,
            format!("no answer within {} s", limit.as_secs()),
        ),
    };
    // That nobody answers where nobody was named is no news.
    let said = format!("{reason} {code:?} {detail}");
    if probed || state.troubles.get(id) == Some(&said) {
        return known;
    }
    state.troubles.insert(id.clone(), said);
    drop(state);
    tracing::warn!(
        provider = id.as_str(),
        reason,
        code,
        detail,
        "discovery_failed"
    );
    known
}

impl Discovery {
    /// A panic elsewhere leaves the state whole: each change is one insertion.
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
