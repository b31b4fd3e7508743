//! No secret leaves the engine: a corpus of what others say, and everything that can be made of it.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use evenkeel_engine::{DETAIL_LIMIT, Scrubber};
use proptest::prelude::*;

const SECRETS: &str = include_str!("corpus/secrets.txt");
const CLEAN: &str = include_str!("corpus/clean.txt");

/// Each takes a millisecond in an unoptimized build.
const PROPTEST_CASES: u32 = 1_000;

/// So many characters of a secret in a row are too many.
const PIECE: usize = 5;

/// Characters that nobody sees.
const UNSEEN: [char; 10] = [
    '\u{0}', '\u{7}', '\u{1b}', '\u{7f}', '\u{ad}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{2060}',
    '\u{feff}',
];

/// A text in parts; every second one is a secret.
#[derive(Clone, Debug)]
struct Entry(Vec<String>);

fn lines(corpus: &str) -> Vec<&str> {
    let lines = corpus.lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
        .collect()
}

fn entries() -> Vec<Entry> {
    let entry = |line: &str| Entry(line.split(['«', '»']).map(unescape).collect());
    let entries: Vec<_> = lines(SECRETS).into_iter().map(entry).collect();
    assert!(
        entries
            .iter()
            .all(|Entry(parts)| parts.len() >= 3 && parts.len() % 2 == 1)
    );
    entries
}

/// The corpus' own escapes; a line that is a JSON text of its own, in quotation marks, keeps them.
fn unescape(text: &str) -> String {
    let mut plain = text.to_owned();
    while let Some((before, rest)) = plain.split_once("\\u{") {
        let (digits, after) = rest.split_once('}').unwrap();
        let character = char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap();
        plain = format!("{before}{character}{after}");
    }
    plain
}

/// Outside of a JSON text, `\n` is a line's end.
fn with_line_ends(entry: Entry) -> Entry {
    if entry.0[0].starts_with('"') {
        return entry;
    }
    Entry(
        entry
            .0
            .iter()
            .map(|part| part.replace("\\n", "\n").replace("\\t", "\t"))
            .collect(),
    )
}

fn scrubber() -> Scrubber {
    Scrubber::new(["plain+secret/value==".to_owned(), " \n".to_owned()])
}

impl Entry {
    fn text(&self) -> String {
        self.0.concat()
    }

    fn secrets(&self) -> impl Iterator<Item = &String> {
        self.0.iter().skip(1).step_by(2)
    }

    /// A piece of a secret that stands in the text and nowhere outside of the secrets.
    fn survivor(&self, said: &str) -> Option<String> {
        let outside: Vec<_> = self.0.iter().step_by(2).collect();
        let visible = |secret: &String| -> Vec<char> {
            secret.chars().filter(|c| !UNSEEN.contains(c)).collect()
        };
        let pieces = self.secrets().flat_map(|secret| {
            let windows: Vec<String> = visible(secret)
                .windows(PIECE)
                .map(|piece| piece.iter().collect())
                .collect();
            windows
        });
        let survives = |piece: &String| {
            said.contains(piece.as_str())
                && !outside.iter().any(|part| part.contains(piece.as_str()))
        };
        pieces.into_iter().find(survives)
    }
}

fn check(entry: &Entry) -> Result<(), TestCaseError> {
    let (scrubber, text) = (scrubber(), entry.text());
    let detail = scrubber.detail(&text);
    prop_assert_eq!(entry.survivor(&detail), None, "{} of {}", detail, text);
    prop_assert!(detail.chars().count() <= DETAIL_LIMIT);
    prop_assert_eq!(&scrubber.detail(&detail), &detail, "said twice");
    Ok(())
}

#[test]
fn nothing_between_the_marks_survives() {
    for entry in entries().into_iter().map(with_line_ends) {
        check(&entry).unwrap();
        let detail = scrubber().detail(&entry.text());
        assert!(detail.contains("[redacted]"), "{detail}");
        assert!(!detail.contains("[redacted]]"), "{detail}");
    }
}

#[test]
fn what_stands_around_a_secret_is_kept() {
    for (text, expected) in [
        (
            "Incorrect API key provided: sk-abcdefgh. See the docs.",
            "Incorrect API key provided: [redacted] See the docs.",
        ),
        (
            "{\"api_key\":\"abcdef\",\"model\":\"m\"}",
            "{\"api_key\":\"[redacted]\",\"model\":\"m\"}",
        ),
        (
            "https://example.org/v1?key=abcdef&alt=sse",
            "https://example.org/v1?key=[redacted]&alt=sse",
        ),
        (
            "proxy http://u:p@host:3128 refused",
            "proxy http://[redacted]@host:3128 refused",
        ),
        ("x-api-key: abcdef, retry", "x-api-key: [redacted], retry"),
        ("Bearer abcdef and on", "Bearer [redacted] and on"),
        ("(key=plain+secret/value==)", "(key=[redacted])"),
    ] {
        assert_eq!(scrubber().detail(text), expected);
    }
}

