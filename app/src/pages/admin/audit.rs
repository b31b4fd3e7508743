//! Who changed what, when; each change can be taken back for as long as it holds.

use evenkeel_protocol::{AuditEntry, AuditPage};
use leptos::prelude::*;

use super::confirm::Deed;
use super::effect::change;
use super::panel::Panel;
use crate::api::admin::{self as api, Refused};
use crate::components::LocalTime;

/// So many entries come at a time.
const PAGE: u32 = 50;

#[derive(Clone, Copy)]
struct Audit {
    panel: Panel,
    entries: RwSignal<Option<Vec<AuditEntry>>>,
    next: RwSignal<Option<String>>,
    refused: RwSignal<Option<Refused>>,
}

impl Audit {
    fn fetch(self, more: bool) {
        let before = self.next.get_untracked().filter(|_| more);
        leptos::task::spawn_local(async move {
            let told = api::audit(before.as_deref(), PAGE).await;
            // The reader may have left the page.
            if self.entries.try_get_untracked().is_none() {
                return;
            }
            match told {
                Ok(page) => self.take(page, more),
                Err(refused) => self.refused.set(Some(refused)),
            }
        });
    }

    fn take(self, page: AuditPage, more: bool) {
        self.refused.set(None);
        self.next.set(page.next);
        self.entries.update(|entries| match entries {
            Some(entries) if more => entries.extend(page.entries),
            Some(_) | None => *entries = Some(page.entries),
        });
    }
}

/// The audit log.
pub(super) fn audit(panel: Panel) -> AnyView {
    let audit = Audit {
        panel,
        entries: RwSignal::new(None),
        next: RwSignal::new(None),
        refused: RwSignal::new(None),
    };
    let revision = Memo::new(move |_| {
        panel
            .report
            .with(|report| report.as_ref().map(|report| report.revision))
    });
    Effect::new(move || {
        revision.get();
        audit.fetch(false);
    });
    let rows = move || {
        audit.entries.with(|entries| {
            let entries = entries.as_ref()?;
            let rows: Vec<_> = entries.iter().map(|entry| row(audit, entry)).collect();
            Some(if rows.is_empty() {
                view! { <p class="text-muted">"Nothing has been changed yet."</p> }.into_any()
            } else {
                view! { <ol class="log" aria-label="Changes">{rows}</ol> }.into_any()
            })
        })
    };
    let more = Memo::new(move |_| audit.next.with(Option::is_some));
    view! {
        {move || audit.refused.get().map(|refused| view! { <p class="problem" role="alert">{refused.sentence}</p> })}
        <div data-testid="audit">{rows}</div>
        {crate::components::shown_if(more, move || {
            view! {
                <button type="button" class="button" on:click=move |_| audit.fetch(true)>
                    "Older changes"
                </button>
            }
            .into_any()
        })}
    }
    .into_any()
}

fn row(audit: Audit, entry: &AuditEntry) -> AnyView {
    let said = change(entry);
    let button = entry.revertible.then(|| {
        let (id, what) = (entry.id.clone(), format!("{said}."));
        let name = format!("Take back: {said}");
        let ask = move |_| {
            let told = Callback::new(move |()| audit.fetch(false));
            let deed = Deed::Revert { id: id.clone(), what: what.clone(), told };
            audit.panel.deed.set(Some(deed));
        };
        view! {
            <button type="button" class="button small" data-testid="audit-revert" aria-label=name on:click=ask>
                "Take back"
            </button>
        }
    });
    view! {
        <li class="log-row audit-row" data-testid="audit-entry" data-action=entry.action.clone() data-key=entry.key.clone()>
            <LocalTime at=entry.at />
            <span class="audit-what">{said}</span>
            {button}
        </li>
    }
    .into_any()
}
