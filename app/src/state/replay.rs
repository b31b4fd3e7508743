//! A replay as its lines come in.

use evenkeel_protocol::{Attempt, ModelId, ReplayLine, SeamMode, TurnError};

use super::read_json;

/// What is known of a replay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replay {
    /// The model that was asked for.
    pub requested_model: Option<ModelId>,
    /// The seed of the fault's dice.
    pub seed: Option<u64>,
    /// Its attempts so far, in order.
    pub attempts: Vec<Attempt>,
    /// The beginning of its answer.
    pub text: String,
    /// Where the model changed mid-answer.
    pub seams: Vec<(ModelId, ModelId, SeamMode)>,
    /// How it ended, once it has.
    pub end: Option<ReplayEnd>,
    /// The part of a line that has come.
    half: String,
}

/// How a replay ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplayEnd {
    /// With a whole answer.
    Answered {
        /// By this model.
        model: ModelId,
        /// Another model than the one asked for.
        fallback: bool,
        /// Its length, in Unicode scalars.
        characters: u64,
    },
    /// Without one.
    Failed(TurnError),
    /// The reader ended it.
    Stopped,
    /// The connection broke off.
    Lost,
}

impl Replay {
    /// More of its text, in whatever pieces.
    pub fn push(&mut self, text: &str) {
        self.half.push_str(text);
        while let Some(end) = self.half.find('\n') {
            let line: String = self.half.drain(..=end).collect();
            if let Some(line) = read_json(line.trim()) {
                self.apply(line);
            }
        }
    }

    /// Nothing more comes.
    pub fn close(&mut self, end: ReplayEnd) {
        self.end.get_or_insert(end);
    }

    fn apply(&mut self, line: ReplayLine) {
        match line {
            ReplayLine::Begun {
                requested_model,
                chain: _,
                seed,
            } => {
                self.requested_model = Some(requested_model);
                self.seed = Some(seed);
            }
            ReplayLine::Attempt { attempt } => {
                let index = attempt.index;
                match self.attempts.iter_mut().find(|known| known.index == index) {
                    Some(known) => *known = attempt,
                    None => self.attempts.push(attempt),
                }
            }
            ReplayLine::Delta { text } => self.text.push_str(&text),
            ReplayLine::Seam { from, to, mode } => {
                if mode == SeamMode::Restarted {
                    self.text.clear();
                }
                self.seams.push((from, to, mode));
            }
            ReplayLine::Done {
                model_name,
                provider: _,
                fallback,
                finish_reason: _,
                usage: _,
                cost: _,
                characters,
            } => {
                self.end = Some(ReplayEnd::Answered {
                    model: model_name,
                    fallback,
                    characters,
                });
            }
            ReplayLine::Error { error } => self.end = Some(ReplayEnd::Failed(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPT: &str = r#""index":0,"kind":"primary","model_name":"a","provider":"p","status_code":null,"reason":null,"detail":null,"retry_in_ms":null,"started_at":"2026-11-20T08:00:00Z","first_token_ms":null,"simulated":true"#;

    #[test]
    fn lines_are_applied_however_they_are_split() {
        let attempt = |state: &str, duration: &str| {
            format!(
                "{{\"type\":\"attempt\",\"attempt\":{{{ATTEMPT},\"state\":\"{state}\",\"duration_ms\":{duration}}}}}\n"
            )
        };
        let whole = [
            "{\"type\":\"begun\",\"requested_model\":\"a\",\"chain\":[\"a\",\"b\"],\"seed\":7}\n",
            &attempt("started", "null"),
            "{\"type\":\"delta\",\"text\":\"One é\"}\n",
            &attempt("failed", "5"),
            "{\"type\":\"seam\",\"from\":\"a\",\"to\":\"b\",\"mode\":\"restarted\"}\n",
            "{\"type\":\"delta\",\"text\":\"Two\"}\n{\"type\":\"something_new\"}\n",
            "{\"type\":\"done\",\"model_name\":\"b\",\"provider\":\"q\",\"fallback\":true,\"finish_reason\":\"stop\",\"usage\":null,\"cost\":null,\"characters\":3}\n",
        ]
        .concat();
        let chars: Vec<char> = whole.chars().collect();
        for size in [1, 7, 40, chars.len()] {
            let mut replay = Replay::default();
            for piece in chars.chunks(size) {
                replay.push(&piece.iter().collect::<String>());
            }
            assert_eq!((replay.seed, replay.text.as_str()), (Some(7), "Two"));
            assert_eq!(replay.attempts.len(), 1);
            assert_eq!(replay.attempts[0].duration_ms, Some(5));
            assert_eq!(replay.seams.len(), 1);
            let end = ReplayEnd::Answered {
                model: "b".into(),
                fallback: true,
                characters: 3,
            };
            replay.close(ReplayEnd::Lost);
            assert_eq!(replay.end, Some(end));
        }
    }

    #[test]
    fn what_breaks_off_says_so() {
        let mut replay = Replay::default();
        replay.push("{\"type\":\"delta\",\"te");
        replay.close(ReplayEnd::Lost);
        assert_eq!(replay.end, Some(ReplayEnd::Lost));
    }
}
