//! A provider's key, replaced live: it is tried before it is taken into use, kept in a file of its own that only the
//! server's user can read, and told to nobody.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use evenkeel_engine::{Failure, Observed, UpstreamError, classify};
use evenkeel_protocol::{Attempt, AttemptState, Reason};
use evenkeel_providers::Secret;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::time::timeout;

use super::audit::{Action, audit};
use super::settings::takes_a_key;
use super::{Now, trial};
use crate::catalog::{Catalog, ProviderEntry};
use crate::config::{Config, Keys, Scope};
use crate::principal::Principal;
use crate::shared::Shared;
use crate::translate;

/// Where the keys are, in the data directory.
pub(super) const FOLDER: &str = "keys";

/// A shorter one is none; and to take every text of a few letters out of all logs would leave little of them.
const SHORTEST: usize = 8;

/// A longer one is something else.
const LONGEST: usize = 4096;

/// What shows that a key is good.
#[derive(Debug)]
pub enum Tested {
    /// The provider has listed so many models to it, and lists none without a key.
    Models(usize),
    /// The provider has answered a small question.
    Attempt(Box<Attempt>),
}

/// Why a key was not taken; the old one stays.
#[derive(Debug)]
pub enum KeyRefused {
    /// There is no such provider.
    NoSuchProvider,
    /// It cannot be a key; what it may be.
    NoKey(&'static str),
    /// The provider did not take it.
    Provider {
        /// Why not.
        reason: Reason,
        /// The status it said so with.
        status_code: Option<u16>,
        /// Its words, scrubbed.
        detail: String,
        /// A fault of the debug pane struck the test.
        simulated: bool,
    },
    /// It cannot be kept.
    Io(io::Error),
    /// The configuration does not fit with it.
    Configuration(String),
}

impl From<io::Error> for KeyRefused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The keys that were kept. One that cannot be read is missing, with a warning.
pub(super) fn kept(folder: &Path) -> Keys {
    let mut keys = Keys::new();
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = file.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let id = percent_decode_str(name).decode_utf8_lossy().into_owned();
        match fs::read_to_string(file.path()) {
            Ok(key) if !key.trim().is_empty() => {
                keys.insert(id, Secret::new(key.trim().to_owned()));
            }
            Ok(_) => tracing::warn!(provider = id, "live_key_empty"),
            Err(error) => tracing::warn!(provider = id, %error, "live_key_unreadable"),
        }
    }
    keys
}

/// Tries a key, and takes it into use.
///
/// # Errors
///
/// Where it is not taken; the old one stays in use.
pub async fn replace_key(
    shared: &Arc<Shared>,
    by: &Principal,
    id: &str,
    key: String,
) -> Result<Tested, KeyRefused> {
    let key = key.trim().to_owned();
    let now = shared.live.now();
    let before = source_of(shared, id)?;
    if key.len() < SHORTEST
        || key.len() > LONGEST
        || !key.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(KeyRefused::NoKey(
            "must be 8 to 4096 characters without spaces, as the provider gave it",
        ));
    }
    // Before anybody is asked with it: a refusal may repeat it.
    shared.scrubber.learn([key.clone()]);
    let key = Secret::new(key);
    let with = |keys: &Keys| {
        let mut keys = keys.clone();
        keys.insert(id.to_owned(), key.clone());
        keys
    };
    let config = read(shared, &now, &with(&now.keys))?;
    let imagined = imagine(shared, &config)?;
    let entry = imagined.source(id).ok_or(KeyRefused::NoSuchProvider)?;
    let tested = try_key(shared, by, &imagined, entry, &config).await?;

    let _changing = shared.live.changing.lock().await;
    // Others may have changed something while it was tried.
    let now = shared.live.now();
    let keys = with(&now.keys);
    let config = read(shared, &now, &keys)?;
    keep(&shared.live.keys, id, &key)?;
    put_into_force(shared, id, &now, keys, config);
    let scope = Scope::Provider(id.to_owned()).to_string();
    audit(shared, by, Action::Key, scope, "key", before, Some("live")).await;
    tracing::warn!(by = &*by.id, provider = id, "key_replaced_by_administrator");
    Ok(tested)
}

/// Takes the live key back: the file's or the environment's holds again, untested.
///
/// # Errors
///
/// Where there is no such provider, or the key cannot be deleted.
pub async fn forget_key(shared: &Arc<Shared>, by: &Principal, id: &str) -> Result<(), KeyRefused> {
    let _changing = shared.live.changing.lock().await;
    let before = source_of(shared, id)?;
    let now = shared.live.now();
    let mut keys = now.keys.clone();
    if keys.remove(id).is_none() {
        return Ok(());
    }
    let config = read(shared, &now, &keys)?;
    match fs::remove_file(shared.live.keys.join(file_name(id))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    put_into_force(shared, id, &now, keys, config);
    let after = source_of(shared, id).ok().flatten();
    let scope = Scope::Provider(id.to_owned()).to_string();
    audit(shared, by, Action::Key, scope, "key", before, after).await;
    tracing::warn!(
        by = &*by.id,
        provider = id,
        "key_taken_back_by_administrator"
    );
    Ok(())
}

fn source_of(shared: &Shared, id: &str) -> Result<Option<&'static str>, KeyRefused> {
    let config = shared.config();
    let provider = takes_a_key(&config, id).ok_or(KeyRefused::NoSuchProvider)?;
    Ok(provider.key_source)
}

