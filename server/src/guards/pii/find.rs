//! Where personal data stands in a text. Patterns find what looks like it; check sums, lengths and what stands around it
//! decide. Better a number too few than a text that is full of holes: what is ambiguous needs a word that names it.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Kind;
use super::countries::IBANS;
use crate::guards::pattern;

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// Where, in bytes.
    pub at: Range<usize>,
}

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[\p{L}\p{N}][\p{L}\p{N}._%+'-]*@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}{2,}",
    )
});
static IBAN: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)[a-z]{2}\d{2}[ -]?[a-z0-9]{3}"));
/// In groups of four, in those of American Express, or in one.
static CARD: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[2-6]\d{3}[ -]?(?:\d{4}[ -]?\d{4}[ -]?\d{1,7}|\d{6}[ -]?\d{4,5})"));
static SSN: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{3}-\d{2}-\d{4}"));
static SSN_NAMED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)(?:\bssn|social security)[^\d\n]{0,24}(\d{3} ?\d{2} ?\d{4})"));
static IPV4: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{1,3}(?:\.\d{1,3}){3}"));
static IPV6: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)[0-9a-f]{1,4}(?:::?[0-9a-f]{1,4}){1,7}(?:::)?"));
/// With the country's code, as North America writes them, and as countries do whose numbers begin with a 0.
static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\+[1-9]\d{0,2}(?:[ .\-/]?\(?\d{1,5}\)?){2,7}",
        r"|(?:(?-u:\b)1[-. ])?(?:\([2-9]\d\d\) ?[2-9]\d\d[-. ]|[2-9]\d\d-[2-9]\d\d-|[2-9]\d\d\.[2-9]\d\d\.|[2-9]\d\d [2-9]\d\d-)\d{4}",
        r"|0[1-9](?: \d\d){4}|0[1-9](?:\.\d\d){4}|0[1-9](?:-\d\d){4}",
        r"|\(?0[1-9]\d{1,3}\)?[ /-]\d{3,8}(?: \d{2,4}){0,2}",
    ))
});
/// A bare number, after a word that says what it is.
static PHONE_NAMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:(?:tele)?phone|tel|mobile|cell|fax|whatsapp|handy|telefon|téléphone|teléfono|(?:call|ring|text) (?:me|us|him|her|them))\b(?: ?(?:number|no|nr|is|at|on|nummer))*[.:]{0,2} {0,2}(\d[\d .\-/()]{5,18}\d)",
    )
});
/// A day: "2026-11-20".
static DAY: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d{4}-\d{2}-\d{2}"));
/// What names a version or a place in a text, and no machine.
static NUMBERED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)(?:\bv|\bversions?|\brelease|\bsections?|\bchapter|§) ?$"));

/// What personal data there is in a text, in its order; no two overlap.
pub fn find(text: &str) -> Vec<Found> {
    let mut all = vec![];
    let mut note = |kind, ranges: Vec<Range<usize>>| {
        all.extend(ranges.into_iter().map(|at| Found { kind, at }));
    };
    note(Kind::Email, emails(text));
    note(Kind::Iban, ibans(text));
    note(Kind::Card, cards(text));
    note(Kind::Ssn, ssns(text));
    note(Kind::Ip, ips(text));
    note(Kind::Phone, phones(text));
    // What was found first counts: a card's number may look like a telephone's, and not the other way about.
    all.sort_by_key(|found| (found.at.start, found.kind));
    let mut kept: Vec<Found> = vec![];
    for found in all {
        match kept.last_mut() {
            Some(last) if found.at.start < last.at.end => {
                if found.kind < last.kind {
                    *last = found;
                }
            }
            Some(_) | None => kept.push(found),
        }
    }
    kept
}

/// What stands directly before and after a place.
fn around(text: &str, at: &Range<usize>) -> (Option<char>, Option<char>) {
    let before = text
        .get(..at.start)
        .and_then(|text| text.chars().next_back());
    let after = text.get(at.end..).and_then(|text| text.chars().next());
    (before, after)
}

/// No letter or digit stands directly beside it.
fn is_apart(text: &str, at: &Range<usize>) -> bool {
    let (before, after) = around(text, at);
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    !before.is_some_and(joins) && !after.is_some_and(joins)
}

