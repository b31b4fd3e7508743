//! What can be changed while the server runs: for everything, for a provider, a model, an assistant.

use evenkeel_protocol::{AuditEntry, Effect as Outcome, SettingChange, Settings};
use leptos::prelude::*;

use super::confirm::Deed;
use super::key::key_form;
use super::panel::Panel;
use super::setting::setting;
use crate::api::admin::{self as api, Refused};
use crate::components::each;
use crate::state::Map;
use crate::state::panel::{Draft, Edit, PanelRoute, PanelView, SECTIONS, section};
use crate::wording;

/// So many of the last changes are looked through for who made one.
const RECENT: u32 = 30;

/// The settings of a scope while they are edited. What comes from the server touches no draft.
#[derive(Clone, Copy)]
pub(super) struct Editing {
    panel: Panel,
    scope: StoredValue<String>,
    /// As the server last said.
    pub(super) settings: RwSignal<Option<Settings>>,
    /// Why they are not here.
    refused: RwSignal<Option<Refused>>,
    /// What is being edited, by key.
    pub(super) drafts: RwSignal<Map<String, Draft>>,
    /// The last changes of others and of the reader.
    pub(super) recent: RwSignal<Vec<AuditEntry>>,
}

impl Editing {
    fn begin(panel: Panel, scope: String) -> Self {
        let editing = Self {
            panel,
            scope: StoredValue::new(scope),
            settings: RwSignal::new(None),
            refused: RwSignal::new(None),
            drafts: RwSignal::default(),
            recent: RwSignal::default(),
        };
        let revision = Memo::new(move |_| {
            panel
                .report
                .with(|report| report.as_ref().map(|report| report.revision))
        });
        Effect::new(move || {
            revision.get();
            editing.fetch();
        });
        editing
    }

    fn fetch(self) {
        leptos::task::spawn_local(async move {
            let scope = self.scope.get_value();
            let told = api::settings(&scope).await;
            // The reader may have left them; so below.
            match told {
                Ok(settings) => {
                    let _ = self.refused.try_set(None);
                    let _ = self.settings.try_set(Some(settings));
                }
                Err(refused) => {
                    let _ = self.refused.try_set(Some(refused));
                }
            }
            let clash = self.settings.try_with_untracked(|settings| {
                let settings = settings.as_ref()?;
                self.drafts.try_with_untracked(|drafts| {
                    let known = |key| drafts.get(key);
                    settings
                        .settings
                        .iter()
                        .any(|one| known(&one.key).is_some_and(|draft| draft.clashes(one)))
                })
            });
            if clash.flatten() == Some(true)
                && let Ok(page) = api::audit(None, RECENT).await
            {
                let _ = self.recent.try_set(page.entries);
            }
        });
    }

    /// The reader has edited a setting.
    pub(super) fn edit(self, key: &str, edit: Edit) {
        let draft = self.settings.with_untracked(|settings| {
            let setting = settings
                .as_ref()?
                .settings
                .iter()
                .find(|one| one.key == key)?;
            let draft = self
                .drafts
                .with_untracked(|drafts| Draft::take(drafts.get(&key.to_owned()), setting, edit));
            Some(draft)
        });
        let Some(draft) = draft else { return };
        self.drafts.update(|drafts| match draft {
            Some(draft) => drop(drafts.insert(key.to_owned(), draft)),
            None => drop(drafts.remove(&key.to_owned())),
        });
    }

    /// The reader gives an edit up.
    pub(super) fn discard(self, key: &str) {
        self.drafts
            .update(|drafts| drop(drafts.remove(&key.to_owned())));
    }

    /// The reader keeps the edit, whatever another has made of it.
    pub(super) fn keep(self, key: &str) {
        let value = self.settings.with_untracked(|settings| {
            let setting = settings
                .as_ref()?
                .settings
                .iter()
                .find(|one| one.key == key)?;
            setting.value.clone()
        });
        self.drafts.update(|drafts| {
            if let Some(draft) = drafts.get_mut(&key.to_owned()) {
                draft.base = value;
            }
        });
    }

