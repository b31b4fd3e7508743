//! Spans of time, as people say them.

/// Milliseconds as seconds, where they are not very few: "31 ms", "0.8 s", "14 s".
pub fn seconds(ms: u64) -> String {
    if ms < 100 {
        format!("{ms} ms")
    } else if ms < 9_950 {
        let tenths = (ms + 50) / 100;
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else {
        format!("{} s", (ms + 500) / 1000)
    }
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
