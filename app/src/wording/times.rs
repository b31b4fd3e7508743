//! Spans of time, as people say them.

/// Milliseconds as seconds: "under 0.1 s", "0.8 s", "14 s".
pub fn seconds(ms: u64) -> String {
    if ms < 100 {
        "under 0.1 s".to_owned()
    } else if ms < 9_950 {
        tenths((ms + 50) / 100 * 100)
    } else {
        format!("{} s", (ms + 500) / 1000)
    }
}

/// A short time that runs out, as it is counted down: never gone before it is, "0.1 s" at the end.
pub fn tenths(ms: u64) -> String {
    let tenths = ms.div_ceil(100);
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// A time that is left, as people count it: "12 s", "3 min 05 s", "1 h 02 min".
pub fn countdown(ms: i64) -> String {
    let s = u64::try_from(ms).unwrap_or(0).div_ceil(1000);
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}