    /// Takes the live change of a setting back, once that is confirmed.
    pub(super) fn give_back(self, key: &str, label: &str) {
        let change = SettingChange {
            scope: self.scope.get_value(),
            key: key.to_owned(),
            value: None,
        };
        self.ask(
            format!("Let the file decide on “{label}” again?"),
            "Take back".to_owned(),
            vec![change],
        );
    }

    fn review(self) {
        let mut wrong = Vec::new();
        let mut changes = Vec::new();
        self.settings.with_untracked(|settings| {
            let all = settings.iter().flat_map(|settings| &settings.settings);
            self.drafts.with_untracked(|drafts| {
                for setting in all {
                    let Some(draft) = drafts.get(&setting.key) else {
                        continue;
                    };
                    match draft.edit.value(setting.kind) {
                        Ok(value) => changes.push(SettingChange {
                            scope: self.scope.get_value(),
                            key: setting.key.clone(),
                            value: Some(value),
                        }),
                        Err(why) => wrong.push((setting.key.clone(), why.to_owned())),
                    }
                }
            });
        });
        if wrong.is_empty() {
            let title = match changes.len() {
                1 => "Make this change?".to_owned(),
                count => format!("Make these {count} changes?"),
            };
            self.ask(title, "Change".to_owned(), changes);
        } else {
            self.tell(&wrong);
        }
    }

    fn ask(self, title: String, go: String, changes: Vec<SettingChange>) {
        let told = Callback::new(move |result: Result<Outcome, Refused>| self.came(result));
        let revision = self
            .settings
            .with_untracked(|settings| settings.as_ref().map(|settings| settings.revision));
        self.panel.deed.set(Some(Deed::Change {
            title,
            go,
            changes,
            revision,
            told: Some(told),
        }));
    }

    fn came(self, result: Result<Outcome, Refused>) {
        match result {
            Ok(_) => {
                // The reader may have left them.
                let _ = self.drafts.try_set(Map::default());
                self.fetch();
            }
            Err(refused) => {
                let scope = self.scope.try_get_value().unwrap_or_default();
                let own = refused
                    .problems
                    .into_iter()
                    .filter(|problem| problem.scope == scope);
                let wrong: Vec<_> = own.map(|problem| (problem.key, problem.message)).collect();
                self.tell(&wrong);
            }
        }
    }

    /// Shows what is wrong at its field, and takes the reader to the first one.
    fn tell(self, wrong: &[(String, String)]) {
        let _ = self.drafts.try_update(|drafts| {
            for (key, why) in wrong {
                if let Some(draft) = drafts.get_mut(key) {
                    draft.problem = Some(why.clone());
                }
            }
        });
        if let Some((key, _)) = wrong.first() {
            let id = super::setting::field_id(key);
            request_animation_frame(move || crate::browser::focus(&id));
        }
    }
}

/// The settings part of the panel.
pub(super) fn settings(panel: Panel) -> AnyView {
    let scope = Memo::new(move |_| {
        panel
            .route
            .with(|route| route.get("scope").unwrap_or("global").to_owned())
    });
    let shown = move || {
        let scope = scope.get();
        let provider = scope.strip_prefix("providers/").map(str::to_owned);
        view! {
            {provider.map(|id| key_form(panel, &id))}
            {editor(panel, scope, |key| !key.starts_with("alerts."))}
        }
    };
    view! {
        {scopes(panel, scope)}
        {shown}
    }
    .into_any()
}

