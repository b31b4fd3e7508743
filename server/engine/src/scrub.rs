//! Takes secrets out of texts that others wrote.

use std::borrow::Cow;
use std::sync::{LazyLock, PoisonError, RwLock};

use regex::Regex;

/// The longest detail of a failure, in characters.
pub const DETAIL_LIMIT: usize = 300;

/// So often a cut text is read again at most; it settles at the first time or the second.
const SETTLING: usize = 3;

const REDACTED: &str = "[redacted]";

/// The shapes of secrets, whoever owns them. The named groups are kept: they say what was taken out.
static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    // Texts come quoted in one another and in URLs: `\n` and `%20` are two and three characters then, and the last of them
    // is a letter or a digit to whom it may stick.
    let edge = r"(?:(?-u:\b)|%[0-9A-Fa-f]{2}|\\+[nrtbf]|\\+u[0-9A-Fa-f]{4})";
    let space = r"(?:\s|%20|\+|\\+[nrt])";
    let quote = r"(?:\\*[\x22']|%2[27]|&quot;|&#3[49];|\\+u002[27])?";
    let assign = r"(?:[=:]|%3[AaDd])";
    let shapes = [
        // JSON Web Tokens, signed or encrypted, before the shapes that would take only a part of them
        r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){2,4}".to_owned(),
        // user:password@ in URLs; a password may hold another @, or a slash
        r"(?P<url>(?-u:\b)[a-zA-Z][a-zA-Z0-9+.-]*://)(?:[^\s/\x22']*:[^\s\x22']*|[^\s/@]+)@"
            .to_owned(),
        // Before the plain bearer, which may stand in it. What is redacted already is taken whole.
        format!(
            r"(?P<field>(?i:x-api-key|x-goog-api-key|api[_-]?key|access[_-]?token|{edge}(?:authorization|key)){quote}{space}*{assign}{space}*{quote})(?:(?i:bearer|basic){space}+)?(?:\[redacted\]|[^\s&\x22',;)}}\]])+"
        ),
        format!(r"(?P<bearer>{edge}(?i:bearer){space}+)[^\s,;\x22'&]+"),
        format!(r"(?P<sk>{edge}|_)sk-[A-Za-z0-9_*.-]{{4,}}"),
        format!(r"(?P<aiza>{edge}|_)AIza[A-Za-z0-9_-]{{8,}}"),
    ];
    #[expect(
        clippy::expect_used,
        reason = "a constant pattern, compiled by every test"
    )]
    Regex::new(&shapes.join("|")).expect("the shapes are a valid pattern")
});

/// What a text must hold for one of [`SHAPES`] to be in it. Found in a fraction of the time, and most texts have none.
static SIGNS: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "a constant pattern, compiled by every test"
    )]
    Regex::new(r"(?i)://|eyj|key|bearer|authorization|access[_-]?token|sk-|aiza")
        .expect("the signs are a valid pattern")
});

/// The groups of [`SHAPES`] that are kept.
const KEPT: [&str; 5] = ["url", "field", "bearer", "sk", "aiza"];

/// Cut to [`DETAIL_LIMIT`] characters.
fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let mut cut: String = characters.by_ref().take(DETAIL_LIMIT).collect();
    if characters.next().is_some() {
        cut.pop();
        cut.push('…');
    }
    cut
}

/// A secret as it stands in a URL.
fn percent_encoded(secret: &str, upper: bool) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ if upper => format!("%{byte:02X}"),
        _ => format!("%{byte:02x}"),
    };
    secret.bytes().map(encode).collect()
}

/// Removes every configured secret by value, and every text of a secret's shape.
#[derive(Default)]
pub struct Scrubber {
    /// The longest first, so that a secret which contains another leaves no tail.
    secrets: RwLock<Vec<String>>,
}

impl Scrubber {
    /// Knows these secrets by value. Blank ones are left out: they would redact everything.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let this = Self::default();
        this.learn(secrets);
        this
    }

    /// Knows these as well from now on, whoever holds it. It forgets none: what was a secret must not be told later.
    pub fn learn(&self, secrets: impl IntoIterator<Item = String>) {
        let fresh = secrets
            .into_iter()
            // A file's last line end is no part of it.
            .map(|secret| secret.trim().to_owned())
            .filter(|secret| !secret.is_empty())
            .flat_map(|secret| {
                let encoded = [true, false].map(|upper| percent_encoded(&secret, upper));
                [secret].into_iter().chain(encoded)
            });
        // A panic elsewhere leaves the list whole, if not in order.
        let mut known = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(fresh);
        known.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        known.dedup();
    }

    /// The text without secrets.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        let secrets = self.secrets.read();
        for secret in secrets.unwrap_or_else(PoisonError::into_inner).iter() {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), REDACTED));
            }
        }
        if !SIGNS.is_match(&text) {
            return text;
        }
        match SHAPES.replace_all(&text, |found: &regex::Captures<'_>| {
            let kept = KEPT.iter().find_map(|name| found.name(name));
            let tail = if found.name("url").is_some() { "@" } else { "" };
            format!("{}{REDACTED}{tail}", kept.map_or("", |kept| kept.as_str()))
        }) {
            Cow::Borrowed(_) => text,
            Cow::Owned(scrubbed) => Cow::Owned(scrubbed),
        }
    }

    /// The text without secrets and control characters, cut to [`DETAIL_LIMIT`] characters on a character boundary.
    pub fn detail(&self, text: &str) -> String {
        // First, or a character that nobody sees could hide a secret in two halves.
        let visible: String = text
            .chars()
            .filter(|c| c.is_whitespace() || !(c.is_control() || is_invisible(*c)))
            .collect();
        let flat = visible.split_whitespace().collect::<Vec<_>>().join(" ");
        let scrubbed = self.scrub(&flat);
        let mut detail = shortened(&scrubbed);
        // A cut through the quotes of a field leaves something else to be read as its value: said again, it stays the same.
        let times = if detail == *scrubbed { 0 } else { SETTLING };
        for _ in 0..times {
            let again = shortened(&self.scrub(&detail));
            if again == detail {
                break;
            }
            detail = again;
        }
        detail
    }
}

