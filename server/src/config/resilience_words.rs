//! What the keys of `[resilience]` mean, in plain words, for those who change them live. The one list of them beside the
//! reader's own; a test holds the two together.

use evenkeel_engine::{OnContentFilter, Routing, Settings};
use evenkeel_protocol::SettingKind;

use super::Config;
use crate::live::describe::{Described, duration, duration_or_off, list, number, text};

/// The keys that a provider and a model may have of their own.
pub(crate) const RESILIENCE: &[Described<Settings>] = &[
    Described {
        key: "timeout",
        label: "Timeout",
        help: "How long the last model that is left may take to its first words; calls beside a turn get as long.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.timeout),
    },
    Described {
        key: "first_token_timeout",
        label: "First words within",
        help: "How long a model may be silent at first before the next one is asked; long prompts get more.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.first_token_timeout),
    },
    Described {
        key: "reasoning_first_token_timeout",
        label: "First words of a model that thinks within",
        help: "The same for models that think before they answer, and for those on your own machine, which may have to be loaded.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.reasoning_first_token_timeout),
    },
    Described {
        key: "idle_timeout",
        label: "Silence within an answer",
        help: "How long an answer may stand still before another model goes on with it.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.idle_timeout),
    },
    Described {
        key: "reasoning_idle_timeout",
        label: "Silence while it thinks",
        help: "How long a model may stand still while it is thinking.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.reasoning_idle_timeout),
    },
    Described {
        key: "connect_timeout",
        label: "Connection within",
        help: "How long a provider may take to accept a connection.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.connect_timeout),
    },
    Described {
        key: "deadline",
        label: "Answer begins within",
        help: "From the question to the first words, whoever gives them: then the turn is given up.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.deadline),
    },
    Described {
        key: "stream_deadline",
        label: "Answer ends within",
        help: "How long an answer that makes progress may go on altogether.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.stream_deadline),
    },
    Described {
        key: "max_retries",
        label: "Retries of the last model",
        help: "How often the last model that is left is asked again after a failure that may pass.",
        kind: SettingKind::Count,
        words: &[],
        value: |settings| number(settings.max_retries),
    },
    Described {
        key: "retries_before_fallback",
        label: "Retries before the next model",
        help: "How often a model is asked again while another one could be asked instead.",
        kind: SettingKind::Count,
        words: &[],
        value: |settings| number(settings.retries_before_fallback),
    },
    Described {
        key: "max_attempts",
        label: "Attempts of a turn",
        help: "How many requests one question may cost at most; no chain may be longer.",
        kind: SettingKind::Count,
        words: &[],
        value: |settings| number(settings.max_attempts),
    },
    Described {
        key: "retry_base_delay",
        label: "Wait before a retry",
        help: "How long the first retry waits at most; each further one up to twice as long.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.backoff.base()),
    },
    Described {
        key: "retry_max_delay",
        label: "Longest wait before a retry",
        help: "No retry waits longer than this.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.backoff.longest()),
    },
    Described {
        key: "max_retry_after",
        label: "Longest requested wait",
        help: "Where a provider asks for a longer wait than this, the next model is asked at once.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.max_retry_after),
    },
    Described {
        key: "hedge_after",
        label: "Ask a second model after",
        help: "A second model is asked beside one that has said nothing for this long, and the faster one answers; both are paid for.",
        kind: SettingKind::Duration,
        words: &["off"],
        value: |settings| duration_or_off(settings.hedge_after),
    },
    Described {
        key: "routing",
        label: "Order of the fallbacks",
        help: "Which model steps in first: in the chain's order, the one with the fastest first words, or the cheapest.",
        kind: SettingKind::Word,
        words: &["ordered", "fastest", "cheapest"],
        value: |settings| {
            text(match settings.routing {
                Routing::Ordered => "ordered",
                Routing::Fastest => "fastest",
                Routing::Cheapest => "cheapest",
            })
        },
    },
    Described {
        key: "on_content_filter",
        label: "When a provider refuses the content",
        help: "Whether the turn ends with the provider's reason, or the next model is asked.",
        kind: SettingKind::Word,
        words: &["end", "fallback"],
        value: |settings| {
            text(match settings.on_content_filter {
                OnContentFilter::End => "end",
                OnContentFilter::Fallback => "fallback",
            })
        },
    },
    Described {
        key: "circuit_threshold",
        label: "Failures that open a circuit",
        help: "After so many failures in a row a model is left alone for a while.",
        kind: SettingKind::Count,
        words: &[],
        value: |settings| number(settings.circuit.threshold),
    },
    Described {
        key: "circuit_cooldown",
        label: "Rest of an open circuit",
        help: "How long a model is left alone before one question tries it again; a rest that runs gets as long.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.circuit.cooldown),
    },
    Described {
        key: "circuit_max_cooldown",
        label: "Longest rest",
        help: "The rest doubles with each try that fails, up to this.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.circuit.max_cooldown),
    },
    Described {
        key: "circuit_failure_rate",
        label: "Share of failures that opens a circuit",
        help: "A circuit opens as well where this share of the last requests failed; 0 switches the rule off.",
        kind: SettingKind::Share,
        words: &[],
        value: |settings| number(settings.circuit.failure_rate.unwrap_or_default()),
    },
    Described {
        key: "circuit_min_outcomes",
        label: "Requests before the share counts",
        help: "With fewer requests than this the share of failures says nothing.",
        kind: SettingKind::Count,
        words: &[],
        value: |settings| number(settings.circuit.min_outcomes),
    },
    Described {
        key: "circuit_window",
        label: "Time over which the share is taken",
        help: "How far back requests count for the share of failures.",
        kind: SettingKind::Duration,
        words: &[],
        value: |settings| duration(settings.circuit.window),
    },
];

