//! What is to be done about a finding: the runbooks, beside what they are about.

use evenkeel_protocol::{CircuitState, Finding, ModelId, ProviderId, Reason};

use super::subject;
use crate::state::panel::{PanelRoute, PanelView};

/// How something can be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Go {
    /// At this address of the panel.
    To(PanelRoute),
    /// By a small request to the model.
    Test(ModelId),
    /// By letting the circuit decide for itself again.
    Reset(ProviderId, Option<ModelId>),
    /// By taking the provider out of use.
    Disable(ProviderId),
    /// By letting no conversation of an assistant try the model any more.
    Withdraw(Tried),
}

/// An assistant that tries a model in some of its conversations.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The assistant's id.
    pub assistant: String,
    /// Its name.
    pub name: String,
    /// The model.
    pub model: ModelId,
    /// How many of 100 conversations try it.
    pub percent: f64,
}

/// A step: why, and the control that does it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it is good for, in a sentence.
    pub text: String,
    /// What the control is called.
    pub label: String,
    /// How it is done.
    pub go: Go,
}

/// What is to be done about a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// What is wrong, in a few words.
    pub title: String,
    /// What it means.
    pub meaning: &'static str,
    /// What helps, the likeliest first.
    pub steps: Vec<Step>,
}

/// A setting in the panel.
pub fn setting(scope: &str, key: &str) -> PanelRoute {
    PanelRoute::to(PanelView::Settings)
        .with("scope", scope)
        .with("key", key)
}

/// The advice for a finding; where it is a whole provider's, `model` is one of those concerned. `near` are the listed
/// names that are nearest to that model's, `tried` the assistants that try what is found to fail.
pub fn advice(
    finding: &Finding,
    model: Option<&ModelId>,
    near: &[String],
    tried: &[Tried],
) -> Advice {
    let who = subject(finding);
    let circuit = &finding.circuit;
    let about = About {
        finding,
        model: finding.model.as_ref().or(model),
        near,
    };
    let (what, meaning, mut steps) = if circuit.forced && circuit.state == CircuitState::Open {
        let meaning = "Nothing is asked of it until it is reset, however well it is.";
        ("is held open", meaning, Vec::new())
    } else {
        about.by_reason()
    };
    // What people meet ends at once, so it stands first.
    steps.splice(0..0, tried.iter().map(withdraw));
    if circuit.state == CircuitState::Open {
        steps.extend(about.about_the_circuit());
    }
    steps.push(about.attempts());
    Advice {
        title: format!("{who} {what}"),
        meaning,
        steps,
    }
}

fn withdraw(tried: &Tried) -> Step {
    let Tried { name, model, .. } = tried;
    let share = super::share(tried.percent);
    Step {
        text: format!(
            "{share} of the conversations of {name} try {model}. At 0 % its own model answers all of them."
        ),
        label: format!("Reduce {name} to 0 %"),
        go: Go::Withdraw(tried.clone()),
    }
}

struct About<'a> {
    finding: &'a Finding,
    model: Option<&'a ModelId>,
    near: &'a [String],
}

type Told = (&'static str, &'static str, Vec<Step>);