/// It is a part of no longer word or number. A comma ends a number: nothing that is looked for is written with one.
fn stands_alone(text: &str, at: &Range<usize>) -> bool {
    // "3.14159 …", "-12": the number goes on beyond the mark.
    let goes_on = |mark: Option<char>, beyond: Option<char>| {
        mark.is_some_and(|mark| matches!(mark, '.' | '-'))
            && beyond.is_some_and(|c| c.is_ascii_digit())
    };
    let (before, after) = around(text, at);
    let right = text.get(at.end..).unwrap_or_default();
    is_apart(text, at)
        && !goes_on(before, before_that(text, at))
        && !goes_on(after, right.chars().nth(1))
}

/// The last character but one before a place.
fn before_that(text: &str, at: &Range<usize>) -> Option<char> {
    text.get(..at.start)?.chars().rev().nth(1)
}

/// What is made of the candidates of a pattern. One that is refused may begin with what stands before the real one, so
/// the search goes on inside it.
fn each(
    pattern: &Regex,
    text: &str,
    accept: impl Fn(Range<usize>) -> Option<Range<usize>>,
) -> Vec<Range<usize>> {
    let (mut found, mut from) = (vec![], 0);
    while let Some(candidate) = pattern.find_at(text, from) {
        if let Some(at) = accept(candidate.range()) {
            from = at.end;
            found.push(at);
        } else {
            let first = candidate.as_str().chars().next();
            from = candidate.start() + first.map_or(1, char::len_utf8);
        }
    }
    found
}

fn emails(text: &str) -> Vec<Range<usize>> {
    if !text.contains('@') {
        return vec![];
    }
    let found = EMAIL.find_iter(text).map(|found| found.range());
    // "git@github.com:a/b" is an address of a program, and nobody's.
    found
        .filter(|at| {
            !text
                .get(at.clone())
                .is_some_and(|it| it.starts_with("git@"))
        })
        .collect()
}

fn ibans(text: &str) -> Vec<Range<usize>> {
    each(&IBAN, text, |Range { start, .. }| {
        let rest = text.get(start..)?;
        let country = rest.get(..2)?.to_ascii_uppercase();
        let length = IBANS.split(' ').find_map(|known| {
            known
                .strip_prefix(country.as_str())
                .and_then(|length| length.parse::<usize>().ok())
        })?;
        let end = letters_and_digits(rest, length)?;
        let at = start..start + end;
        (is_apart(text, &at) && is_iban(rest.get(..end)?)).then_some(at)
    })
}

/// The byte behind so many letters and digits, with at most one space or hyphen between two of them.
fn letters_and_digits(text: &str, count: usize) -> Option<usize> {
    let mut left = count;
    let mut gap = true;
    for (place, c) in text.char_indices() {
        if c.is_ascii_alphanumeric() {
            left -= 1;
            gap = false;
            if left == 0 {
                return Some(place + 1);
            }
        } else if matches!(c, ' ' | '-') && !gap {
            gap = true;
        } else {
            return None;
        }
    }
    None
}

/// ISO 13616: the number that is made of it leaves 1 when it is divided by 97.
fn is_iban(text: &str) -> bool {
    let signs: Vec<u32> = text.chars().filter_map(|c| c.to_digit(36)).collect();
    let (head, body) = signs.split_at(signs.len().min(4));
    let rest = body.iter().chain(head).fold(0_u32, |rest, sign| {
        let places = if *sign < 10 { 10 } else { 100 };
        (rest * places + sign) % 97
    });
    rest == 1
}

fn cards(text: &str) -> Vec<Range<usize>> {
    each(&CARD, text, |at| {
        let digits = digits(text.get(at.clone())?);
        let number: u32 = digits.get(..4)?.parse().ok()?;
        // Of the numbers that begin with a 2 only Mastercard's: the others are times and counters.
        let known = match number / 1000 {
            2 => (2221..=2720).contains(&number),
            3 => matches!(number / 100, 30 | 34..=39),
            4..=6 => true,
            _ => false,
        };
        // The decimals of a number have the right sum once in ten times: "0.30000000000000004".
        let decimals = around(text, &at).0 == Some('.')
            && before_that(text, &at).is_some_and(|c| c.is_ascii_digit());
        (known && (13..=19).contains(&digits.len()) && luhn(&digits))
            .then_some(at)
            .filter(|at| is_apart(text, at) && !decimals)
    })
}