/// Whose settings are shown.
fn scopes(panel: Panel, scope: Memo<String>) -> AnyView {
    let group = move |name: &'static str, kind: &'static str, ids: Vec<String>| {
        let options: Vec<_> = ids
            .into_iter()
            .map(|id| {
                let value = format!("{kind}/{id}");
                let selected = scope.with_untracked(|scope| *scope == value);
                view! { <option value=value selected=selected>{id}</option> }
            })
            .collect();
        view! { <optgroup label=name>{options}</optgroup> }
    };
    // A report comes every second; what is offered changes seldom.
    let assistants = Memo::new(move |_| {
        panel.report.with(|report| {
            let all = report.iter().flat_map(|report| &report.assistants);
            all.map(|one| one.id.clone()).collect::<Vec<_>>()
        })
    });
    let options = move || {
        let providers = panel.providers.get();
        let models = providers.iter().filter_map(|id| panel.head(id));
        let models: Vec<_> = models
            .flat_map(|head| {
                head.with(|head| {
                    head.models
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let providers = providers.iter().map(ToString::to_string).collect();
        let assistants = assistants.get();
        view! {
            {group("Providers", "providers", providers)}
            {group("Models", "models", models)}
            {(!assistants.is_empty()).then(|| group("Assistants", "assistants", assistants))}
        }
    };
    let choose = move |event| {
        let route = PanelRoute::to(PanelView::Settings).with("scope", &event_target_value(&event));
        panel.go(&route);
    };
    view! {
        <label class="scope-picker">
            <span>"Settings of"</span>
            <select class="select" data-testid="scope" autocomplete="off" prop:value=move || scope.get() on:change=choose>
                <option value="global">"Everything"</option>
                {options}
            </select>
        </label>
        <p class="text-sm text-muted">
            "The nearest wins: a model's own before its provider's, and that before everything's. What is changed here holds from the next attempt on and over a restart, until it is taken back."
        </p>
    }
    .into_any()
}

/// The settings of a scope whose keys are wanted.
pub(super) fn editor(panel: Panel, scope: String, wanted: fn(&str) -> bool) -> AnyView {
    let editing = Editing::begin(panel, scope);
    let sections: Vec<_> = SECTIONS
        .into_iter()
        .map(|name| part(editing, name, wanted))
        .collect();
    let waits = move || match (
        editing.settings.with(Option::is_some),
        editing.refused.get(),
    ) {
        (_, Some(refused)) => {
            Some(view! { <p class="problem" role="alert">{refused.sentence}</p> }.into_any())
        }
        (false, None) => {
            Some(view! { <p class="loading text-sm text-muted">"Loading …"</p> }.into_any())
        }
        (true, None) => None,
    };
    view! {
        {waits}
        <form
            class="flex flex-col gap-4"
            data-testid="settings"
            on:submit=move |event| {
                event.prevent_default();
                editing.review();
            }
        >
            {sections}
            {bar(editing)}
        </form>
    }
    .into_any()
}

fn part(editing: Editing, name: &'static str, wanted: fn(&str) -> bool) -> AnyView {
    let keys = Memo::new(move |_| {
        editing.settings.with(|settings| {
            let all = settings.iter().flat_map(|settings| &settings.settings);
            let own = all.filter(|one| wanted(&one.key) && section(one) == name);
            own.map(|one| one.key.clone()).collect::<Vec<_>>()
        })
    });
    let none = Memo::new(move |_| keys.with(Vec::is_empty));
    view! {
        <section class="card settings" hidden=move || none.get()>
            <h2>{name}</h2>
            <ul>{each(move || keys.get(), move |key| setting(editing, editing.panel, key))}</ul>
        </section>
    }
    .into_any()
}

/// What is not saved yet.
fn bar(editing: Editing) -> AnyView {
    let count = Memo::new(move |_| editing.drafts.with(Map::len));
    let some = Memo::new(move |_| count.get() > 0);
    let shown = move || {
        let said = move || {
            format!(
                "{} not made yet",
                wording::counted(count.get().try_into().unwrap_or(0), "change")
            )
        };
        view! {
            <div class="save-bar">
                <span>{said}</span>
                <button
                    type="button"
                    class="button"
                    data-testid="discard"
                    on:click=move |_| editing.drafts.set(Map::default())
                >
                    "Discard"
                </button>
                <button type="submit" class="button primary" data-testid="review">"Review …"</button>
            </div>
        }
        .into_any()
    };
    crate::components::shown_if(some, shown)
}
