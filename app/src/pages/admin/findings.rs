//! What to do about each finding, beside it.

use evenkeel_protocol::{Finding, ModelId, ProviderId};
use leptos::prelude::*;

use super::confirm::Deed;
use super::panel::Panel;
use super::provider::enabling;
use super::rollout::rolling;
use super::sentence;
use crate::api::admin::CircuitAction;
use crate::components::each;
use crate::wording::{self, Go, Step, Tried};

/// What a finding is known by: it stays the same entry for as long as it lasts.
fn key(finding: &Finding) -> String {
    let model = finding.model.as_ref().map_or("", ModelId::as_str);
    format!("{}\n{model}", finding.provider)
}

/// The findings, the worst first.
pub(super) fn findings(panel: Panel) -> AnyView {
    let all = Memo::new(move |_| {
        panel.report.with(|report| {
            let findings = report.as_ref().map(|report| &report.findings[..]);
            let told = wording::distinct(findings.unwrap_or_default());
            told.into_iter().cloned().collect::<Vec<_>>()
        })
    });
    let none = Memo::new(move |_| all.with(Vec::is_empty));
    let keys = move || all.with(|all| all.iter().map(key).collect());
    let one = move |wanted: String| {
        let found =
            Memo::new(move |_| all.with(|all| all.iter().find(|one| key(one) == wanted).cloned()));
        // Of a whole provider, one of the models that made it so.
        let model = Memo::new(move |_| {
            let found = found.get()?;
            let model = found.model.or_else(|| {
                panel.report.with(|report| {
                    let all = report.iter().flat_map(|report| &report.findings);
                    let mut own = all.filter(|one| one.provider == found.provider);
                    own.find_map(|one| one.model.clone())
                })
            })?;
            let cell = panel.model(&model)?;
            let near = cell.health.with(|health| health.near_names.clone());
            Some((model, near))
        });
        let tried = Memo::new(move |_| found.get().map_or_else(Vec::new, |one| tried(panel, &one)));
        card(panel, found, model, tried)
    };
    view! {
        <section
            class="flex flex-col gap-2"
            aria-label="What to do"
            hidden=move || none.get()
        >
            {each(keys, one)}
        </section>
    }
    .into_any()
}

/// The assistants that try what is found to fail.
fn tried(panel: Panel, finding: &Finding) -> Vec<Tried> {
    let head = panel.head(&finding.provider);
    let own = |id: &ModelId| match &finding.model {
        Some(model) => model == id,
        None => head
            .as_ref()
            .is_some_and(|head| head.with(|head| head.models.contains(id))),
    };
    panel.report.with(|report| {
        let all = report.iter().flat_map(|report| &report.assistants);
        let trying = all.filter(|one| one.use_candidate).filter_map(|one| {
            let candidate = one.candidate.as_ref()?;
            (candidate.percent > 0.0 && own(&candidate.model)).then(|| Tried {
                assistant: one.id.clone(),
                name: one.name.clone(),
                model: candidate.model.clone(),
                percent: candidate.percent,
            })
        });
        trying.collect()
    })
}

/// A finding: what it means is seen when it is unfolded; the first one begins so.
fn card(
    panel: Panel,
    found: Memo<Option<Finding>>,
    model: Memo<Option<(ModelId, Vec<String>)>>,
    tried: Memo<Vec<Tried>>,
) -> AnyView {
    let advice = Memo::new(move |_| {
        let found = found.get()?;
        let model = model.get();
        let near = model.as_ref().map_or(&[][..], |(_, near)| near);
        let model = model.as_ref().map(|(model, _)| model);
        Some(tried.with(|tried| wording::advice(&found, model, near, tried)))
    });
    let told = Memo::new(move |_| found.with(|found| found.as_ref().map(wording::finding)));
    let title = move || advice.with(|advice| advice.as_ref().map(|advice| advice.title.clone()));
    let meaning = move || advice.with(|advice| advice.as_ref().map(|advice| advice.meaning));
    let steps = Memo::new(move |_| {
        advice.with(|advice| {
            advice
                .as_ref()
                .map(|advice| advice.steps.clone())
                .unwrap_or_default()
        })
    });
    let rows = move || {
        let steps = steps.get().into_iter();
        steps.map(|one| step(panel, one)).collect::<Vec<_>>()
    };
    view! {
        <details class="finding" data-testid="finding">
            <summary>
                <span class="finding-title">"What to do: " {title}</span>
            </summary>
            <p>{move || told.get().map(|told| sentence(&told))}</p>
            <p class="text-muted">{meaning}</p>
            <ol class="steps">{rows}</ol>
        </details>
    }
    .into_any()
}

fn step(panel: Panel, step: Step) -> AnyView {
    let press = |deed: Box<dyn Fn()>| {
        view! {
            <button type="button" class="button small" on:click=move |_| deed()>
                {step.label.clone()}
            </button>
        }
        .into_any()
    };
    let control = match step.go.clone() {
        Go::To(route) => {
            view! { <a class="button small" href=route.address()>{step.label.clone()}</a> }
                .into_any()
        }
        Go::Test(model) => press(Box::new(move || panel.testing.set(Some(model.clone())))),
        Go::Reset(provider, model) => press(Box::new(move || {
            panel.deed.set(Some(reset(&provider, model.as_ref())))
        })),
        Go::Disable(provider) => press(Box::new(move || {
            panel.deed.set(Some(enabling(provider.as_str(), false)))
        })),
        Go::Withdraw(tried) => press(Box::new(move || {
            let whose = (tried.assistant.as_str(), tried.name.as_str(), &tried.model);
            panel.deed.set(Some(rolling(whose, 0.0, None)))
        })),
    };
    view! { <li><span>{step.text.clone()}</span> {control}</li> }.into_any()
}

fn reset(provider: &ProviderId, model: Option<&ModelId>) -> Deed {
    let action = CircuitAction::Reset;
    match model {
        Some(model) => Deed::Circuit {
            kind: "models",
            id: model.to_string(),
            action,
        },
        None => Deed::Circuit {
            kind: "providers",
            id: provider.to_string(),
            action,
        },
    }
}
