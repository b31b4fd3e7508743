//! The frames that have passed through this page's socket lately. It holds a bounded number of them, each of bounded
//! length, and nothing in the shape of a credential.

use std::collections::VecDeque;
use std::sync::Arc;

use evenkeel_protocol::read::{Json, Object};

use super::read_json;

/// So many frames are kept.
const KEPT: usize = 500;

/// And so many bytes of them.
const KEPT_BYTES: usize = 1 << 20;

/// Of a long frame so much is kept.
const FRAME_BYTES: usize = 16 << 10;

/// A longer text of base64 is left out.
const DATA: usize = 128;

/// A frame that has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Its place among all that have passed.
    pub number: u64,
    /// When, by the reader's clock.
    pub at_ms: i64,
    /// The page said it; else the server.
    pub sent: bool,
    /// Its type.
    pub kind: String,
    /// What it says, in a few words.
    pub gist: String,
    /// Its JSON, as far as it is kept.
    pub json: String,
    /// How many bytes it had.
    pub bytes: usize,
}

/// What is shown of the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// What belongs to turns.
    #[default]
    Turns,
    /// Everything but the signs of life.
    All,
}

/// The frames.
#[derive(Clone, Debug, Default)]
pub struct FrameLog {
    passed: VecDeque<Arc<Passed>>,
    bytes: usize,
    count: u64,
}

impl FrameLog {
    /// A frame passes.
    pub fn push(&mut self, text: &str, sent: bool, at_ms: i64) {
        self.count += 1;
        let json = bounded(masked(text));
        let (kind, gist) = match read_json::<Json>(text) {
            Some(Json::Object(mut frame)) => {
                let kind = said(&mut frame, "type");
                let gist = gist(&kind, &mut frame);
                (kind, masked(&gist))
            }
            Some(_) | None => ("?".to_owned(), String::new()),
        };
        self.bytes += json.len();
        self.passed.push_back(Arc::new(Passed {
            number: self.count,
            at_ms,
            sent,
            kind,
            gist,
            json,
            bytes: text.len(),
        }));
        while self.passed.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.passed.pop_front() else {
                break;
            };
            self.bytes -= oldest.json.len();
        }
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.passed.clear();
        self.bytes = 0;
    }

    /// Those that are to be shown and hold these words, oldest first, up to this number.
    pub fn matching(&self, shown: Shown, words: &str, until: Option<u64>) -> Vec<Arc<Passed>> {
        let words = words.trim().to_lowercase();
        let matches = |frame: &&Arc<Passed>| {
            until.is_none_or(|until| frame.number <= until)
                && match shown {
                    Shown::Turns => belongs_to_turns(&frame.kind),
                    Shown::All => !matches!(frame.kind.as_str(), "ping" | "pong"),
                }
                && (words.is_empty()
                    || frame.kind.contains(&words)
                    || frame.json.to_lowercase().contains(&words))
        };
        self.passed.iter().filter(matches).cloned().collect()
    }

    /// The number of the newest.
    pub fn count(&self) -> u64 {
        self.count
    }
}

fn belongs_to_turns(kind: &str) -> bool {
    matches!(
        kind,
        "send"
            | "regenerate"
            | "stop"
            | "accepted"
            | "attempt"
            | "delta"
            | "seam"
            | "done"
            | "error"
    )
}

fn said(object: &mut Object, field: &'static str) -> String {
    object.field(field).unwrap_or_default()
}

/// What a frame says, in a few words.
fn gist(kind: &str, frame: &mut Object) -> String {
    match kind {
        "send" | "delta" => excerpt(&said(frame, "text")),
        "attempt" => match frame.field("attempt") {
            Ok(Json::Object(mut attempt)) => {
                let mut words = ["kind", "model_name", "state", "reason"]
                    .map(|field| attempt.field::<Option<String>>(field).ok().flatten())
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" ");
                if let Ok(Some(status)) = attempt.field::<Option<u64>>("status_code") {
                    words.push_str(&format!(" ({status})"));
                }
                words
            }
            Ok(_) | Err(_) => String::new(),
        },
        "seam" => format!(
            "{} → {}, {}",
            said(frame, "from"),
            said(frame, "to"),
            said(frame, "mode")
        ),
        "done" => match frame.field("message") {
            Ok(Json::Object(mut message)) => format!(
                "{}, {} characters",
                said(&mut message, "model_name"),
                said(&mut message, "text").chars().count()
            ),
            Ok(_) | Err(_) => String::new(),
        },
        "error" => excerpt(&said(frame, "error")),
        "fault" | "conversation" => said(frame, "change"),
        _ => String::new(),
    }
}

fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 80 {
        return line;
    }
    line.chars().take(79).collect::<String>() + "…"
}

fn bounded(mut text: String) -> String {
    if text.len() > FRAME_BYTES {
        let left_out = text.len() - text.floor_char_boundary(FRAME_BYTES);
        text.truncate(text.floor_char_boundary(FRAME_BYTES));
        text.push_str(&format!("… and {left_out} bytes more"));
    }
    text
}

/// The text without what is in the shape of a credential, and without the content of files.
fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, mark, least, put)) = SHAPES
        .iter()
        .filter_map(|(mark, least, put)| Some((rest.find(mark)?, *mark, *least, *put)))
        .min()
    {
        let (before, found) = rest.split_at(at);
        let body = &found[mark.len()..];
        let end = body.find(|c: char| !in_credential(c)).unwrap_or(body.len());
        let begins = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
        masked.push_str(before);
        masked.push_str(mark);
        if begins && end >= least {
            masked.push_str(put);
            rest = &body[end..];
        } else {
            rest = body;
        }
    }
    masked + rest
}