fn read(shared: &Shared, now: &Now, keys: &Keys) -> Result<Config, KeyRefused> {
    let read = shared.live.source.read_under(&now.changes, keys);
    let (config, _) = read.map_err(|problems| {
        let said = problems.iter().find(|problem| problem.fatal);
        KeyRefused::Configuration(said.map(ToString::to_string).unwrap_or_default())
    })?;
    Ok(config)
}

fn imagine(shared: &Shared, config: &Config) -> Result<Catalog, KeyRefused> {
    let imagined = shared.imagine(config);
    imagined.map_err(|error| KeyRefused::Configuration(error.to_string()))
}

fn put_into_force(shared: &Arc<Shared>, id: &str, now: &Now, keys: Keys, config: Config) {
    shared.live.now.store(Arc::new(Now {
        keys,
        ..now.clone()
    }));
    shared.reconfigure(config);
    if let Some(entry) = shared.catalog().source(id) {
        // What they remember was the old key's.
        entry.real_circuits().forgive();
        shared.discovery.ask_again(&entry.id);
    }
    shared.health.touch();
}

/// Asks the provider with the key: for its models, or where that proves nothing, a small question.
async fn try_key(
    shared: &Arc<Shared>,
    by: &Principal,
    catalog: &Catalog,
    entry: &ProviderEntry,
    config: &Config,
) -> Result<Tested, KeyRefused> {
    let mut listed = None;
    if entry.lists {
        match list(shared, entry).await {
            Ok(models) => listed = Some(models),
            // There is no list, or not for this key: that says nothing of answers.
            Err(failure) if matches!(failure.status_code, Some(403..=405)) => {}
            Err(failure) => return Err(refused(failure)),
        }
    }
    if let Some(models) = listed
        && let Some(keyless) = entry.without_key()
        && list(shared, &keyless).await.is_err()
    {
        return Ok(Tested::Models(models));
    }
    let default = config
        .providers
        .iter()
        .find(|it| it.id == entry.id.as_str());
    let default = default.and_then(|provider| catalog.model(provider.default_model.as_deref()?));
    let own = || {
        catalog
            .models()
            .iter()
            .find(|model| model.provider == entry.id)
    };
    let Some(model) = default.or_else(own) else {
        // Nothing could be asked that would show more.
        return listed.map(Tested::Models).ok_or(KeyRefused::Configuration(
            "this provider lists no models to the key, and none is configured that could be asked"
                .to_owned(),
        ));
    };
    let result = trial::ask(shared, by, catalog, model).await;
    let attempt = result.ok_or(KeyRefused::NoSuchProvider)?.attempt;
    if attempt.state == AttemptState::Answered && !attempt.simulated || opened_the_door(&attempt) {
        return Ok(Tested::Attempt(Box::new(attempt)));
    }
    Err(KeyRefused::Provider {
        reason: attempt.reason.unwrap_or(Reason::Timeout),
        status_code: attempt.status_code,
        detail: attempt.detail.unwrap_or_default(),
        simulated: attempt.simulated,
    })
}

/// Whether the key was taken, though what was behind it is another matter.
fn opened_the_door(attempt: &Attempt) -> bool {
    let behind = match attempt.reason {
        Some(
            Reason::ModelNotFound
            | Reason::ResponseRejected
            | Reason::ContentFiltered
            | Reason::ContextLengthExceeded,
        ) => true,
        Some(
            Reason::QuotaExhausted
            | Reason::AuthError
            | Reason::ProviderUnavailable
            | Reason::ProviderError
            | Reason::Unknown
            | Reason::Timeout
            | Reason::ConnectionFailed
            | Reason::StreamInterrupted
            | Reason::CircuitOpen
            | Reason::NotCapable
            | Reason::DeadlineExceeded,
        )
        | None => false,
    };
    behind && !attempt.simulated
}

/// How many models the provider lists.
async fn list(shared: &Shared, entry: &ProviderEntry) -> Result<usize, Failure> {
    let error = match timeout(entry.timeout, entry.list()).await {
        Ok(Ok(models)) => return Ok(models.len()),
        Ok(Err(error)) => error,
        Err(_) => UpstreamError {
            observed: Observed::FirstTokenTimeout(entry.timeout),
            simulated: None,
        },
    };
    Err(classify(&error, &shared.scrubber))
}

fn refused(failure: Failure) -> KeyRefused {
    KeyRefused::Provider {
        reason: translate::reason(failure.reason),
        status_code: failure.status_code,
        simulated: failure.simulated.is_some(),
        detail: failure.detail,
    }
}

/// Ids may hold what no file's name can.
fn file_name(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}

/// Writes the key into its file, which nobody else can read at any moment, and which is whole or not there.
fn keep(folder: &Path, id: &str, key: &Secret) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        builder.mode(0o700);
        options.mode(0o600);
    }
    builder.create(folder)?;
    let (name, fresh) = (file_name(id), folder.join(format!(".{}", file_name(id))));
    // Left behind by a server that stopped in the middle of this.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = options.open(&fresh)?;
    file.write_all(key.reveal().as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_again_and_nobody_else_can_read_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let keys = folder.path().join(FOLDER);
        for key in ["first-key-0123", "second-key-4567"] {
            keep(&keys, "my/own provider", &Secret::new(key.to_owned())).unwrap();
        }
        let found = kept(&keys);
        assert_eq!(found.len(), 1);
        assert_eq!(found["my/own provider"].reveal(), "second-key-4567");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&keys), 0o700);
            let files: Vec<_> = fs::read_dir(&keys)
                .unwrap()
                .map(|file| file.unwrap().path())
                .collect();
            assert_eq!(
                files.iter().map(|file| mode(file)).collect::<Vec<_>>(),
                [0o600]
            );
        }
        assert!(kept(&folder.path().join("none")).is_empty());
    }
}