#[test]
fn what_holds_no_secret_comes_through_as_it_is() {
    for line in lines(CLEAN) {
        assert_eq!(scrubber().detail(line), line);
        assert_eq!(scrubber().scrub(line), line);
    }
}

/// A secret of the same shape with another tail, and characters in it that nobody sees.
fn varied(secret: &str, letters: &[u8], hidden: &[(usize, char)]) -> String {
    let mut letters = letters.iter().cycle();
    let mut varied: Vec<char> = secret
        .chars()
        .enumerate()
        .map(|(place, c)| match letters.next() {
            Some(letter) if place >= 8 && c.is_ascii_alphanumeric() => char::from(*letter),
            _ => c,
        })
        .collect();
    for (place, c) in hidden {
        varied.insert(place % varied.len(), *c);
    }
    varied.into_iter().collect()
}

fn entry() -> impl Strategy<Value = Entry> {
    let letters = prop::collection::vec(
        prop::sample::select(
            (b'a'..=b'z')
                .chain(b'A'..=b'Z')
                .chain(b'0'..=b'9')
                .collect::<Vec<_>>(),
        ),
        30..60,
    );
    let unseen = prop::sample::select(UNSEEN.to_vec());
    let hidden = prop::collection::vec((1_usize..40, unseen), 0..3);
    let configured = |entry: &Entry| entry.0[1].starts_with("plain");
    let shaped: Vec<_> = entries()
        .into_iter()
        .map(with_line_ends)
        .filter(|entry| !configured(entry))
        .collect();
    (prop::sample::select(shaped), letters, hidden).prop_map(
        |(Entry(mut parts), letters, hidden)| {
            for secret in parts.iter_mut().skip(1).step_by(2) {
                *secret = varied(secret, &letters, &hidden);
            }
            Entry(parts)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(PROPTEST_CASES))]

    /// With other secrets of the same shapes, wherever in a text they stand, and twice quoted.
    #[test]
    fn no_variation_survives(
        entry in entry(), before in "[éß 。\n]{0,320}", after in "[ .,)\\]\"'>\n][éß 。]{0,40}", quoted: bool,
    ) {
        let Entry(mut parts) = entry;
        parts[0] = format!("{before} {}", parts[0]);
        if let Some(last) = parts.last_mut() {
            last.push_str(&after);
        }
        if quoted {
            // As a program quotes it that logs what another one logged. What nobody sees is left out here: quoted it would
            // be seen, as letters in the middle of a key, which is the shape of no key any more.
            let seen = |part: &String| part.chars().filter(|c| !UNSEEN.contains(c)).collect::<String>();
            parts = parts.iter().map(|part| seen(part).escape_debug().to_string()).collect();
        }
        let entry = Entry(parts);
        check(&entry)?;
    }

    /// A configured secret of any characters, in any text.
    #[test]
    fn no_configured_secret_survives(secret in "[!-~]{8,40}", before in "\\PC{0,320}", after in "\\PC{0,40}") {
        let scrubber = Scrubber::new([secret.clone()]);
        let detail = scrubber.detail(&format!("{before} {secret} {after}"));
        prop_assert!(!detail.contains(&secret) || before.contains(&secret));
        prop_assert!(detail.chars().count() <= DETAIL_LIMIT);
    }

    /// Words without any of the marks of a secret come through, cut on a character's boundary at most.
    #[test]
    fn words_come_through(words in prop::collection::vec("[a-zäß日本🙂]{1,12}", 0..60)) {
        let text = words.join(" ");
        let detail = scrubber().detail(&text);
        match detail.strip_suffix('…') {
            None => prop_assert_eq!(detail, text),
            Some(cut) => {
                prop_assert!(text.starts_with(cut) && cut.chars().count() == DETAIL_LIMIT - 1);
            }
        }
    }

    /// Whatever the text: no longer than allowed, and saying it twice changes nothing.
    #[test]
    fn any_text_is_bounded_and_settled(text in "\\PC{0,400}") {
        let detail = scrubber().detail(&text);
        prop_assert!(detail.chars().count() <= DETAIL_LIMIT);
        prop_assert_eq!(&scrubber().detail(&detail), &detail);
    }
}
