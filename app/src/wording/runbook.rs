//! The headings of the runbooks, and where each of them is done here.

use super::setting;
use crate::state::panel::{PanelRoute, PanelView};

/// A heading of a runbook.
#[derive(Clone, Copy, Debug)]
pub struct Heading {
    /// What it is called there.
    pub title: &'static str,
    /// How it is done here.
    pub how: &'static str,
    /// What the link to it is called.
    pub label: &'static str,
    /// The address of it.
    pub to: fn() -> PanelRoute,
}

fn overview() -> PanelRoute {
    PanelRoute::default()
}

fn assistants() -> PanelRoute {
    PanelRoute::default().with("part", "assistants")
}

fn attempts() -> PanelRoute {
    PanelRoute::to(PanelView::Log)
}

fn failed() -> PanelRoute {
    attempts().with("state", "failed")
}

fn rate_limited() -> PanelRoute {
    attempts().with("reason", "quota_exhausted")
}

fn refused_keys() -> PanelRoute {
    attempts().with("reason", "auth_error")
}

fn exhausted_chain() -> PanelRoute {
    setting("global", "resilience.default_fallbacks")
}

fn order() -> PanelRoute {
    setting("global", "resilience.provider_order")
}

fn timeout() -> PanelRoute {
    setting("global", "resilience.timeout")
}

fn base_delay() -> PanelRoute {
    setting("global", "resilience.retry_base_delay")
}

fn threshold() -> PanelRoute {
    setting("global", "resilience.circuit_threshold")
}

fn cooldown() -> PanelRoute {
    setting("global", "resilience.circuit_cooldown")
}

fn guards() -> PanelRoute {
    setting("global", "guards.pii")
}

fn statistics() -> PanelRoute {
    PanelRoute::to(PanelView::Statistics)
}

fn alerts() -> PanelRoute {
    PanelRoute::to(PanelView::Alerts)
}

fn audit() -> PanelRoute {
    PanelRoute::to(PanelView::Audit)
}

const fn heading(
    title: &'static str,
    how: &'static str,
    label: &'static str,
    to: fn() -> PanelRoute,
) -> Heading {
    Heading {
        title,
        how,
        label,
        to,
    }
}

