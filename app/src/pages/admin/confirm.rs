//! Nothing is changed without a question that names what it touches.

use evenkeel_protocol::{self as wire, SettingChange, SettingsChange};
use leptos::prelude::*;

use super::effect::{meanwhile, shown};
use super::panel::Panel;
use super::what_if::what_if;
use crate::api::admin::{self as api, CircuitAction, Refused};
use crate::components::dialog::{Beside, close, modal};

/// The dialog's name.
const NAME: &str = "confirm";

/// What somebody is about to do.
#[derive(Clone)]
pub(super) enum Deed {
    /// Steers a circuit.
    Circuit {
        /// `models` or `providers`.
        kind: &'static str,
        /// Whose.
        id: String,
        /// How.
        action: CircuitAction,
    },
    /// Changes settings.
    Change {
        /// The question.
        title: String,
        /// What the button says.
        go: String,
        /// The changes.
        changes: Vec<SettingChange>,
        /// The revision that they were made from; none where it is the one that holds.
        revision: Option<u64>,
        /// Who is told what came of it.
        told: Option<Callback<Result<wire::Effect, Refused>>>,
    },
    /// Takes an entry of the audit log back.
    Revert {
        /// The entry.
        id: String,
        /// What it did, in words.
        what: String,
        /// Who is told that it is done.
        told: Callback<()>,
    },
}

impl Deed {
    fn title(&self) -> String {
        match self {
            Self::Circuit { id, action, .. } => match action {
                CircuitAction::Open => format!("Hold {id} open?"),
                CircuitAction::Close => format!("Hold {id} closed?"),
                CircuitAction::Reset => format!("Reset the circuit of {id}?"),
            },
            Self::Change { title, .. } => title.clone(),
            Self::Revert { .. } => "Take this change back?".to_owned(),
        }
    }

    fn meaning(&self) -> String {
        match self {
            Self::Circuit { action, .. } => match action {
                CircuitAction::Open => {
                    "It is asked nothing until it is reset. Others answer in its place.".to_owned()
                }
                CircuitAction::Close => {
                    "It is asked whatever happens, and is not spared when it fails.".to_owned()
                }
                CircuitAction::Reset => {
                    "Its failures are forgotten; from now on it decides for itself again."
                        .to_owned()
                }
            },
            Self::Change { .. } => {
                "It holds from the next attempt on, and over a restart.".to_owned()
            }
            Self::Revert { what, .. } => what.clone(),
        }
    }

    fn go(&self) -> String {
        match self {
            Self::Circuit { action, .. } => match action {
                CircuitAction::Open => "Hold open".to_owned(),
                CircuitAction::Close => "Hold closed".to_owned(),
                CircuitAction::Reset => "Reset".to_owned(),
            },
            Self::Change { go, .. } => go.clone(),
            Self::Revert { .. } => "Take back".to_owned(),
        }
    }

    async fn preview(&self, revision: u64) -> Result<wire::Effect, Refused> {
        match self {
            Self::Circuit { kind, id, action } => api::circuit_effect(kind, id, *action).await,
            Self::Change { changes, .. } => api::change(&all(revision, true, changes)).await,
            Self::Revert { id, .. } => api::revert(id, revision, true).await,
        }
    }

    async fn perform(&self, revision: u64) -> Result<wire::Effect, Refused> {
        match self {
            Self::Circuit { kind, id, action } => api::circuit(kind, id, *action)
                .await
                .map(|()| wire::Effect::default()),
            Self::Change { changes, .. } => api::change(&all(revision, false, changes)).await,
            Self::Revert { id, .. } => api::revert(id, revision, false).await,
        }
    }

    fn tell(&self, result: Result<wire::Effect, Refused>) {
        match self {
            Self::Circuit { .. } => {}
            Self::Change { told, .. } => {
                if let Some(told) = told {
                    told.run(result);
                }
            }
            Self::Revert { told, .. } => told.run(()),
        }
    }
}

fn all(revision: u64, preview: bool, changes: &[SettingChange]) -> SettingsChange {
    SettingsChange {
        revision,
        preview,
        changes: changes.to_vec(),
    }
}

