//! The live changes of earlier days, at the server's start: those that still fit are in force again.

use std::collections::BTreeMap;
use std::path::Path;

use arc_swap::ArcSwap;
use evenkeel_store::{Store, StoreError};
use tokio::sync::Mutex;

use super::change::spoken_of;
use super::places::place;
use super::{Live, Now, key};
use crate::config::{Changes, Config, Keys, Problems, Scope, Source};

/// What a server begins with.
pub struct Started {
    /// The live changes.
    pub live: Live,
    /// The configuration under them.
    pub config: Config,
}

impl Started {
    /// Finds what was changed live. What no longer fits is left out with a warning, and tried again at the next start.
    ///
    /// # Errors
    ///
    /// Where the database does not answer.
    pub async fn find(
        source: Source,
        file: Config,
        store: &Store,
        data: &Path,
    ) -> Result<Self, StoreError> {
        let stored = store.live_settings().await?;
        let mut changes = Changes::default();
        for (scope, key, value) in stored.values {
            match Scope::parse(&scope) {
                Some(scope) => {
                    changes.values.insert((scope, key), value);
                }
                None => ignored(&scope, &key, "no such scope"),
            }
        }
        let models = stored.models.into_iter();
        changes.models = models
            .map(|(id, provider, name)| (id, (provider, name)))
            .collect();
        let kept = data.join(key::FOLDER);
        let keys = key::kept(&kept);
        let (config, changes, keys) = fitting(&source, &file, changes, keys);
        Ok(Self {
            live: Live {
                source,
                file,
                keys: kept,
                now: ArcSwap::from_pointee(Now {
                    revision: stored.revision,
                    changes,
                    keys,
                }),
                changing: Mutex::new(()),
            },
            config,
        })
    }
}

/// The configuration under as many of the changes as fit.
fn fitting(
    source: &Source,
    file: &Config,
    mut changes: Changes,
    mut keys: Keys,
) -> (Config, Changes, Keys) {
    loop {
        let spoken_of = spoken_of(&changes);
        changes.models.retain(|id, _| spoken_of.contains(id));
        let problems = match source.read_under(&changes, &keys) {
            Ok((config, _)) => return (config, changes, keys),
            Err(problems) => problems,
        };
        if !leave_out(&problems, file, &mut changes, &mut keys) {
            break;
        }
    }
    // What is wrong is wrong with none of them by itself: those stay that fit together, one after the other.
    let mut fit = Changes {
        values: BTreeMap::new(),
        ..changes.clone()
    };
    for (place, value) in changes.values {
        let mut more = fit.clone();
        more.values.insert(place.clone(), value);
        match source.read_under(&more, &keys) {
            Ok(_) => fit = more,
            Err(problems) => {
                let said = problems.iter().find(|problem| problem.fatal);
                let said = said.map(|problem| format!("{}: {}", problem.path(), problem.message()));
                ignored(&place.0.to_string(), &place.1, &said.unwrap_or_default());
            }
        }
    }
    match source.read_under(&fit, &keys) {
        Ok((config, _)) => (config, fit, keys),
        Err(problems) => {
            let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
            tracing::error!(?said, "live_changes_all_ignored");
            (file.clone(), Changes::default(), Keys::default())
        }
    }
}

/// Takes out the changes that the problems speak of; says whether there were any.
fn leave_out(problems: &Problems, file: &Config, changes: &mut Changes, keys: &mut Keys) -> bool {
    let mut any = false;
    for problem in problems.iter().filter(|problem| problem.fatal) {
        let (scope, key) = place(problem.path(), file, changes);
        let key = key.split('[').next().unwrap_or_default();
        let place = (scope, key.to_owned());
        if changes.values.remove(&place).is_some() {
            ignored(&place.0.to_string(), key, problem.message());
            any = true;
            continue;
        }
        // Its provider may be gone, so that nothing else speaks of it.
        let of = |id: &&String| Scope::Provider((*id).clone()).path("api_key") == problem.path();
        if let Some(id) = keys.keys().find(of).cloned() {
            keys.remove(&id);
            ignored(&Scope::Provider(id).to_string(), "key", problem.message());
            any = true;
        }
    }
    any
}

fn ignored(scope: &str, key: &str, why: &str) {
    tracing::warn!(scope, key, why, "live_change_ignored");
}
