//! A fault as it is put together in the debug pane.

use evenkeel_protocol::{Audience, FaultKind, FaultSpec, ReplayFault, Target};

use super::Preset;

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
    /// For `slow_first_token` and `latency`.
    pub ms: String,
    /// For `latency`, where it is given.
    pub jitter_ms: String,
    /// For `stream_cut`, `stream_stall` and `malformed_event`.
    pub after_tokens: String,
    /// For `in_band_error`.
    pub error: String,
    /// For `drip`.
    pub tokens_per_s: String,
    /// How long it lives.
    pub ttl_s: String,
    /// `me` or `everyone`.
    pub audience: String,
    /// From 0 to 1; always, where it is not given.
    pub probability: String,
    /// Only the first so many requests, where it is given.
    pub first_n: String,
    /// The seed of its dice, where it is given.
    pub seed: String,
    /// What it is for.
    pub note: String,
}

impl Default for FaultDraft {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            target: text("*"),
            kind: text("http_status"),
            status: text("503"),
            retry_after_s: String::new(),
            message: String::new(),
            ms: text("8000"),
            jitter_ms: String::new(),
            after_tokens: text("12"),
            error: text("overloaded_error"),
            tokens_per_s: text("2"),
            ttl_s: text("300"),
            audience: text("me"),
            probability: String::new(),
            first_n: String::new(),
            seed: String::new(),
            note: String::new(),
        }
    }
}

/// The kinds, by their names on the wire and in words.
pub const KINDS: [(&str, &str); 13] = [
    ("http_status", "Answers with a status"),
    ("connection_refused", "Refuses the connection"),
    ("connection_reset", "Resets the connection"),
    ("no_response", "Never answers"),
    ("slow_first_token", "Holds the first token back"),
    ("latency", "Answers later"),
    ("stream_cut", "Breaks off mid-answer"),
    ("stream_stall", "Stands still mid-answer"),
    ("malformed_event", "Sends garbage mid-answer"),
    ("in_band_error", "Says an error in its stream"),
    ("empty_answer", "Answers with nothing"),
    ("drip", "Lets the answer drip"),
    ("no_finish_reason", "Ends without a finish reason"),
];

impl FaultDraft {
    /// Fills in what a preset says. The target stays, unless the preset is about everything; whose answers are struck,
    /// and for how long, stays in any case.
    pub fn fill(&mut self, preset: &Preset) {
        let (ttl_s, audience, target) = (
            self.ttl_s.clone(),
            self.audience.clone(),
            self.target.clone(),
        );
        *self = Self {
            ttl_s,
            audience,
            target,
            note: preset.name.to_owned(),
            ..Self::default()
        };
        (preset.fill)(self);
    }

    /// The fault to ask for, or what is wrong with the form, in a sentence.
    pub fn spec(&self) -> Result<FaultSpec, String> {
        let ReplayFault {
            target,
            kind,
            probability,
            first_n,
            seed,
        } = self.strike()?;
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
            first_n,
            seed,
            ttl_s: within(&self.ttl_s, "The duration", 1..=3600, "seconds")?,
            note: text(&self.note),
        })
    }

    /// The fault for one run, or what is wrong with the form, in a sentence.
    pub fn strike(&self) -> Result<ReplayFault, String> {
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
        let kind = self.kind()?;
        let probability = optional(&self.probability, "The probability")?.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&probability) {
            return Err("The probability is between 0 and 1.".to_owned());
        }
        let first_n = optional(&self.first_n, "The number of requests")?;
        if first_n == Some(0) {
            return Err("The number of requests is 1 or more.".to_owned());
        }
        Ok(ReplayFault {
            target,
            kind,
            probability,
            first_n,
            seed: optional(&self.seed, "The seed")?,
        })
    }

    fn kind(&self) -> Result<FaultKind, String> {
        let pieces = || number(&self.after_tokens, "The number of pieces");
        let wait = || within(&self.ms, "The delay", 1..=3_600_000, "milliseconds");
        Ok(match self.kind.as_str() {
            "connection_refused" => FaultKind::ConnectionRefused,
            "connection_reset" => FaultKind::ConnectionReset,
            "no_response" => FaultKind::NoResponse,
            "slow_first_token" => FaultKind::SlowFirstToken { ms: wait()? },
            "latency" => FaultKind::Latency {
                ms: wait()?,
                jitter_ms: optional(&self.jitter_ms, "The jitter")?.unwrap_or_default(),
            },
            "stream_cut" => FaultKind::StreamCut {
                after_tokens: pieces()?,
            },
            "stream_stall" => FaultKind::StreamStall {
                after_tokens: pieces()?,
            },
            "malformed_event" => FaultKind::MalformedEvent {
                at_token: pieces()?,
            },
            "in_band_error" => FaultKind::InBandError {
                error: text(&self.error).ok_or("The error has to be named.")?,
            },
            "empty_answer" => FaultKind::EmptyAnswer,
            "drip" => {
                let tokens_per_s = number(&self.tokens_per_s, "The pace")?;
                if !(0.01..=1000.0).contains(&tokens_per_s) {
                    return Err("The pace is between 0.01 and 1000 pieces a second.".to_owned());
                }
                FaultKind::Drip { tokens_per_s }
            }
            "no_finish_reason" => FaultKind::NoFinishReason,
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

fn within(
    typed: &str,
    name: &str,
    range: std::ops::RangeInclusive<u64>,
    unit: &str,
) -> Result<u64, String> {
    let found = number(typed, name)?;
    if range.contains(&found) {
        return Ok(found);
    }
    let (least, most) = (range.start(), range.end());
    Err(format!("{name} is between {least} and {most} {unit}."))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(
            wrong(|draft| draft.first_n = "0".into()),
            "The number of requests is 1 or more."
        );
        assert_eq!(
            wrong(|draft| (draft.kind, draft.error) = ("in_band_error".into(), " ".into())),
            "The error has to be named."
        );
        assert_eq!(
            wrong(|draft| (draft.kind, draft.tokens_per_s) = ("drip".into(), "0".into())),
            "The pace is between 0.01 and 1000 pieces a second."
        );
        assert_eq!(
            wrong(|draft| (draft.kind, draft.ms) = ("latency".into(), "0".into())),
            "The delay is between 1 and 3600000 milliseconds."
        );
    }

    #[test]
    fn every_kind_can_be_put_together() {
        for (kind, _) in KINDS {
            let draft = FaultDraft {
                kind: kind.to_owned(),
                ..FaultDraft::default()
            };
            let spec = draft
                .spec()
                .unwrap_or_else(|wrong| panic!("{kind}: {wrong}"));
            let written = serde_json::to_string(&spec).unwrap();
            assert!(
                written.contains(&format!("\"kind\":\"{kind}\"")),
                "{written}"
            );
        }
    }
}
