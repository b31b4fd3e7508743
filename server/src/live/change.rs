//! Making changes: all of them or none, and only from the state that their author has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evenkeel_protocol::{AuditEntry, Effect, SettingValue};
use evenkeel_store::{Deed, LiveChange, StoreError};

use super::audit::entry;
use super::effect::{self, State};
use super::places::{Wrong, wrongs};
use super::settings::World;
use super::{Live, Now};
use crate::catalog::{Catalog, CatalogError};
use crate::config::{Changes, Config, Place, Scope};
use crate::shared::Shared;

/// What is to be changed: each setting's new value, or none where what the file says is to hold again.
pub type Wanted = BTreeMap<Place, Option<SettingValue>>;

/// Why nothing was changed.
#[derive(Debug)]
pub enum Refused {
    /// A value cannot be, as the file's reader would say.
    Wrong(Vec<Wrong>),
    /// Others have changed something since.
    Stale {
        /// The revision now.
        revision: u64,
        /// What was changed, newest first.
        changes: Vec<AuditEntry>,
    },
    /// The database does not take it.
    Store(StoreError),
    /// A fault of this program.
    Catalog(CatalogError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Changes settings, or says what that would do.
///
/// # Errors
///
/// Where it is refused; nothing has changed then.
pub async fn change(
    shared: &Arc<Shared>,
    by: &str,
    revision: u64,
    preview: bool,
    wanted: Wanted,
) -> Result<Effect, Refused> {
    let live = &shared.live;
    too_large(&wanted)?;
    let _changing = live.changing.lock().await;
    let now = live.now();
    if now.revision != revision {
        return Err(stale(shared, revision).await?);
    }
    let catalog = shared.catalog();
    let changes = laid_over(live, &catalog, &now.changes, &wanted);
    check_keys(shared, &now, &wanted)?;
    let read = live.source.read_under(&changes, &now.keys);
    let (config, _) = read.map_err(|problems| {
        let file = &live.file;
        Refused::Wrong(wrongs(&problems, file, &changes))
    })?;
    let imagined = shared.imagine(&config).map_err(Refused::Catalog)?;
    let places: Vec<_> = wanted
        .keys()
        .filter(|place| now.changes.values.get(place) != changes.values.get(place))
        .collect();
    let holding = shared.config();
    let before = State {
        config: &holding,
        catalog: &catalog,
        changes: &now.changes,
    };
    let after = State {
        config: &config,
        catalog: &imagined,
        changes: &changes,
    };
    let mut effect = effect::of(shared, by, before, after, &places);
    if !preview {
        forget_unfit(shared, &now.changes, &wanted).await?;
    }
    if preview || places.is_empty() {
        return Ok(effect);
    }
    let revision = now.revision + 1;
    let told = Told {
        shared,
        by,
        revision,
        before,
        after,
    };
    let value = |place: &&Place| changes.values.get(place).cloned();
    let models = changes.models.iter();
    let change = LiveChange {
        values: places
            .iter()
            .map(|place| (place.0.to_string(), place.1.clone(), value(place)))
            .collect(),
        models: models
            .map(|(id, (provider, name))| (id.clone(), provider.clone(), name.clone()))
            .collect(),
        deeds: places.iter().map(|place| told.deed(place)).collect(),
    };
    shared.store.change_live(&change).await?;
    for (scope, key) in places {
        tracing::warn!(by, scope = %scope, key, revision, "setting_changed_by_administrator");
    }
    live.now.store(Arc::new(Now {
        revision,
        changes,
        keys: now.keys.clone(),
    }));
    shared.reconfigure(config);
    effect.revision = revision;
    Ok(effect)
}

/// Takes back what is kept and was left out at the start, because it did not fit the file.
async fn forget_unfit(shared: &Shared, held: &Changes, wanted: &Wanted) -> Result<(), StoreError> {
    let gone = wanted
        .iter()
        .filter(|(place, value)| value.is_none() && !held.values.contains_key(*place))
        .map(|(place, _)| (place.0.to_string(), place.1.clone(), None));
    let gone = LiveChange {
        values: gone.collect(),
        ..LiveChange::default()
    };
    if gone.values.is_empty() {
        return Ok(());
    }
    shared.store.change_live(&gone).await
}

/// The configuration and the catalog as they would be with these changes.
///
/// # Errors
///
/// Where they would be refused.
pub fn imagine(shared: &Shared, wanted: &Wanted) -> Result<(Config, Catalog), Refused> {
    let live = &shared.live;
    too_large(wanted)?;
    let now = live.now();
    let changes = laid_over(live, &shared.catalog(), &now.changes, wanted);
    check_keys(shared, &now, wanted)?;
    let read = live.source.read_under(&changes, &now.keys);
    let (config, _) =
        read.map_err(|problems| Refused::Wrong(wrongs(&problems, &live.file, &changes)))?;
    let catalog = shared.imagine(&config).map_err(Refused::Catalog)?;
    Ok((config, catalog))
}

/// Refuses what nobody sets by hand: it would be kept for ever, in the settings and in the audit log.
fn too_large(wanted: &Wanted) -> Result<(), Refused> {
    let long = |value: &SettingValue| match value {
        SettingValue::Text(text) => text.len() > 4_096,
        SettingValue::List(names) => {
            names.len() > 1_000 || names.iter().any(|name| name.len() > 500)
        }
        SettingValue::Switch(_) | SettingValue::Number(_) => false,
    };
    let wrong: Vec<_> = wanted
        .iter()
        .filter(|(_, value)| value.as_ref().is_some_and(long))
        .map(|((scope, key), _)| Wrong::new(scope, key, "is too long"))
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Refused::Wrong(wrong))
    }
}