impl About<'_> {
    fn by_reason(&self) -> Told {
        let status = self.finding.status_code;
        match self.finding.circuit.reason.unwrap_or(Reason::Unknown) {
            Reason::AuthError => (
                "is refused its key",
                "The key is wrong, has expired, or may not use this model. Trying again does not help.",
                vec![
                    self.key("Give it another key; it is tested before it is used."),
                    self.order("Until then, ask another provider first."),
                ],
            ),
            Reason::QuotaExhausted if status == Some(402) => (
                "is out of credit",
                "The account behind the key has nothing left to spend.",
                vec![
                    self.key("Use the key of another account, or top this one up at the provider."),
                    self.order("Until then, ask another provider first."),
                ],
            ),
            Reason::QuotaExhausted => (
                "is rate limited",
                "It takes fewer requests than it is sent; the headroom beside it says how many are left.",
                vec![
                    self.set(
                        "retry_base_delay",
                        "Raise the base delay",
                        "Wait longer before it is asked again.",
                    ),
                    self.order("Ask another provider first, so that fewer requests come here."),
                    self.disable(),
                ],
            ),
            Reason::Timeout | Reason::DeadlineExceeded => (
                "is too slow",
                "Nothing came in time. More than 120 s is more than people wait.",
                vec![
                    self.set(
                        "timeout",
                        "Raise the timeout",
                        "If it is slow but reliable, give it more time.",
                    ),
                    self.set(
                        "first_token_timeout",
                        "Change the time to the first token",
                        "Or wait longer, or less long, for its first word.",
                    ),
                    self.order("Or ask a faster provider first."),
                ],
            ),
            Reason::ModelNotFound => (
                "is not known to its provider",
                self.unknown(),
                self.other_model(),
            ),
            Reason::ConnectionFailed => (
                "cannot be reached",
                "No connection could be made: the network, the name, or the provider's door.",
                vec![
                    self.test("See whether it can be reached now."),
                    self.order("Until then, ask another provider first."),
                    self.disable(),
                ],
            ),
            Reason::ProviderUnavailable if matches!(status, Some(503 | 529)) => (
                "is overloaded",
                "It usually passes. Its requests are tried again and then answered by the others.",
                vec![
                    self.test("See whether it answers now."),
                    self.order("If it lasts, ask another provider first."),
                    self.disable(),
                ],
            ),
            Reason::ProviderError => (
                "refuses the requests",
                "The provider finds something wrong with what it is sent; the attempts say what.",
                vec![
                    self.test("See whether it refuses a plain request, too."),
                    self.order("Until then, ask another provider first."),
                ],
            ),
            Reason::ProviderUnavailable
            | Reason::StreamInterrupted
            | Reason::ResponseRejected
            | Reason::Unknown
            | Reason::ContextLengthExceeded
            | Reason::ContentFiltered
            | Reason::CircuitOpen
            | Reason::NotCapable => (
                "keeps failing",
                "Something is wrong at the provider. Its requests are answered by the others meanwhile.",
                vec![
                    self.test("See whether it answers now."),
                    self.order("If it lasts, ask another provider first."),
                    self.disable(),
                ],
            ),
        }
    }

    fn unknown(&self) -> &'static str {
        if self.near.is_empty() {
            "The model is misspelt, or the provider has withdrawn it."
        } else {
            "The model is misspelt, or the provider has withdrawn it. Its list has names that are near."
        }
    }

    fn other_model(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(model) = self.model {
            let text = match self.near {
                [] => "Put other models into its chain, so that its questions are answered."
                    .to_owned(),
                near => format!(
                    "The provider lists {}. Put a model that it has into the chain.",
                    near.join(", ")
                ),
            };
            steps.push(Step {
                text,
                label: "Change its chain".to_owned(),
                go: Go::To(setting(&format!("models/{model}"), "fallbacks")),
            });
        }
        steps.push(self.test("See whether it is known by now."));
        steps
    }

    /// Settings of the provider, which hold for all its models.
    fn scope(&self) -> String {
        format!("providers/{}", self.finding.provider)
    }

    fn set(&self, key: &str, label: &str, text: &str) -> Step {
        Step {
            text: text.to_owned(),
            label: label.to_owned(),
            go: Go::To(setting(&self.scope(), &format!("resilience.{key}"))),
        }
    }

    fn key(&self, text: &str) -> Step {
        Step {
            text: text.to_owned(),
            label: "Replace the key".to_owned(),
            go: Go::To(setting(&self.scope(), "key")),
        }
    }

    fn order(&self, text: &str) -> Step {
        Step {
            text: text.to_owned(),
            label: "Change the order".to_owned(),
            go: Go::To(setting("global", "resilience.provider_order")),
        }
    }

    fn disable(&self) -> Step {
        let provider = &self.finding.provider;
        Step {
            text: "Or leave it out altogether until it is well.".to_owned(),
            label: format!("Disable {provider}"),
            go: Go::Disable(provider.clone()),
        }
    }

    fn test(&self, text: &str) -> Step {
        match self.model {
            Some(model) => Step {
                text: text.to_owned(),
                label: format!("Test {model}"),
                go: Go::Test(model.clone()),
            },
            None => Step {
                text: text.to_owned(),
                label: "Test its models".to_owned(),
                go: Go::To(PanelRoute::default().with("provider", self.finding.provider.as_str())),
            },
        }
    }

    fn about_the_circuit(&self) -> Vec<Step> {
        let reset = Step {
            text: "If you know that it is well, let it be asked again at once.".to_owned(),
            label: "Reset its circuit".to_owned(),
            go: Go::Reset(self.finding.provider.clone(), self.finding.model.clone()),
        };
        if self.finding.circuit.forced {
            return vec![reset];
        }
        vec![
            self.set(
                "circuit_cooldown",
                "Change the cooldown",
                "It is probed by itself when its cooldown is over: waiting is the best. A shorter cooldown probes sooner.",
            ),
            self.set(
                "circuit_threshold",
                "Change the threshold",
                "A higher threshold forgives more failures, a lower one gives up on it faster.",
            ),
            reset,
        ]
    }

    fn attempts(&self) -> Step {
        let mut log = PanelRoute::to(PanelView::Log).with("state", "failed");
        log = match &self.finding.model {
            Some(model) => log.with("model", model.as_str()),
            None => log.with("provider", self.finding.provider.as_str()),
        };
        if let Some(since) = self.finding.circuit.since {
            // What opened it came before it was open.
            let from = since.as_millisecond() - 15 * 60_000;
            log = log.with("from", &from.to_string());
        }
        if self.finding.circuit.simulated {
            log = log.with("simulated", "true");
        }
        Step {
            text: "Every request that it touched, with what the provider said.".to_owned(),
            label: "See the attempts".to_owned(),
            go: Go::To(log),
        }
    }
}

#[cfg(test)]
mod tests;
