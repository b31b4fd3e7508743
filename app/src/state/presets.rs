//! Faults that are ready-made, named after real outages; what the runbooks have people test by hand is among them.

use super::FaultDraft;

/// A ready-made fault.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// What it rehearses, and what is to be seen.
    pub about: &'static str,
    /// Fills in what it is.
    pub(super) fill: fn(&mut FaultDraft),
}

const fn preset(name: &'static str, about: &'static str, fill: fn(&mut FaultDraft)) -> Preset {
    Preset { name, about, fill }
}

fn status(draft: &mut FaultDraft, status: &str, message: &str) {
    (draft.status, draft.message) = (status.into(), message.into());
}

/// The ready-made faults, in groups.
pub const PRESETS: [(&str, &[Preset]); 4] = [
    ("The provider refuses", &REFUSALS),
    ("The provider is down", &OUTAGES),
    ("The answer goes wrong", &BROKEN),
    ("The provider is slow", &SLOW),
];

/// One by its name.
pub fn preset_named(name: &str) -> Option<&'static Preset> {
    let all = PRESETS.iter().flat_map(|(_, presets)| presets.iter());
    all.into_iter().find(|preset| preset.name == name)
}

static REFUSALS: [Preset; 8] = [
    preset(
        "Rate limited",
        "429 with Retry-After: the next model answers at once, and this one rests for as long as it asked for.",
        |draft| {
            status(draft, "429", "Rate limit reached for requests");
            draft.retry_after_s = "30".into();
        },
    ),
    preset(
        "Quota used up",
        "429 because the quota is spent: every model of the provider rests, for waiting does not help.",
        |draft| {
            status(
                draft,
                "429",
                "You exceeded your current quota, please check your plan and billing details (insufficient_quota)",
            );
        },
    ),
    preset(
        "Out of credit",
        "402: the account has to be topped up; the provider is not asked again.",
        |draft| status(draft, "402", "Insufficient credits"),
    ),
    preset(
        "Key revoked",
        "401: the key is wrong or has expired; no other model of the provider is tried.",
        |draft| status(draft, "401", "Incorrect API key provided"),
    ),
    preset(
        "Key missing",
        "401 as from a provider whose key was taken out of the environment, to see the chain go on.",
        |draft| status(draft, "401", "You didn't provide an API key"),
    ),
    preset(
        "No access to the model",
        "403: the key is good and may not use this model; the organisation's default steps in.",
        |draft| {
            status(
                draft,
                "403",
                "Your API key doesn't have access to this model",
            )
        },
    ),
    preset(
        "Model deleted",
        "404: an invalid or withdrawn model name; the next model answers, and this one is skipped for ten minutes.",
        |draft| {
            status(
                draft,
                "404",
                "The model does not exist or you do not have access to it",
            );
        },
    ),
    preset(
        "Request refused",
        "422: some other refusal; nobody is asked twice, the next model is.",
        |draft| status(draft, "422", "Unprocessable request"),
    ),
];

static OUTAGES: [Preset; 8] = [
    preset(
        "Overloaded",
        "503: asked once more, then the next model steps in; after three such turns its circuit opens.",
        |draft| status(draft, "503", "The engine is currently overloaded"),
    ),
    preset(
        "Server error",
        "500: asked once more, then the next model steps in.",
        |draft| status(draft, "500", "Internal server error"),
    ),
    preset(
        "503 twice, then well",
        "The runbook's failing provider: the first two requests fail, the third is answered, so that retries are seen to help.",
        |draft| {
            status(draft, "503", "Service Unavailable");
            draft.first_n = "2".into();
        },
    ),
    preset(
        "Now and then",
        "One request in ten fails, as at the threshold of the error-rate alert; the seed gives the same run again.",
        |draft| {
            status(draft, "503", "Service Unavailable");
            draft.probability = "0.1".into();
        },
    ),
    preset(
        "Unreachable",
        "The connection is refused: no network, no DNS, nobody listening.",
        |draft| draft.kind = "connection_refused".into(),
    ),
    preset(
        "Connection reset",
        "The connection breaks before any header; asked once more at once.",
        |draft| draft.kind = "connection_reset".into(),
    ),
    preset(
        "Never answers",
        "The connection stands and nothing comes: the turn's timers decide.",
        |draft| draft.kind = "no_response".into(),
    ),
    preset(
        "Everything down",
        "Every model of every provider fails: the turn ends with the card that says why and what to do.",
        |draft| {
            status(draft, "503", "Service unavailable");
            draft.target = "*".into();
        },
    ),
];