/// By what they are for: what to look at, what to change, what to do in an emergency, what to do afterwards.
pub const RUNBOOKS: &[(&str, &[Heading])] = &[
    (
        "Find out",
        &[
            heading(
                "Verify the scope: one model or all?",
                "The sentence on top names who fails, with what and since when; below it stands every provider and model with its share of answers.",
                "Overview",
                overview,
            ),
            heading(
                "Check provider health",
                "Each provider shows its circuit, its success, its times and its errors by reason of the last 15 minutes and 24 hours.",
                "Overview",
                overview,
            ),
            heading(
                "Check a specific agent",
                "Each assistant says whether it can answer, and how its own model and the one that is tried beside it do. For machines /health/ and its id says the same.",
                "Assistants",
                assistants,
            ),
            heading(
                "Check that the models exist",
                "A model that its provider does not list says so, with the names that are nearest.",
                "Overview",
                overview,
            ),
            heading(
                "Test a model",
                "“Test now” beside each model sends one small real request; what it costs is said first.",
                "Overview",
                overview,
            ),
            heading(
                "Check the keys",
                "Each provider says where its key comes from; a key that is refused shows as 401 or 403.",
                "Attempts with refused keys",
                refused_keys,
            ),
            heading(
                "Look for error patterns",
                "Every attempt, filtered by time, person, model, reason and state.",
                "Failed attempts",
                failed,
            ),
            heading(
                "Look for rate limits",
                "The headroom beside each model, and the attempts that were refused for it.",
                "Rate limited attempts",
                rate_limited,
            ),
            heading(
                "Investigate repeated fallbacks",
                "How often others stepped in, for whom, and who fails again and again.",
                "Statistics",
                statistics,
            ),
            heading(
                "Is it extremely slow?",
                "First token and total times at p50, p95 and p99 for each model, and as curves.",
                "Overview",
                overview,
            ),
        ],
    ),
    (
        "Change something",
        &[
            heading(
                "401 or 403: replace the key",
                "Under the provider's settings. The new key is tested before it is taken into use, and never shown again.",
                "Settings",
                settings,
            ),
            heading(
                "429: wait longer between tries",
                "The base delay of the retries.",
                "Base delay",
                base_delay,
            ),
            heading(
                "404: use another model",
                "The chain of the model that is gone; the nearest names stand beside it.",
                "Chains",
                exhausted_chain,
            ),
            heading(
                "Timeouts: give a provider more time",
                "For everything, a provider, or one model. More than 120 s is more than people wait.",
                "Timeout",
                timeout,
            ),
            heading(
                "Adjust the circuit breakers",
                "After how many failures a circuit opens.",
                "Threshold",
                threshold,
            ),
            heading(
                "A circuit stays open",
                "It is probed when its cooldown is over. Shorten the cooldown, or reset the circuit beside the model.",
                "Cooldown",
                cooldown,
            ),
            heading(
                "Force another order of providers",
                "Drag them, or move them with the buttons.",
                "Order",
                order,
            ),
            heading(
                "Enable or disable security features",
                "Personal data that is withheld from providers, planted instructions that are told of or refused, answers that must cite their sources: for everybody, or for one assistant. Off means less protection.",
                "Guards",
                guards,
            ),
            heading(
                "Make sure that there is a fallback",
                "The chain of every model that has none of its own.",
                "Default chain",
                exhausted_chain,
            ),
            heading(
                "Make sure that fallbacks are in use",
                "“Fallbacks in use” of each assistant. It is on unless somebody has switched it off.",
                "Assistants",
                assistants,
            ),
            heading(
                "Disable fine-tuned models",
                "“Candidate in use” of each assistant: where it is off, its own model answers everybody.",
                "Assistants",
                assistants,
            ),
            heading(
                "Reduce the rollout to 0 %",
                "“0 %” below each assistant's candidate, or any other share of its conversations.",
                "Assistants",
                assistants,
            ),
            heading(
                "Disable a model or a provider",
                "“Disable” beside the provider; or hold a model's circuit open.",
                "Overview",
                overview,
            ),
        ],
    ),
    (
        "In an emergency",
        &[
            heading(
                "The primary provider is down",
                "Nothing has to be done while the others answer: the verdict says who saves how many answers. To be sure, change the order.",
                "Order",
                order,
            ),
            heading(
                "All providers fail",
                "The overview shows what each of them says. Test them one by one, replace the keys that are refused, and see their status pages.",
                "Overview",
                overview,
            ),
            heading(
                "Roll a change back",
                "Every change, by whom and when; each can be taken back.",
                "Audit",
                audit,
            ),
        ],
    ),
    (
        "Before and after",
        &[
            heading(
                "Recommended alerts",
                "They are there from the start; limits and durations can be changed.",
                "Alerts",
                alerts,
            ),
            heading(
                "Collect the log of an incident",
                "Filter by its time, and download it as CSV.",
                "Attempts",
                attempts,
            ),
            heading(
                "Failure rates, transitions, frequency of fallbacks",
                "Over hours, days or weeks.",
                "Statistics",
                statistics,
            ),
            heading(
                "What was changed meanwhile",
                "In the audit log.",
                "Audit",
                audit,
            ),
        ],
    ),
];

fn settings() -> PanelRoute {
    PanelRoute::to(PanelView::Settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_heading_leads_somewhere() {
        let headings = RUNBOOKS.iter().flat_map(|(_, headings)| *headings);
        assert!(headings.clone().count() >= 25);
        for heading in headings {
            let address = (heading.to)().address();
            let (_, query) = address.split_once('?').unwrap_or((&address, ""));
            assert_eq!(PanelRoute::of(query), (heading.to)(), "{}", heading.title);
        }
    }
}