/// The check sum of cards' numbers.
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match (place % 2, digit * 2) {
                (0, _) => digit,
                (_, double) if double > 9 => double - 9,
                (_, double) => double,
            }
        })
        .sum();
    // Nothing but zeroes has the right sum as well.
    sum > 0 && sum.is_multiple_of(10)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn ssns(text: &str) -> Vec<Range<usize>> {
    let plain = SSN.find_iter(text).map(|found| found.range());
    let named = SSN_NAMED
        .captures_iter(text)
        .filter_map(|found| Some(found.get(1)?.range()));
    plain
        .chain(named)
        .filter(|at| {
            let digits = digits(text.get(at.clone()).unwrap_or_default());
            let part = |range: Range<usize>| digits.get(range).unwrap_or_default().to_owned();
            let (area, group, serial) = (part(0..3), part(3..5), part(5..9));
            let given = area != "000" && area != "666" && !area.starts_with('9');
            given && group != "00" && serial != "0000" && stands_alone(text, at)
        })
        .collect()
}

/// Addresses of machines, but not those that every machine has for itself.
fn ips(text: &str) -> Vec<Range<usize>> {
    let v4 = IPV4.find_iter(text).filter_map(|found| {
        let (at, address) = (found.range(), found.as_str().parse::<Ipv4Addr>().ok()?);
        let own = address.is_loopback() || address.is_unspecified() || address.is_broadcast();
        let near = text.floor_char_boundary(at.start.saturating_sub(16));
        let version = NUMBERED.is_match(text.get(near..at.start)?);
        (!own && !version && !address.octets().starts_with(&[0]) && stands_alone(text, &at))
            .then_some(at)
    });
    let v6 = IPV6.find_iter(text).filter_map(|found| {
        let (at, address) = (found.range(), found.as_str().parse::<Ipv6Addr>().ok()?);
        let (before, after) = around(text, &at);
        let colon = |c: Option<char>| c == Some(':');
        // "add::fade" is a path in a program.
        let first = found.as_str().split(':').next()?;
        let written = first.len() >= 3 && found.as_str().bytes().any(|b| b.is_ascii_digit());
        (written && !address.is_loopback() && !colon(before) && !colon(after))
            .then_some(at)
            .filter(|at| stands_alone(text, at))
    });
    v4.chain(v6).collect()
}

fn phones(text: &str) -> Vec<Range<usize>> {
    let shaped = each(&PHONE, text, |at| {
        let at = phone(text, at)?;
        let number = text.get(at.clone())?;
        // Shorter than any number that is written out: a sum, or a code of the post.
        let least = match number.find(['-', '+']) {
            Some(_) if number.starts_with('0') => 10,
            Some(_) | None => 9,
        };
        (digits(number).len() >= least && !in_a_list(text, &at)).then_some(at)
    });
    let named = PHONE_NAMED
        .captures_iter(text)
        .filter_map(|found| phone(text, found.get(1)?.range()));
    shaped.into_iter().chain(named).collect()
}

/// A telephone number at the beginning of this place, without what stands behind it in a row: "+49 170 1234567 2026-05-01".
fn phone(text: &str, mut at: Range<usize>) -> Option<Range<usize>> {
    const MARKS: [char; 6] = [' ', '.', '-', '/', '(', ')'];
    loop {
        let number = text.get(at.clone())?;
        let count = digits(number).len();
        let (before, after) = around(text, &at);
        // Part of a path, of a sum, of a price.
        let other = |c: char| matches!(c, '/' | '=' | '+' | '-' | '$' | '€' | '%');
        if count < 7 || before.is_some_and(other) || DAY.is_match(number) {
            return None;
        }
        let whole = count <= 15 && stands_alone(text, &at);
        if whole && !after.is_some_and(|c| matches!(c, '/' | '%' | '€')) {
            return Some(at);
        }
        let (head, _) = number.rsplit_once(MARKS)?;
        at.end = at.start + head.trim_end_matches(MARKS).len();
    }
}

/// Its groups and one beside it have the same width: "01 02 03 04 05 06". Behind longer groups a year may stand.
fn in_a_list(text: &str, at: &Range<usize>) -> bool {
    let number = text.get(at.clone()).unwrap_or_default();
    let mut groups = number.split(' ').map(str::len);
    let width = groups.next().unwrap_or_default();
    let plain = number.bytes().all(|b| b == b' ' || b.is_ascii_digit());
    if !plain || groups.next() != Some(width) {
        return false;
    }
    let before = text.get(..at.start).unwrap_or_default();
    let after = text.get(at.end..).unwrap_or_default();
    begins_with_group(before.chars().rev(), width)
        || (width == 2 && begins_with_group(after.chars(), width))
}

/// A space, and a number of this width.
fn begins_with_group(mut chars: impl Iterator<Item = char>, width: usize) -> bool {
    chars.next() == Some(' ')
        && chars
            .take(width + 1)
            .take_while(char::is_ascii_digit)
            .count()
            == width
}
