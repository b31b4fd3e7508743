//! The steps of the runbooks, each with the place where it is done here.

use leptos::prelude::*;

use crate::wording::RUNBOOKS;

/// All of them.
pub(super) fn runbook() -> AnyView {
    let parts: Vec<_> = RUNBOOKS
        .iter()
        .map(|(name, headings)| {
            let rows: Vec<_> = headings
                .iter()
                .map(|heading| {
                    let address = (heading.to)().address();
                    let spoken = format!("{}: {}", heading.label, heading.title);
                    view! {
                        <li class="runbook-step" data-testid="runbook-step">
                            <div>
                                <h3>{heading.title}</h3>
                                <p class="text-muted">{heading.how}</p>
                            </div>
                            <a class="button small" href=address aria-label=spoken>{heading.label}</a>
                        </li>
                    }
                })
                .collect();
            view! {
                <section class="card settings">
                    <h2>{*name}</h2>
                    <ul>{rows}</ul>
                </section>
            }
        })
        .collect();
    view! {
        <p class="text-muted">
            "Every step of the runbooks, and where it is done. None of them needs a shell, an edited file or a restart."
        </p>
        {parts}
    }
    .into_any()
}
