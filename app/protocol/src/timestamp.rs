//! A point in time as the browser has it. On the server it is jiff's; this one has what the pages need of that, in a
//! small part of its size: the same text, read and written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// It is no time, or not in one of the years 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTimestamp;

impl Timestamp {
    /// The beginning of 1970.
    pub const UNIX_EPOCH: Self = Self(0);

    /// This many milliseconds after the beginning of 1970.
    pub fn from_millisecond(milliseconds: i64) -> Result<Self, NoTimestamp> {
        match milliseconds {
            -62_167_219_200_000..=253_402_300_799_999 => Ok(Self(milliseconds)),
            _ => Err(NoTimestamp),
        }
    }

    /// Milliseconds since the beginning of 1970.
    pub fn as_millisecond(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0.div_euclid(DAY_MS));
        let ms = self.0.rem_euclid(DAY_MS);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if ms % 1000 != 0 {
            let digits = format!(".{:03}", ms % 1000);
            f.write_str(digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl FromStr for Timestamp {
    type Err = NoTimestamp;

    fn from_str(text: &str) -> Result<Self, NoTimestamp> {
        read(text.as_bytes()).ok_or(NoTimestamp)
    }
}

fn read(text: &[u8]) -> Option<Timestamp> {
    let (whole, fraction) = text.strip_suffix(b"Z")?.split_at_checked(19)?;
    let punctuation = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if punctuation.iter().any(|(at, mark)| whole[*at] != *mark) {
        return None;
    }
    let field = |from: usize, to: usize, at_most: i64| {
        number(&whole[from..to]).filter(|number| *number <= at_most)
    };
    let (year, month, day) = (field(0, 4, 9999)?, field(5, 7, 12)?, field(8, 10, 31)?);
    let (hour, minute, second) = (field(11, 13, 23)?, field(14, 16, 59)?, field(17, 19, 59)?);
    let days = days(year, month, day);
    if date(days) != (year, month, day) {
        return None;
    }
    let ms = match fraction {
        [] => 0,
        // Whatever is below a millisecond is of no use to a reader.
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            let mut padded = [b'0'; 9];
            padded[..digits.len()].copy_from_slice(digits);
            number(&padded)? / 1_000_000
        }
        _ => return None,
    };
    let seconds = hour * 3600 + minute * 60 + second;
    Some(Timestamp(days * DAY_MS + seconds * 1000 + ms))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'));
        digit.map(|digit| number * 10 + digit)
    })
}

/// Days from the beginning of 1970 to this date of the Gregorian calendar. A year is taken to begin in March, so that
/// the day that not every year has is its last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let year = year.rem_euclid(400);
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468
}

/// The date that is so many days after the beginning of 1970: year, month, day.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year + i64::from(month >= 10);
    (year, (month + 2) % 12 + 1, day)
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|NoTimestamp| D::Error::custom("no timestamp"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "Z",
            "2026-11-20",
            "2026-11-20T08:00:00",
            "2026-11-20T08:00:00.Z",
            "2026-11-20T08:00:00,5Z",
            "2026-11-20T08:00:00.1234567890Z",
            "2026-02-29T08:00:00Z",
            "2026-00-01T08:00:00Z",
            "2026-13-01T08:00:00Z",
            "2026-11-31T08:00:00Z",
            "2026-11-00T08:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20 08:00:00Z",
            "+026-11-20T08:00:00Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NoTimestamp), "{text}");
        }
        assert_eq!("1970-01-01T00:00:00Z".parse(), Ok(Timestamp::UNIX_EPOCH));
        for beyond in [i64::MIN, -62_167_219_200_001, 253_402_300_800_000, i64::MAX] {
            assert_eq!(Timestamp::from_millisecond(beyond), Err(NoTimestamp));
        }
    }

    proptest! {
        #[test]
        fn its_text_is_that_of_jiff(ms in -62_167_219_200_000_i64..=253_402_207_200_000) {
            let expected = jiff::Timestamp::from_millisecond(ms).unwrap().to_string();
            let time = Timestamp::from_millisecond(ms).unwrap();
            prop_assert_eq!(time.to_string(), expected.clone());
            prop_assert_eq!(expected.parse(), Ok(time));
            prop_assert_eq!(serde_json::to_string(&time).unwrap(), format!("{expected:?}"));
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&format!("{expected:?}")).unwrap(), time);
        }

        #[test]
        fn what_is_below_a_millisecond_is_left_out(ns in 0_i128..4_000_000_000_000_000_000) {
            let precise = jiff::Timestamp::from_nanosecond(ns).unwrap();
            let time: Timestamp = precise.to_string().parse().unwrap();
            prop_assert_eq!(time.as_millisecond(), precise.as_millisecond());
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,30}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]{0,10})?Z?") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
