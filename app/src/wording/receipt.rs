//! The figures of the resilience receipt.

use super::{countdown, seconds};

/// A time that was lost: "0.8 s", "3 min 05 s".
pub fn lost_time(lost: f64) -> String {
    if !lost.is_finite() || lost <= 0.0 {
        return "none".to_owned();
    }
    // Rounded on purpose; a time that long would be wrong anyway.
    let ms = (lost * 1000.0).round() as u64;
    if ms < 60_000 {
        seconds(ms)
    } else {
        countdown(i64::try_from(ms).unwrap_or(i64::MAX))
    }
}

/// US dollars, as precisely as they are worth it: "$1.20", "$0.0031".
pub fn dollars(amount: f64) -> String {
    let sign = if amount < 0.0 { "−" } else { "" };
    let amount = amount.abs();
    if amount < 0.000_05 {
        "none".to_owned()
    } else if amount < 0.095 {
        format!("{sign}${amount:.4}")
    } else {
        format!("{sign}${amount:.2}")
    }
}

/// A part of a whole that is not rounded up: only all of it is "100 %".
pub fn percent(part: u64, whole: u64) -> String {
    let whole = u128::from(whole.max(1));
    let tenths = u128::from(part) * 1000 / whole;
    match (tenths / 10, tenths % 10) {
        (percent, 0) => format!("{percent} %"),
        (percent, tenth) if percent >= 90 => format!("{percent}.{tenth} %"),
        (percent, _) => format!("{percent} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_time_is_said_as_people_say_it() {
        for (lost, said) in [
            (0.0, "none"),
            (-1.0, "none"),
            (f64::NAN, "none"),
            (0.0312, "under 0.1 s"),
            (0.84, "0.8 s"),
            (42.4, "42 s"),
            (185.0, "3 min 05 s"),
            (3_725.0, "1 h 02 min"),
        ] {
            assert_eq!(lost_time(lost), said, "{lost}");
        }
    }

    #[test]
    fn an_amount_is_as_precise_as_it_is_worth() {
        for (amount, said) in [
            (0.0, "none"),
            (0.00001, "none"),
            (0.0031, "$0.0031"),
            (0.1, "$0.10"),
            (12.345, "$12.35"),
            (-0.02, "−$0.0200"),
        ] {
            assert_eq!(dollars(amount), said, "{amount}");
        }
    }

    #[test]
    fn nearly_all_is_not_all() {
        for (part, whole, said) in [
            (0, 0, "0 %"),
            (1, 3, "33 %"),
            (9_999, 10_000, "99.9 %"),
            (999_999, 1_000_000, "99.9 %"),
            (7, 7, "100 %"),
            (u64::MAX, u64::MAX, "100 %"),
        ] {
            assert_eq!(percent(part, whole), said, "{part} of {whole}");
        }
    }
}