/// How a credential begins, how many characters follow at least, and what is put in their place.
const SHAPES: [(&str, usize, &str); 4] = [
    ("sk-", 12, "[redacted]"),
    ("AIza", 20, "[redacted]"),
    ("Bearer ", 8, "[redacted]"),
    ("\"data\":\"", DATA, "[left out]"),
];

fn in_credential(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=')
}

/// JSON over several lines, each level further in.
pub fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut within, mut escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if within {
            out.push(c);
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => within = false,
                _ => {}
            }
            continue;
        }
        match c {
            '"' => {
                within = true;
                out.push(c);
            }
            '{' | '[' if matches!(chars.peek(), Some('}' | ']')) => out.push(c),
            '{' | '[' => {
                depth += 1;
                out.push(c);
                line(&mut out, depth);
            }
            '}' | ']' => {
                if !out.ends_with(['{', '[']) {
                    depth = depth.saturating_sub(1);
                    line(&mut out, depth);
                }
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(frames: &[(&str, bool)]) -> FrameLog {
        let mut log = FrameLog::default();
        for (text, sent) in frames {
            log.push(text, *sent, 0);
        }
        log
    }

    #[test]
    fn a_frame_is_told_in_a_few_words() {
        let log = log(&[
            (r#"{"type":"send","text":"  What  is\nit? "}"#, true),
            (
                r#"{"type":"attempt","run_id":"r","seq":2,"attempt":{"index":0,"kind":"primary","state":"failed","model_name":"a","status_code":503,"reason":"provider_unavailable"}}"#,
                false,
            ),
            (
                r#"{"type":"seam","from":"a","to":"b","mode":"spliced","at":3}"#,
                false,
            ),
            (
                r#"{"type":"done","message":{"model_name":"b","text":"été"}}"#,
                false,
            ),
            (r#"{"type":"error","error":"No model could answer"}"#, false),
            (r#"{"type":"fault","change":"armed"}"#, false),
            ("no JSON", false),
        ]);
        let all = log.matching(Shown::All, "", None);
        let gists: Vec<_> = all
            .iter()
            .map(|frame| (frame.kind.as_str(), frame.gist.as_str()))
            .collect();
        assert_eq!(
            gists,
            [
                ("send", "What is it?"),
                ("attempt", "primary a failed provider_unavailable (503)"),
                ("seam", "a → b, spliced"),
                ("done", "b, 3 characters"),
                ("error", "No model could answer"),
                ("fault", "armed"),
                ("?", ""),
            ]
        );
        assert_eq!(log.matching(Shown::Turns, "", None).len(), 5);
        assert_eq!(log.matching(Shown::All, "SPLICED", None).len(), 1);
        assert_eq!(log.matching(Shown::All, "", Some(2)).len(), 2);
    }

    #[test]
    fn its_memory_is_bounded() {
        let mut log = FrameLog::default();
        for number in 0..2_000 {
            log.push(
                &format!(r#"{{"type":"delta","text":"{number}"}}"#),
                false,
                0,
            );
        }
        let kept = log.matching(Shown::All, "", None);
        assert_eq!(
            (kept.len(), kept[0].number),
            (KEPT, 2_000 - KEPT as u64 + 1)
        );
        let long = format!(r#"{{"type":"delta","text":"{}"}}"#, "é".repeat(1 << 20));
        for _ in 0..200 {
            log.push(&long, false, 0);
        }
        let kept = log.matching(Shown::All, "", None);
        assert!(kept.iter().map(|frame| frame.json.len()).sum::<usize>() <= KEPT_BYTES);
        assert!(kept.len() > 50);
        let last = kept.last().unwrap();
        assert!(last.json.ends_with("bytes more") && last.bytes == long.len());
        log.clear();
        assert!(log.matching(Shown::All, "", None).is_empty());
    }

    #[test]
    fn nothing_in_the_shape_of_a_credential_is_kept() {
        let base64 = "QUJD".repeat(100);
        let frame = format!(
            r#"{{"type":"send","text":"my key is sk-ant-0123456789abcdef, ask-me-anything-about-it, Bearer abcdefgh.ijk","attachments":[{{"name":"a.png","data":"{base64}"}}],"x":"AIzaSyA0123456789abcdefgh"}}"#
        );
        let log = log(&[(&frame, true)]);
        let kept = log.matching(Shown::All, "", None);
        for secret in ["0123456789abcdef", "abcdefgh.ijk", "QUJDQUJD", "SyA0"] {
            assert!(!kept[0].json.contains(secret), "{}", kept[0].json);
            assert!(!kept[0].gist.contains(secret), "{}", kept[0].gist);
        }
        assert!(kept[0].json.contains("ask-me-anything-about-it"));
        assert!(kept[0].json.contains(r#""data":"[left out]""#));
    }

    #[test]
    fn json_is_indented_and_its_texts_are_left_alone() {
        let json = r#"{"a":[1,{}],"b":"x: {\"y\"}, z","c":[]}"#;
        let expected =
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"x: {\\\"y\\\"}, z\",\n  \"c\": []\n}";
        assert_eq!(indented(json), expected);
        assert_eq!(indented("{\"half\":[1"), "{\n  \"half\": [\n    1");
    }
}