/// Characters of no width: soft hyphens, joiners, marks of direction, and the byte order mark.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Scrubber({} secrets)", secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shapes_are_redacted_and_the_rest_stays() {
        let scrubber = Scrubber::default();
        for (text, scrubbed) in [
            (
                "Incorrect API key provided: sk-proj-abc123XYZ_-9.",
                "Incorrect API key provided: [redacted]",
            ),
            (
                "https://u:p@ss@host/x failed",
                "https://[redacted]@host/x failed",
            ),
            (
                "https://u:pa/ss@host failed",
                "https://[redacted]@host failed",
            ),
            ("?key%3DAIzaSyA1234567890abcdef", "?key%3D[redacted]"),
            ("my_sk-abcdefgh", "my_[redacted]"),
            ("a task-based answer", "a task-based answer"),
            ("sk-ant-api03-AAAA-bbbb is bad", "[redacted] is bad"),
            ("key AIzaSyA1234567890abcdef!", "key [redacted]!"),
            (
                "Authorization: Bearer abc.def-ghi, no",
                "Authorization: [redacted], no",
            ),
            ("bearer  0123456789", "bearer  [redacted]"),
            ("x-api-key: 0123", "x-api-key: [redacted]"),
            (
                "GET https://h/v1?key=secret&alt=sse",
                "GET https://h/v1?key=[redacted]&alt=sse",
            ),
            (
                r#"{"api_key":"s3cr3t","a":1}"#,
                r#"{"api_key":"[redacted]","a":1}"#,
            ),
            ("eyJhbGciOi.eyJzdWIiOi.SflKxwRJ end", "[redacted] end"),
            (
                "postgres://user:pw@host/db",
                "postgres://[redacted]@host/db",
            ),
            ("monkey=7 is no secret", "monkey=7 is no secret"),
            ("the model does not exist", "the model does not exist"),
        ] {
            assert_eq!(scrubber.scrub(text), scrubbed, "{text}");
        }
    }

    #[test]
    fn a_detail_is_one_line_and_cut_on_a_character() {
        let detail = Scrubber::default().detail(&format!("a\n\tb\u{7} {}", "é".repeat(400)));
        assert!(detail.starts_with("a b é"), "{detail}");
        assert_eq!(detail.chars().count(), DETAIL_LIMIT);
        assert!(detail.ends_with('…'));
    }

    #[test]
    fn a_hidden_character_hides_no_secret() {
        let scrubber = Scrubber::new(["very-secret".to_owned()]);
        assert_eq!(scrubber.detail("it was very-se\0cret"), "it was [redacted]");
        let thin = "it was very\u{200b}-sec\u{ad}ret";
        assert_eq!(scrubber.detail(thin), "it was [redacted]");
    }

    #[test]
    fn a_secret_that_is_learnt_later_is_known_to_all_who_hold_it() {
        let scrubber = std::sync::Arc::new(Scrubber::new(["abc".to_owned()]));
        let held = scrubber.clone();
        assert_eq!(
            held.scrub("it was very-secret/abcd"),
            "it was very-secret/[redacted]d"
        );
        scrubber.learn(["very-secret/abcd\n".to_owned()]);
        assert_eq!(held.scrub("it was very-secret/abcd"), "it was [redacted]");
        assert_eq!(held.scrub("it was very-secret%2Fabcd"), "it was [redacted]");
    }

    proptest! {
        #[test]
        fn no_configured_secret_survives(
            secret in "[!-~]{6,40}",
            before in "\\PC{0,40}",
            after in "\\PC{0,400}",
        ) {
            let scrubber = Scrubber::new([secret.clone()]);
            let text = format!("{before}{secret}{after}{secret}");
            prop_assert!(!scrubber.scrub(&text).contains(&secret));
            let detail = scrubber.detail(&text);
            prop_assert!(!detail.contains(&secret));
            prop_assert!(detail.chars().count() <= DETAIL_LIMIT);
        }

        #[test]
        fn no_key_of_a_known_shape_survives(tail in "[A-Za-z0-9]{8,40}", before in "\\PC{0,20}[ \"']", after in "[ \"',]\\PC{0,20}") {
            for head in ["sk-", "sk-ant-", "AIza", "Bearer ", "x-api-key: ", "api_key=", "https://u:"] {
                let end = if head.starts_with("https") { "@host" } else { "" };
                let text = format!("{before}{head}{tail}{end}{after}");
                prop_assert!(!Scrubber::default().scrub(&text).contains(&tail), "{text}");
            }
        }
    }
}