/// Says what has been changed since a revision.
///
/// # Errors
///
/// Where the database does not answer.
pub async fn stale(shared: &Shared, seen: u64) -> Result<Refused, StoreError> {
    let since = shared.store.audit_since(seen).await?;
    Ok(Refused::Stale {
        revision: shared.live.revision(),
        changes: since.iter().map(|row| entry(&shared.live, row)).collect(),
    })
}

/// The changes with these over them, and the models that they speak of.
fn laid_over(live: &Live, catalog: &Catalog, changes: &Changes, wanted: &Wanted) -> Changes {
    let mut values = changes.values.clone();
    for (place, value) in wanted {
        match value {
            Some(value) => values.insert(place.clone(), value.clone()),
            None => values.remove(place),
        };
    }
    let mut changes = Changes {
        models: changes.models.clone(),
        values,
    };
    let spoken_of = spoken_of(&changes);
    changes.models.retain(|id, _| spoken_of.contains(id));
    for id in spoken_of {
        let written = live
            .file
            .models
            .iter()
            .chain(live.file.demos.iter().map(|(_, model)| model));
        if written.into_iter().any(|model| model.id == id) || changes.models.contains_key(&id) {
            continue;
        }
        if let Some(model) = catalog.model(&id) {
            let (provider, name) = (model.provider.as_str().to_owned(), model.name.clone());
            changes.models.insert(id, (provider, name));
        }
    }
    changes
}

/// The models that live changes are made to, or name.
pub(super) fn spoken_of(changes: &Changes) -> BTreeSet<String> {
    let ids = changes.values.iter().flat_map(|((scope, key), value)| {
        let own = match scope {
            Scope::Model(id) => Some(id.clone()),
            Scope::Global | Scope::Provider(_) | Scope::Assistant(_) => None,
        };
        let named = match value {
            SettingValue::List(names) if key.ends_with("fallbacks") => names.clone(),
            SettingValue::List(_)
            | SettingValue::Switch(_)
            | SettingValue::Number(_)
            | SettingValue::Text(_) => vec![],
        };
        own.into_iter().chain(named)
    });
    ids.collect()
}

/// Only what is shown can be changed: the rest is the file's alone.
fn check_keys(shared: &Shared, now: &Now, wanted: &Wanted) -> Result<(), Refused> {
    let world = World {
        config: &shared.config(),
        file: &shared.live.file,
        catalog: &shared.catalog(),
        changes: &now.changes,
    };
    let mut wrong = vec![];
    // What holds no longer anyway can be taken back, whatever has become of it.
    for ((scope, key), _) in wanted.iter().filter(|(_, value)| value.is_some()) {
        let message = match world.settings(scope) {
            None => match scope {
                Scope::Global => continue,
                Scope::Provider(_) => "no such provider".to_owned(),
                Scope::Model(_) => "no such model".to_owned(),
                Scope::Assistant(_) => "no such assistant".to_owned(),
            },
            Some(settings) if settings.iter().any(|setting| setting.key == *key) => continue,
            Some(settings) => {
                let keys = settings.iter().map(|setting| setting.key.as_str());
                let likeness = |known: &&str| (strsim::jaro_winkler(known, key) * 1000.0) as u64;
                let nearest = keys.max_by_key(likeness).unwrap_or_default();
                format!("cannot be changed live here; did you mean `{nearest}`?")
            }
        };
        wrong.push(Wrong::new(scope, key, message));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Refused::Wrong(wrong))
    }
}

/// What the audit log is told of a change.
struct Told<'a> {
    shared: &'a Shared,
    by: &'a str,
    revision: u64,
    before: State<'a>,
    after: State<'a>,
}

impl Told<'_> {
    fn deed(&self, place: &Place) -> Deed {
        let (scope, key) = place;
        let shown = |state: State<'_>| {
            let world = World {
                config: state.config,
                file: self.shared.live.file(),
                catalog: state.catalog,
                changes: state.changes,
            };
            world
                .setting(scope, key)?
                .value
                .map(|value| told(key, value))
        };
        Deed {
            at: self.shared.clock.now(),
            by: self.by.to_owned(),
            action: "setting".to_owned(),
            scope: scope.to_string(),
            key: key.clone(),
            before: shown(self.before),
            after: shown(self.after),
            live_before: self.before.changes.values.get(place).cloned(),
            live_after: self.after.changes.values.get(place).cloned(),
            revision: Some(self.revision),
        }
    }
}

/// What the log is told of a value: of an address where it leads, since the rest of it may be a secret.
fn told(key: &str, value: SettingValue) -> SettingValue {
    match value {
        SettingValue::Text(text) if key.ends_with("_url") => {
            let host = url::Url::parse(&text).ok();
            let host =
                host.and_then(|url| Some(format!("{}://{}/…", url.scheme(), url.host_str()?)));
            SettingValue::Text(host.unwrap_or_default())
        }
        SettingValue::Text(_)
        | SettingValue::Switch(_)
        | SettingValue::Number(_)
        | SettingValue::List(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_log_is_told_where_it_leads() {
        let text = |text: &str| SettingValue::Text(text.to_owned());
        let hook = text("https://hooks.example.org/T0/B0/secret?x=1");
        assert_eq!(
            told("alerts.webhook_url", hook.clone()),
            text("https://hooks.example.org/…")
        );
        assert_eq!(told("alerts.webhook_url", text("")), text(""));
        assert_eq!(told("label", hook.clone()), hook);
    }
}