static BROKEN: [Preset; 6] = [
    preset(
        "Cut mid-answer",
        "The response has already started when the connection breaks: another model goes on, with a seam in the text.",
        |draft| draft.kind = "stream_cut".into(),
    ),
    preset(
        "Stalls",
        "The stream stands still mid-answer; after the idle time another model goes on.",
        |draft| draft.kind = "stream_stall".into(),
    ),
    preset(
        "Garbage in the stream",
        "An event that does not parse may have carried text, so the answer counts as broken off.",
        |draft| draft.kind = "malformed_event".into(),
    ),
    preset(
        "Error in the stream",
        "200, and then an error object in the place of the answer.",
        |draft| draft.kind = "in_band_error".into(),
    ),
    preset(
        "Empty answer",
        "Everything is well, except that nothing was said: rejected, and the next model answers.",
        |draft| draft.kind = "empty_answer".into(),
    ),
    preset(
        "Ends without a word",
        "The connection ends cleanly and nothing says that the answer is whole: it is never shown as if it were.",
        |draft| draft.kind = "no_finish_reason".into(),
    ),
];

static SLOW: [Preset; 4] = [
    preset(
        "Slow first token",
        "The stream begins and the first token takes its time; beyond the limit the next model is asked.",
        |draft| draft.kind = "slow_first_token".into(),
    ),
    preset(
        "Overload of minutes",
        "A provider with too many users takes over a minute for its first token, as in the runbook of slow responses.",
        |draft| {
            draft.kind = "slow_first_token".into();
            draft.ms = "75000".into();
        },
    ),
    preset(
        "Slow network",
        "Every response comes a second and a half later, give or take.",
        |draft| {
            draft.kind = "latency".into();
            (draft.ms, draft.jitter_ms) = ("1500".into(), "500".into());
        },
    ),
    preset("Drips", "The answer comes, two pieces a second.", |draft| {
        draft.kind = "drip".into()
    }),
];

#[cfg(test)]
mod tests {
    use evenkeel_protocol::{Audience, Target};

    use super::*;

    #[test]
    fn every_preset_is_a_fault_and_leaves_whom_and_how_long_as_it_was() {
        for preset in PRESETS.iter().flat_map(|(_, presets)| presets.iter()) {
            let mut draft = FaultDraft {
                target: "model:a:b".to_owned(),
                ttl_s: "60".to_owned(),
                first_n: "7".to_owned(),
                ..FaultDraft::default()
            };
            draft.fill(preset);
            let spec = draft
                .spec()
                .unwrap_or_else(|error| panic!("{}: {error}", preset.name));
            let everything = spec.target == Target::EVERYTHING;
            assert_eq!(
                everything,
                preset.name == "Everything down",
                "{}",
                preset.name
            );
            assert_eq!((spec.audience, spec.ttl_s), (Audience::Me, 60));
            assert_ne!(spec.first_n, Some(7), "what another preset left is gone");
            assert_eq!(
                preset_named(preset.name).map(|found| found.about),
                Some(preset.about)
            );
        }
    }

    #[test]
    fn what_people_know_outages_by_is_there() {
        // The names of the interface's page, and of the runbooks' tests by hand.
        for name in [
            "Rate limited",
            "Model deleted",
            "Key revoked",
            "Overloaded",
            "Cut mid-answer",
            "Stalls",
            "Slow first token",
            "Garbage in the stream",
            "Everything down",
            "No access to the model",
            "503 twice, then well",
            "Key missing",
        ] {
            assert!(preset_named(name).is_some(), "{name}");
        }
    }
}
