//! The attempts of a turn on one scale, for the small chart of the timeline.

use evenkeel_protocol::Attempt;

/// The width of the chart, in its own units.
pub const WIDTH: u32 = 1000;

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
}

/// A bar for each attempt. One that has not ended reaches to the end of the scale.
pub fn bars(attempts: &[Attempt]) -> Vec<Bar> {
    let Some(first) = attempts
        .iter()
        .map(|attempt| attempt.started_at.as_millisecond())
        .min()
    else {
        return Vec::new();
    };
    let offset =
        |attempt: &Attempt| u64::try_from(attempt.started_at.as_millisecond() - first).unwrap_or(0);
    let end = |attempt: &Attempt| {
        let known = attempt.duration_ms.or(attempt.first_token_ms).unwrap_or(0);
        offset(attempt) + known + attempt.retry_in_ms.unwrap_or(0)
    };
    let whole = attempts.iter().map(end).max().unwrap_or(0).max(1);
    let scale = |ms: u64| {
        u32::try_from(ms * u64::from(WIDTH) / whole)
            .unwrap_or(WIDTH)
            .min(WIDTH)
    };
    attempts
        .iter()
        .map(|attempt| {
            let start = scale(offset(attempt));
            let ended = attempt
                .duration_ms
                .map_or(WIDTH, |ms| scale(offset(attempt) + ms));
            let spoke = attempt
                .first_token_ms
                .map_or(ended, |ms| scale(offset(attempt) + ms));
            let spoke = spoke.clamp(start, ended.max(start));
            let resumes = scale(end(attempt));
            Bar {
                start,
                waiting: spoke - start,
                answering: ended.saturating_sub(spoke),
                pause: if attempt.retry_in_ms.is_some() {
                    resumes.saturating_sub(ended)
                } else {
                    0
                },
            }
        })
        .collect()
}