/// The keys that hold for all providers together.
pub(crate) const PROCESS: &[Described<Config>] = &[
    Described {
        key: "provider_order",
        label: "Order of the providers",
        help: "Whose default model answers first where nobody names one, and in which order the others step in.",
        kind: SettingKind::Providers,
        words: &[],
        value: |config| list(&config.provider_order),
    },
    Described {
        key: "default_fallbacks",
        label: "Everybody's fallbacks",
        help: "The models that step in for every model, after its own fallbacks.",
        kind: SettingKind::Models,
        words: &[],
        value: |config| list(&config.default_fallbacks),
    },
    Described {
        key: "retry_budget",
        label: "Retries per turn, over all turns",
        help: "Retries and second models stay below this share of all turns, however much fails.",
        kind: SettingKind::Share,
        words: &[],
        value: |config| number(config.retry_budget.share),
    },
    Described {
        key: "retry_budget_per_second",
        label: "Retries a second besides",
        help: "So many retries a second are allowed beside that share.",
        kind: SettingKind::Decimal,
        words: &[],
        value: |config| number(config.retry_budget.per_second),
    },
];

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::reader::Reader;
    use crate::config::resilience;

    #[test]
    fn every_key_that_is_read_is_described_and_no_other() {
        let problems = RefCell::new(vec![]);
        let mut section = Reader::new(Default::default(), "resilience", &problems);
        resilience::settings(&mut section, &Settings::default());
        let described: BTreeSet<_> = RESILIENCE.iter().map(|row| row.key).collect();
        assert_eq!(section.asked(), described);

        let mut section = Reader::new(Default::default(), "resilience", &problems);
        crate::config::process_wide(&mut section);
        let described: BTreeSet<_> = PROCESS.iter().map(|row| row.key).collect();
        assert_eq!(section.asked(), described);
    }

    #[test]
    fn what_is_shown_is_what_would_be_read() {
        use crate::config::Environment;
        let shown = |config: &Config| {
            let settings = RESILIENCE
                .iter()
                .map(|row| row.setting("resilience", &config.resilience, None, false));
            let process = PROCESS
                .iter()
                .map(|row| row.setting("resilience", config, None, false));
            settings.chain(process).collect::<Vec<_>>()
        };
        let (defaults, _) = Config::parse("", &Environment::new()).unwrap();
        let written: String = shown(&defaults)
            .iter()
            .map(|setting| {
                let key = setting.key.strip_prefix("resilience.").unwrap();
                format!(
                    "{key} = {}\n",
                    serde_json::to_string(&setting.value).unwrap()
                )
            })
            .collect();
        // Whole numbers are written as such in TOML.
        let written = written.replace(".0\n", "\n");
        let (read, _) =
            Config::parse(&format!("[resilience]\n{written}"), &Environment::new()).unwrap();
        assert_eq!(shown(&read), shown(&defaults), "{written}");
    }
}
