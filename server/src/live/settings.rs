//! The settings of a scope, as they are shown: what holds, what would hold without live changes, and what can be chosen.

use evenkeel_protocol::{Setting, SettingKind, Settings};

use super::describe::Described;
use crate::catalog::{Catalog, ModelEntry};
use crate::config::alert_words::ALERTS;
use crate::config::entry_words::{ASSISTANT, MODEL, PROVIDER};
use crate::config::guard_words::GUARDS;
use crate::config::resilience_words::{PROCESS, RESILIENCE};
use crate::config::{Changes, Config, Family, ModelConfig, ProviderConfig, Scope};
use crate::shared::Shared;

/// The settings of a scope; none where there is no such provider or model.
pub fn settings(shared: &Shared, scope: &Scope) -> Option<Settings> {
    let now = shared.live.now();
    let world = World {
        config: &shared.config(),
        file: &shared.live.file,
        catalog: &shared.catalog(),
        changes: &now.changes,
    };
    Some(Settings {
        revision: now.revision,
        scope: scope.to_string(),
        settings: world.settings(scope)?,
    })
}

/// What settings are read from.
pub(super) struct World<'a> {
    /// What holds.
    pub config: &'a Config,
    /// What would hold without live changes.
    pub file: &'a Config,
    pub catalog: &'a Catalog,
    pub changes: &'a Changes,
}

impl World<'_> {
    /// The settings of a scope, in the order in which they are shown.
    pub(super) fn settings(&self, scope: &Scope) -> Option<Vec<Setting>> {
        let (config, file) = (self.config, self.file);
        let mut settings = vec![];
        match scope {
            Scope::Global => {
                settings.extend(self.rows("resilience", PROCESS, scope, config, Some(file)));
                let (now, before) = (&config.resilience, &file.resilience);
                settings.extend(self.rows("resilience", RESILIENCE, scope, now, Some(before)));
                let (now, before) = (&config.guards, &file.guards);
                settings.extend(self.rows("guards", GUARDS, scope, now, Some(before)));
                let (now, before) = (&config.alerts, &file.alerts);
                settings.extend(self.rows("alerts", ALERTS, scope, now, Some(before)));
            }
            Scope::Provider(id) => {
                let now = provider(config, id)?;
                let before = provider(file, id);
                let rows = self.rows("", PROVIDER, scope, now, before);
                let is_demo = file.demos.iter().any(|(demo, _)| demo.id == *id);
                // Each of the demo's has one model, and stands in no order.
                settings.extend(rows.filter(|row| !is_demo || row.key != "default_model"));
                let before = before.map(|provider| &provider.resilience);
                settings.extend(self.rows(
                    "resilience",
                    RESILIENCE,
                    scope,
                    &now.resilience,
                    before,
                ));
            }
            Scope::Model(id) => {
                let now = self.model(config, id)?;
                let before = self.model(file, id);
                settings.extend(self.rows("", MODEL, scope, &now, before.as_ref()));
                let before = before.as_ref().map(|model| &model.resilience);
                let rows = self.rows("resilience", RESILIENCE, scope, &now.resilience, before);
                // All models of a provider share its connections.
                settings.extend(rows.filter(|row| row.key != "resilience.connect_timeout"));
            }
            Scope::Assistant(id) => {
                let find = |config: &'_ Config| {
                    let mut all = config.assistants.iter();
                    all.find(|assistant| assistant.id == *id).cloned()
                };
                let (now, before) = (find(config)?, find(file));
                let rows = self.rows("", ASSISTANT, scope, &now, before.as_ref());
                let tries = now.candidate.is_some();
                settings.extend(rows.filter(|row| tries || !row.key.contains("candidate")));
                let before = before.as_ref().map(|assistant| &assistant.guards);
                settings.extend(self.rows("guards", GUARDS, scope, &now.guards, before));
            }
        }
        for setting in &mut settings {
            self.offer(scope, setting);
        }
        Some(settings)
    }

    /// One setting.
    pub(super) fn setting(&self, scope: &Scope, key: &str) -> Option<Setting> {
        let settings = self.settings(scope)?;
        settings.into_iter().find(|setting| setting.key == key)
    }

    fn rows<'r, T>(
        &'r self,
        section: &'static str,
        rows: &'static [Described<T>],
        scope: &'r Scope,
        now: &'r T,
        file: Option<&'r T>,
    ) -> impl Iterator<Item = Setting> + 'r {
        rows.iter().map(move |row| {
            let mut setting = row.setting(section, now, file, false);
            let place = (scope.clone(), setting.key.clone());
            setting.live = self.changes.values.contains_key(&place);
            setting
        })
    }

    /// A model's entry; for one that is only listed, what it would say.
    fn model(&self, config: &Config, id: &str) -> Option<ModelConfig> {
        let demos = config.demos.iter().map(|(_, model)| model);
        if let Some(model) = config
            .models
            .iter()
            .chain(demos)
            .find(|model| model.id == id)
        {
            return Some(model.clone());
        }
        let listed = self.catalog.model(id)?;
        let provider = provider(config, listed.provider.as_str())?;
        let mut model = ModelConfig::bare(&listed.name, &provider.id, &provider.resilience);
        model.id = id.to_owned();
        Some(model)
    }

    /// Adds what there is to choose.
    fn offer(&self, scope: &Scope, setting: &mut Setting) {
        let models = self.catalog.models().iter();
        let options: Vec<&str> = match setting.kind {
            SettingKind::Models => {
                let own = match scope {
                    Scope::Model(id) => Some(id.as_str()),
                    Scope::Assistant(id) => {
                        let mut all = self.config.assistants.iter();
                        let own = all.find(|assistant| assistant.id == *id);
                        own.map(|assistant| assistant.model.as_str())
                    }
                    Scope::Global | Scope::Provider(_) => None,
                };
                let ids = models.map(|model| model.id.as_str());
                ids.filter(|id| Some(*id) != own).collect()
            }
            SettingKind::Providers => {
                let providers = self.config.providers.iter();
                let known =
                    providers.filter(|provider| self.catalog.provider(&provider.id).is_some());
                known.map(|provider| provider.id.as_str()).collect()
            }
            SettingKind::Text => match scope {
                Scope::Provider(own) => {
                    let own = models.filter(|model| model.provider.as_str() == own);
                    // The entry's id, or the name that the provider lists: an id that was made of it is no name.
                    let written = |id: &str| self.file.models.iter().any(|model| model.id == id);
                    let name = |model: &'_ ModelEntry| written(model.id.as_str());
                    own.map(|model| {
                        if name(model) {
                            model.id.as_str()
                        } else {
                            &model.name
                        }
                    })
                    .collect()
                }
                Scope::Global | Scope::Model(_) | Scope::Assistant(_) => vec![],
            },
            SettingKind::Duration
            | SettingKind::Count
            | SettingKind::Share
            | SettingKind::Decimal
            | SettingKind::Switch
            | SettingKind::Word => vec![],
        };
        setting
            .options
            .extend(options.into_iter().map(str::to_owned));
    }
}

fn provider<'c>(config: &'c Config, id: &str) -> Option<&'c ProviderConfig> {
    let demos = config.demos.iter().map(|(provider, _)| provider);
    config
        .providers
        .iter()
        .chain(demos)
        .find(|provider| provider.id == id)
}

/// Whether a provider is asked over the network, and so may have a key.
pub(super) fn takes_a_key<'c>(config: &'c Config, id: &str) -> Option<&'c ProviderConfig> {
    provider(config, id).filter(|provider| provider.kind.family() != Family::Demo)
}
