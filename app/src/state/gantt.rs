//! The attempts of a turn on one scale, for the chart of the timeline.

use evenkeel_protocol::{Attempt, AttemptState};

/// The width of the chart, in its own units.
pub const WIDTH: u32 = 1000;

/// All attempts of a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// One for each attempt.
    pub bars: Vec<Bar>,
    /// The marks of the axis: where, and how many milliseconds after the first attempt's start.
    pub marks: Vec<(u32, u64)>,
    /// What lies between two marks, in milliseconds.
    pub step: u64,
}

/// One attempt's bar; all in the chart's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Where the attempt begins.
    pub start: u32,
    /// How long it took, up to its first token or its end.
    pub waiting: u32,
    /// How long it answered.
    pub answering: u32,
    /// The pause before the same model is asked again.
    pub pause: u32,
    /// Where its first token came.
    pub first_token: Option<u32>,
    /// It was never asked: a place without a length.
    pub skipped: bool,
}

impl Chart {
    /// The chart of a turn. An attempt that has not ended reaches to the end of the scale.
    pub fn of(attempts: &[Attempt]) -> Self {
        Self::beside(attempts, 0)
    }

    /// The same on a scale that holds another turn of this length, too.
    pub fn beside(attempts: &[Attempt], other: u64) -> Self {
        let Some(first) = first(attempts) else {
            return Self::default();
        };
        let offset = |attempt: &Attempt| {
            u64::try_from(attempt.started_at.as_millisecond() - first).unwrap_or(0)
        };
        let end = |attempt: &Attempt| end(attempt, first);
        let whole = length(attempts).max(other).max(1);
        let scale = |ms: u64| {
            let place = u128::from(ms) * u128::from(WIDTH) / u128::from(whole);
            u32::try_from(place).unwrap_or(WIDTH).min(WIDTH)
        };
        let bar = |attempt: &Attempt| {
            let start = scale(offset(attempt));
            let skipped = attempt.state == AttemptState::Skipped;
            let ended = match attempt.duration_ms {
                Some(ms) => scale(offset(attempt) + ms),
                None if skipped => start,
                None => WIDTH,
            };
            let first_token = attempt
                .first_token_ms
                .map(|ms| scale(offset(attempt) + ms).clamp(start, ended.max(start)));
            let spoke = first_token.unwrap_or(ended);
            Bar {
                start,
                waiting: spoke - start,
                answering: ended.saturating_sub(spoke),
                pause: match attempt.retry_in_ms {
                    Some(_) => scale(end(attempt)).saturating_sub(ended),
                    None => 0,
                },
                first_token,
                skipped,
            }
        };
        let step = step(whole);
        let marks = (0..=whole / step).map(|index| (scale(index * step), index * step));
        Self {
            bars: attempts.iter().map(bar).collect(),
            marks: marks.collect(),
            step,
        }
    }
}

/// How long a turn took, in milliseconds, as far as that is known.
pub fn length(attempts: &[Attempt]) -> u64 {
    let Some(first) = first(attempts) else {
        return 0;
    };
    let ends = attempts.iter().map(|attempt| end(attempt, first));
    ends.max().unwrap_or(0)
}

fn first(attempts: &[Attempt]) -> Option<i64> {
    let starts = attempts.iter().map(|one| one.started_at.as_millisecond());
    starts.min()
}

fn end(attempt: &Attempt, first: i64) -> u64 {
    let offset = u64::try_from(attempt.started_at.as_millisecond() - first).unwrap_or(0);
    let known = attempt.duration_ms.or(attempt.first_token_ms).unwrap_or(0);
    offset + known + attempt.retry_in_ms.unwrap_or(0)
}

/// A round number of milliseconds that goes at most four times into the whole.
fn step(whole: u64) -> u64 {
    let mut power = 1;
    loop {
        for round in [1, 2, 5] {
            let step = round * power;
            if whole / step <= 4 {
                return step;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::{AttemptKind, Timestamp};

    use super::*;

    fn attempt(start: i64, state: AttemptState) -> Attempt {
        Attempt {
            index: 0,
            kind: AttemptKind::Primary,
            state,
            model_name: "m".into(),
            provider: "p".into(),
            status_code: None,
            reason: None,
            detail: None,
            retry_in_ms: None,
            retry_limit: None,
            started_at: Timestamp::from_millisecond(1_790_000_000_000 + start).unwrap(),
            first_token_ms: None,
            duration_ms: None,
            usage: None,
            cost: None,
            simulated: false,
        }
    }

    #[test]
    fn attempts_stand_on_one_axis() {
        let failed = Attempt {
            duration_ms: Some(300),
            retry_in_ms: Some(100),
            ..attempt(0, AttemptState::Failed)
        };
        let spared = attempt(400, AttemptState::Skipped);
        let answered = Attempt {
            first_token_ms: Some(200),
            duration_ms: Some(600),
            ..attempt(400, AttemptState::Answered)
        };
        let chart = Chart::of(&[failed, spared, answered]);
        let bar = |start, waiting, answering, pause| Bar {
            start,
            waiting,
            answering,
            pause,
            first_token: None,
            skipped: false,
        };
        assert_eq!(chart.bars[0], bar(0, 300, 0, 100));
        assert_eq!((chart.bars[1].start, chart.bars[1].waiting), (400, 0));
        assert!(chart.bars[1].skipped);
        let spoke = Bar {
            first_token: Some(600),
            ..bar(400, 200, 400, 0)
        };
        assert_eq!(chart.bars[2], spoke);
        let marks = [(0, 0), (500, 500), (1000, 1000)];
        assert_eq!((chart.step, &chart.marks[..]), (500, &marks[..]));
    }

    #[test]
    fn two_turns_stand_on_one_axis() {
        let short = [Attempt {
            duration_ms: Some(500),
            ..attempt(0, AttemptState::Answered)
        }];
        let long = [Attempt {
            duration_ms: Some(1000),
            ..attempt(9_000, AttemptState::Answered)
        }];
        let (one, other) = (length(&short), length(&long));
        assert_eq!((one, other), (500, 1000));
        let (left, right) = (Chart::beside(&short, other), Chart::beside(&long, one));
        assert_eq!((left.bars[0].waiting, right.bars[0].waiting), (500, 1000));
        assert_eq!(left.marks, right.marks);
    }

    #[test]
    fn what_runs_reaches_to_the_end() {
        let running = attempt(500, AttemptState::Started);
        let failed = Attempt {
            duration_ms: Some(500),
            ..attempt(0, AttemptState::Failed)
        };
        let bars = Chart::of(&[failed, running]).bars;
        assert_eq!((bars[0].waiting, bars[1].start), (1000, 1000));
        assert_eq!(Chart::of(&[]), Chart::default());
    }

    #[test]
    fn the_axis_has_few_marks_whatever_its_length() {
        for whole in (1..5_000).chain([45_000, 300_000, 10_000_000, u64::MAX]) {
            let step = step(whole);
            assert!(
                whole / step <= 4 && (whole < 2 || whole / step >= 1),
                "{whole} {step}"
            );
        }
    }
}
