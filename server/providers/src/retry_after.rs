//! When a provider wants to be asked again.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

/// The wait that the headers name: `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let milliseconds = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok());
    if let Some(milliseconds) = milliseconds {
        return positive(milliseconds / 1000.0);
    }
    let named = text("retry-after")?;
    if let Ok(seconds) = named.parse::<f64>() {
        return positive(seconds);
    }
    let date = jiff::fmt::rfc2822::parse(named).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

fn positive(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation() {
        let now: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
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
}
