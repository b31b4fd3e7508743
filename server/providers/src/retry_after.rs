//! When a provider wants to be asked again.

use std::time::Duration;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

/// The wait that the headers name: `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let milliseconds = text(headers, "retry-after-ms").and_then(|text| text.parse::<f64>().ok());
    if let Some(milliseconds) = milliseconds {
        return positive(milliseconds / 1000.0);
    }
    let named = text(headers, "retry-after")?;
    if let Ok(seconds) = named.parse::<f64>() {
        return positive(seconds);
    }
    let date = jiff::fmt::rfc2822::parse(named).ok()?.timestamp();
    Some(until(date, now))
}

/// The limits that a response may report, as the names of what remains and of when it is full again.
const LIMITS: &[(&str, &str)] = &[
    (
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
    (
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ),
    (
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
    ),
    (
        "anthropic-ratelimit-output-tokens-remaining",
        "anthropic-ratelimit-output-tokens-reset",
    ),
    (
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    ),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
];

/// The wait until the last of the used-up limits is full again; for refusals that name no wait themselves.
pub(crate) fn exhausted_until(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let waits = LIMITS.iter().filter_map(|(remaining, reset)| {
        let left: f64 = text(headers, remaining)?.parse().ok()?;
        // -1 stands for "not limited"; something that is left is not what the provider refused for.
        let used_up = left == 0.0;
        used_up.then(|| moment(text(headers, reset)?, now))?
    });
    waits.max()
}

/// A reset: an RFC 3339 time, a duration (`6m0s`), seconds, or the time as seconds or milliseconds since 1970.
pub(crate) fn moment(reset: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(number) = reset.parse::<f64>() {
        return match number {
            n if n > 1e11 => Timestamp::from_millisecond(n as i64)
                .ok()
                .map(|at| until(at, now)),
            n if n > 1e9 => Timestamp::from_second(n as i64)
                .ok()
                .map(|at| until(at, now)),
            n => positive(n),
        };
    }
    let at = reset.parse::<Timestamp>().ok().map(|at| until(at, now));
    at.or_else(|| written_duration(reset))
}

/// A duration in words: `21s`, `1.5s`, `6m0s`, `120ms`.
pub(crate) fn written_duration(text: &str) -> Option<Duration> {
    let duration: SignedDuration = text.trim().parse().ok()?;
    Duration::try_from(duration).ok()
}

pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn positive(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-20T08:00:00Z";

    #[test]
    fn every_notation() {
        let now: Timestamp = NOW.parse().unwrap();
        for (name, value, expected) in [
            ("retry-after", "7", Some(7_000)),
            ("retry-after", "0.5", Some(500)),
            ("retry-after-ms", "1500", Some(1_500)),
            ("retry-after", "Fri, 20 Nov 2026 08:00:30 GMT", Some(30_000)),
            ("retry-after", "Fri, 20 Nov 2026 07:00:00 GMT", Some(0)),
            ("retry-after", "-1", None),
            ("retry-after", "soon", None),
            ("retry-after", "NaN", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            let found = retry_after(&headers, now);
            assert_eq!(found, expected.map(Duration::from_millis), "{value}");
        }
    }

    #[test]
    fn only_used_up_limits_are_waited_for() {
        let now: Timestamp = NOW.parse().unwrap();
        for (remaining, reset, expected) in [
            ("0", "6m0s", Some(360_000)),
            ("0", "1.5s", Some(1_500)),
            ("0", "120ms", Some(120)),
            ("0", "1h2m3.5s", Some(3_723_500)),
            ("0", "12", Some(12_000)),
            ("0", "1795161610", Some(10_000)),
            ("0", "1795161610500", Some(10_500)),
            ("0", "2026-11-20T08:00:05Z", Some(5_000)),
            ("0", "2026-11-20T07:59:00Z", Some(0)),
            ("0", "-1", None),
            ("-1", "6m0s", None),
            ("4", "6m0s", None),
            ("0", "whenever", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-ratelimit-remaining-tokens", remaining.parse().unwrap());
            headers.insert("x-ratelimit-reset-tokens", reset.parse().unwrap());
            let found = exhausted_until(&headers, now);
            assert_eq!(
                found,
                expected.map(Duration::from_millis),
                "{remaining} {reset}"
            );
        }
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-20T08:00:05Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            (
                "anthropic-ratelimit-input-tokens-reset",
                "2026-11-20T08:00:09Z",
            ),
            ("anthropic-ratelimit-output-tokens-remaining", "100"),
            (
                "anthropic-ratelimit-output-tokens-reset",
                "2026-11-20T09:00:00Z",
            ),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        assert_eq!(
            exhausted_until(&headers, now),
            Some(Duration::from_secs(9)),
            "the last of the used-up ones"
        );
    }
}
