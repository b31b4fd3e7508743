//! The attempt log: every request to a provider, filtered and paged.

use evenkeel_protocol::{AttemptPage, AttemptState, LoggedAttempt};
use leptos::prelude::*;

use super::log_filter::filter;
use super::panel::Panel;
use crate::api::admin::{self as api, Refused};
use crate::components::{LocalTime, Simulated};
use crate::state::panel::PanelRoute;
use crate::wording;

/// So many attempts come at a time.
const PAGE: u32 = 50;

#[derive(Clone, Copy)]
struct Log {
    shown: RwSignal<Vec<LoggedAttempt>>,
    next: RwSignal<Option<u64>>,
    refused: RwSignal<Option<Refused>>,
    busy: RwSignal<bool>,
    /// Which question the last answer was to.
    asked: StoredValue<String>,
}

impl Log {
    /// Fetches the first page, or the one after what is shown.
    fn fetch(self, query: String, more: bool) {
        let before = self.next.get_untracked().filter(|_| more);
        let before = before.map_or_else(String::new, |id| format!("&before={id}"));
        self.asked.set_value(query.clone());
        self.busy.set(true);
        leptos::task::spawn_local(async move {
            let told = api::attempts(&format!("limit={PAGE}&{query}{before}")).await;
            // The reader may have left the page, or asked for something else.
            if self.asked.try_get_value() != Some(query) {
                return;
            }
            self.busy.set(false);
            match told {
                Ok(page) => self.take(page, more),
                Err(refused) => self.refused.set(Some(refused)),
            }
        });
    }

    fn take(self, page: AttemptPage, more: bool) {
        self.refused.set(None);
        self.next.set(page.next);
        if more {
            self.shown.update(|shown| shown.extend(page.attempts));
        } else {
            self.shown.set(page.attempts);
        }
    }
}

/// What the server is asked, of what the address asks.
pub(super) fn server_query(route: &PanelRoute) -> String {
    let mut asked = route.clone();
    for name in ["from", "to"] {
        let time = route.get(name).and_then(|ms| ms.parse().ok());
        let time = time.and_then(|ms| evenkeel_protocol::Timestamp::from_millisecond(ms).ok());
        let time = time.map(|time| time.to_string()).unwrap_or_default();
        asked = asked.with(name, &time);
    }
    asked.query()
}

/// The log.
pub(super) fn log(panel: Panel) -> AnyView {
    let log = Log {
        shown: RwSignal::default(),
        next: RwSignal::new(None),
        refused: RwSignal::new(None),
        busy: RwSignal::new(false),
        asked: StoredValue::default(),
    };
    let query = Memo::new(move |_| panel.route.with(server_query));
    Effect::new(move || log.fetch(query.get(), false));
    let none = Memo::new(move |_| log.shown.with(Vec::is_empty));
    let rows = move || {
        log.shown
            .with(|shown| shown.iter().map(row).collect::<Vec<_>>())
    };
    let said = move || match (none.get(), log.busy.get()) {
        (_, true) => "Looking …".to_owned(),
        (true, false) => "No attempt is like that.".to_owned(),
        (false, false) => {
            let count = log.shown.with(Vec::len).try_into().unwrap_or(0);
            let more = if log.next.with(Option::is_some) {
                ", and there are more"
            } else {
                ""
            };
            format!(
                "{}{more}, newest first.",
                wording::counted(count, "attempt")
            )
        }
    };
    let more = Memo::new(move |_| log.next.with(Option::is_some));
    let csv = move || format!("/api/admin/attempts?{}&format=csv", query.get()).replace("?&", "?");
    let again = move |_| log.fetch(query.get_untracked(), false);
    view! {
        {filter(panel)}
        <div class="flex flex-wrap items-center gap-3 text-sm">
            <p class="log-said" role="status">{said}</p>
            <button type="button" class="button small" on:click=again>"Refresh"</button>
            <a class="button small" data-testid="csv" href=csv download="attempts.csv">"Download all as CSV"</a>
        </div>
        {move || log.refused.get().map(|refused| view! { <p class="problem" role="alert">{refused.sentence}</p> })}
        <ol class="log" aria-label="Attempts" hidden=move || none.get()>{rows}</ol>
        {crate::components::shown_if(more, move || {
            view! {
                <button
                    type="button"
                    class="button"
                    data-testid="log-more"
                    aria-disabled=move || log.busy.get().to_string()
                    on:click=move |_| log.fetch(query.get_untracked(), true)
                >
                    "Older attempts"
                </button>
            }
            .into_any()
        })}
    }
    .into_any()
}

fn row(logged: &LoggedAttempt) -> AnyView {
    let attempt = &logged.attempt;
    let moment = PanelRoute::default()
        .with("model", attempt.model_name.as_str())
        .with("at", &attempt.started_at.as_millisecond().to_string());
    let request =
        PanelRoute::to(crate::state::panel::PanelView::Log).with("request_id", &logged.request_id);
    let mut facts = vec![
        wording::kind(attempt.kind).to_owned(),
        attempt.provider.to_string(),
    ];
    let assistant = logged.assistant.as_ref();
    facts.extend(assistant.map(|assistant| format!("assistant {assistant}")));
    facts.extend(attempt.status_code.map(|status| format!("HTTP {status}")));
    facts.extend(
        attempt
            .first_token_ms
            .map(|ms| format!("first token {}", wording::short_time(ms))),
    );
    facts.extend(attempt.usage.map(wording::tokens));
    facts.extend(attempt.cost.map(wording::cost));
    let conversation = logged.conversation_id.as_ref().map(|conversation| {
        let place = logged
            .message_id
            .as_ref()
            .map_or_else(String::new, |id| format!("#message-{id}"));
        let address = format!("/c/{conversation}{place}");
        view! { <a href=address data-testid="log-conversation">"Conversation"</a> }
    });
    let detail = attempt.detail.clone().filter(|detail| !detail.is_empty());
    let failed = attempt.state == AttemptState::Failed;
    view! {
        <li
            class="log-row"
            data-testid="log-row"
            data-model=attempt.model_name.to_string()
            data-state=attempt.state.as_str()
            data-reason=attempt.reason.map(evenkeel_protocol::Reason::as_str).unwrap_or_default()
            data-failed=failed.then_some("")
        >
            <div class="log-main">
                <LocalTime at=attempt.started_at />
                <strong>{attempt.model_name.to_string()}</strong>
                <span class="log-outcome">{wording::outcome(attempt)}</span>
                {attempt.simulated.then(|| view! { <Simulated /> })}
                <span class="log-facts">{facts.join(" · ")}</span>
            </div>
            {detail.map(|detail| view! { <p class="attempt-detail">{detail}</p> })}
            <p class="log-links">
                <span>{logged.user.clone()}</span>
                <a href=request.address() aria-label=format!("Request {}", logged.request_id)>
                    <code>{logged.request_id.clone()}</code>
                </a>
                <a href=moment.address() data-testid="log-moment">"The panel at that minute"</a>
                {conversation}
            </p>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_asked_for_as_the_server_reads_them() {
        let route = PanelRoute::of("view=log&model=a b&from=1790000000000&to=x");
        assert_eq!(
            server_query(&route),
            "model=a%20b&from=2026-09-21T14%3A13%3A20Z"
        );
        assert_eq!(server_query(&PanelRoute::of("view=log")), "");
    }
}
