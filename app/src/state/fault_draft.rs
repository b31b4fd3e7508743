//! A fault as it is put together in the debug pane, and the ready-made ones.

use evenkeel_protocol::{Audience, FaultKind, FaultSpec, Target};

/// What the form holds: text, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultDraft {
    /// `*`, `provider:ID` or `model:ID`.
    pub target: String,
    /// The kind, by its name on the wire.
    pub kind: String,
    /// For `http_status`.
    pub status: String,
    /// For `http_status`, where it is given.
    pub retry_after_s: String,
    /// For `http_status`, where it is given.
    pub message: String,
    /// For `stream_cut`.
    pub after_tokens: String,
    /// How long it lives.
    pub ttl_s: String,
    /// `me` or `everyone`.
    pub audience: String,
    /// From 0 to 1; always, where it is not given.
    pub probability: String,
    /// Only the first so many requests, where it is given.
    pub first_n: String,
    /// What it is for.
    pub note: String,
}

impl Default for FaultDraft {
    fn default() -> Self {
        Self {
            target: "*".to_owned(),
            kind: "http_status".to_owned(),
            status: "503".to_owned(),
            retry_after_s: String::new(),
            message: String::new(),
            after_tokens: "12".to_owned(),
            ttl_s: "300".to_owned(),
            audience: "me".to_owned(),
            probability: String::new(),
            first_n: String::new(),
            note: String::new(),
        }
    }
}

/// A ready-made fault, named after a real outage.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    kind: &'static str,
    status: u16,
    retry_after_s: Option<u16>,
    message: &'static str,
    everything: bool,
}

const fn status(name: &'static str, status: u16, message: &'static str) -> Preset {
    Preset {
        name,
        kind: "http_status",
        status,
        retry_after_s: None,
        message,
        everything: false,
    }
}

/// The ready-made faults.
pub const PRESETS: [Preset; 9] = [
    Preset {
        retry_after_s: Some(30),
        ..status("Rate limited", 429, "Rate limit reached for requests")
    },
    status("Overloaded", 503, "The engine is currently overloaded"),
    status("Server error", 500, "Internal server error"),
    status(
        "Model deleted",
        404,
        "The model does not exist or you do not have access to it",
    ),
    status("Key revoked", 401, "Incorrect API key provided"),
    Preset {
        kind: "connection_refused",
        ..status("Unreachable", 503, "")
    },
    Preset {
        kind: "no_response",
        ..status("Never answers", 503, "")
    },
    Preset {
        kind: "stream_cut",
        ..status("Cut mid-answer", 503, "")
    },
    Preset {
        everything: true,
        ..status("Everything down", 503, "Service unavailable")
    },
];

impl FaultDraft {
    /// Fills in what a preset says; the target stays, unless it is everything by name.
    pub fn fill(&mut self, preset: &Preset) {
        self.kind = preset.kind.to_owned();
        self.status = preset.status.to_string();
        self.retry_after_s = preset
            .retry_after_s
            .map(|s| s.to_string())
            .unwrap_or_default();
        self.message = preset.message.to_owned();
        self.note = preset.name.to_owned();
        if preset.everything {
            self.target = "*".to_owned();
        }
    }

    /// The fault to ask for, or what is wrong with the form, in a sentence.
    pub fn spec(&self) -> Result<FaultSpec, String> {
        let target = match self.target.split_once(':') {
            Some(("provider", id)) => Target::Some {
                provider: Some(id.into()),
                model: None,
            },
            Some(("model", id)) => Target::Some {
                provider: None,
                model: Some(id.into()),
            },
            Some(_) | None => Target::EVERYTHING,
        };
        let kind = match self.kind.as_str() {
            "connection_refused" => FaultKind::ConnectionRefused,
            "no_response" => FaultKind::NoResponse,
            "stream_cut" => FaultKind::StreamCut {
                after_tokens: number(&self.after_tokens, "The number of pieces")?,
            },
            _ => {
                let status: u16 = number(&self.status, "The status")?;
                if !(400..=599).contains(&status) {
                    return Err("The status is between 400 and 599.".to_owned());
                }
                FaultKind::HttpStatus {
                    status,
                    retry_after_s: optional(&self.retry_after_s, "Retry-After")?,
                    message: text(&self.message),
                }
            }
        };
        let ttl_s = number(&self.ttl_s, "The duration")?;
        if !(1..=3600).contains(&ttl_s) {
            return Err("The duration is between 1 and 3600 seconds.".to_owned());
        }
        let probability = optional(&self.probability, "The probability")?.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&probability) {
            return Err("The probability is between 0 and 1.".to_owned());
        }
        let everyone = self.audience == "everyone";
        Ok(FaultSpec {
            target,
            audience: if everyone {
                Audience::Everyone
            } else {
                Audience::Me
            },
            kind,
            probability,
            first_n: optional(&self.first_n, "The number of requests")?,
            seed: None,
            ttl_s,
            note: text(&self.note),
        })
    }
}

fn text(typed: &str) -> Option<String> {
    let typed = typed.trim();
    (!typed.is_empty()).then(|| typed.to_owned())
}

fn number<T: std::str::FromStr>(typed: &str, name: &str) -> Result<T, String> {
    typed
        .trim()
        .parse()
        .map_err(|_| format!("{name} has to be a number."))
}

fn optional<T: std::str::FromStr>(typed: &str, name: &str) -> Result<Option<T>, String> {
    text(typed).map(|typed| number(&typed, name)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_a_fault() {
        for preset in &PRESETS {
            let mut draft = FaultDraft {
                target: "model:a:b".to_owned(),
                ..FaultDraft::default()
            };
            draft.fill(preset);
            let spec = draft
                .spec()
                .unwrap_or_else(|error| panic!("{}: {error}", preset.name));
            let everything = spec.target == Target::EVERYTHING;
            assert_eq!(everything, preset.everything, "{}", preset.name);
            assert_eq!(
                (spec.audience, spec.probability, spec.ttl_s),
                (Audience::Me, 1.0, 300)
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |change: fn(&mut FaultDraft)| {
            let mut draft = FaultDraft::default();
            change(&mut draft);
            draft.spec().err().unwrap_or_default()
        };
        assert_eq!(
            wrong(|draft| draft.status = "200".into()),
            "The status is between 400 and 599."
        );
        assert_eq!(
            wrong(|draft| draft.ttl_s = "0".into()),
            "The duration is between 1 and 3600 seconds."
        );
        assert_eq!(
            wrong(|draft| draft.probability = "2".into()),
            "The probability is between 0 and 1."
        );
        assert_eq!(
            wrong(|draft| draft.first_n = "x".into()),
            "The number of requests has to be a number."
        );
    }
}