/// The question, while there is one.
pub(super) fn confirmation(panel: Panel) -> AnyView {
    let asked = move || panel.deed.get().map(|deed| question(panel, deed));
    view! { {asked} }.into_any()
}

fn question(panel: Panel, deed: Deed) -> AnyView {
    let made_from = match &deed {
        Deed::Change { revision, .. } => *revision,
        Deed::Circuit { .. } | Deed::Revert { .. } => None,
    };
    let revision = StoredValue::new(made_from.unwrap_or_else(|| panel.revision()));
    let effect = RwSignal::new(None::<Result<wire::Effect, Refused>>);
    let problem = RwSignal::new(None::<Refused>);
    let busy = RwSignal::new(false);
    let look = {
        let deed = deed.clone();
        move || {
            let deed = deed.clone();
            leptos::task::spawn_local(async move {
                let told = deed.preview(revision.get_value()).await;
                // The dialog may be closed by now.
                if let Err(refused) = &told
                    && !refused.problems.is_empty()
                {
                    // Its fields say it.
                    close(NAME);
                    return deed.tell(told);
                }
                let _ = effect.try_set(Some(told));
            });
        }
    };
    look();
    let go = {
        let deed = deed.clone();
        move |_| {
            if busy.get_untracked() {
                return;
            }
            busy.set(true);
            let deed = deed.clone();
            leptos::task::spawn_local(async move {
                let told = deed.perform(revision.get_value()).await;
                let _ = busy.try_set(false);
                match told {
                    Err(refused) if refused.problems.is_empty() => {
                        let _ = problem.try_set(Some(refused));
                    }
                    told => {
                        close(NAME);
                        deed.tell(told);
                    }
                }
            });
        }
    };
    // Another has changed something meanwhile: what is asked now is asked on top of that.
    let anyway = move |newer: u64| {
        revision.set_value(newer);
        problem.set(None);
        effect.set(None);
        look();
    };
    let again = anyway.clone();
    let outcome = move || match effect.get() {
        None => {
            view! { <p class="loading text-muted">"Looking what it would touch …"</p> }.into_any()
        }
        Some(Ok(effect)) => shown(&effect),
        Some(Err(refused)) => stale(refused, again.clone()),
    };
    let told = move || problem.get().map(|refused| stale(refused, anyway.clone()));
    let replay = match &deed {
        Deed::Change { changes, .. } => Some(what_if(changes.clone())),
        Deed::Circuit { .. } | Deed::Revert { .. } => None,
    };
    let content = view! {
        <div class="flex flex-col gap-3" data-testid="confirm-body">
            <p>{deed.meaning()}</p>
            <div class="effect">{outcome}</div>
            {replay}
            {told}
            <div class="flex justify-end gap-2">
                <button type="button" class="button" data-testid="confirm-cancel" on:click=move |_| close(NAME)>
                    "Cancel"
                </button>
                <button
                    type="button"
                    class="button primary"
                    data-testid="confirm-go"
                    aria-disabled=move || busy.get().to_string()
                    on:click=go
                >
                    {deed.go()}
                </button>
            </div>
        </div>
    };
    let closed = Box::new(move || panel.deed.set(None));
    modal(
        NAME,
        deed.title().into(),
        Beside::Closes,
        closed,
        content.into_any(),
    )
}

/// A refusal; where it is because of what others have done, what that was.
fn stale(refused: Refused, anyway: impl Fn(u64) + Clone + 'static) -> AnyView {
    let newer = refused.revision.filter(|_| refused.status == Some(409));
    let go_on = newer.map(|newer| {
        view! {
            <button type="button" class="button small" data-testid="confirm-anyway" on:click=move |_| anyway(newer)>
                "Look again, on top of that"
            </button>
        }
    });
    view! {
        <div class="problem flex flex-col gap-2" role="alert">
            <p>{refused.sentence.clone()}</p>
            {meanwhile(&refused.changes)}
            {go_on}
        </div>
    }
    .into_any()
}
