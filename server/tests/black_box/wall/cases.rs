//! What providers do wrong, and what has to come of it.

use std::time::Duration;

use super::family::Family;
use crate::support::{Act, Behaviour, KEY};

/// What has to come of a case, with one healthy fallback behind it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The primary's own answer is delivered, whole.
    Primary(&'static str),
    /// The fallback answers; the primary was asked this often at most.
    Fallback { requests: usize },
    /// The answer broke off: what can be replaced is replaced by the fallback's, a stream ends with an error event.
    Broken,
    /// The safety system refused: the turn ends, with these words among the provider's reason, and nobody else is asked.
    Refused(String),
}

#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub family: Family,
    pub plays: Vec<Behaviour>,
    pub outcome: Outcome,
}

fn write(text: impl Into<Vec<u8>>) -> Act {
    Act::Write(text.into())
}

fn head(family: Family) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {}\r\nconnection: close\r\n\r\n",
        family.content_type()
    )
}

fn whole_head(kind: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )
}

fn refused(family: Family, status: u16, headers: &str, message: &str) -> Vec<Act> {
    let body = family.error(status, message);
    vec![write(format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    ))]
}

/// Every case of one family.
pub fn all(family: Family) -> Vec<Case> {
    let mut cases = vec![];
    let mut add = |name: &str, acts: Vec<Act>, outcome: Outcome| {
        cases.push(Case {
            name: name.to_owned(),
            family,
            plays: vec![Behaviour::Acts(acts)],
            outcome,
        });
    };
    let fallback = |requests| Outcome::Fallback { requests };
    let stream = |parts: &[&str]| vec![write(head(family)), write(parts.concat())];
    let (pre, one, two, end) = (
        family.prelude(),
        family.word("one "),
        family.word("two"),
        family.end(),
    );
    let good = [&*pre, &*one, &*two, &*end].concat();

    // Good answers in strange shapes.
    add("good", stream(&[&good]), Outcome::Primary("one two"));
    add(
        "byte by byte",
        vec![write(head(family)), Act::Dribble(good.clone().into_bytes())],
        Outcome::Primary("one two"),
    );
    add(
        "carriage returns",
        stream(&[&good.replace('\n', "\r\n")]),
        Outcome::Primary("one two"),
    );
    add(
        "a byte order mark",
        stream(&["\u{feff}", &good]),
        Outcome::Primary("one two"),
    );
    for (place, short) in family.shortest_ends().iter().enumerate() {
        add(
            &format!("shortest end {place}"),
            stream(&[&pre, &one, &two, short]),
            Outcome::Primary("one two"),
        );
    }
    let whole = family.whole("one two");
    add(
        "a whole answer where a stream was asked for",
        vec![
            write(whole_head("application/json", whole.len())),
            write(whole.clone()),
        ],
        Outcome::Primary("one two"),
    );
    add(
        "a chunked body, cut through its characters",
        {
            let body = [&*pre, &*family.word("öne "), &*family.word("tw😀"), &*end].concat();
            let mut acts = vec![write(format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n\r\n",
                family.content_type()
            ))];
            for piece in body.as_bytes().chunks(7) {
                let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
                chunk.extend_from_slice(piece);
                chunk.extend_from_slice(b"\r\n");
                acts.push(write(chunk));
            }
            acts.push(write("0\r\n\r\n"));
            acts
        },
        Outcome::Primary("öne tw😀"),
    );
    add(
        "a reset after the end",
        {
            let mut acts = stream(&[&good]);
            acts.push(Act::Reset);
            acts
        },
        Outcome::Primary("one two"),
    );
    add(
        "a connection left open after the end",
        {
            let mut acts = stream(&[&good]);
            acts.push(Act::Hang);
            acts
        },
        Outcome::Primary("one two"),
    );

    // Statuses.
    for (status, requests) in [
        (400, 1),
        (401, 1),
        (402, 1),
        (403, 1),
        (404, 1),
        (405, 1),
        (409, 1),
        (410, 1),
        (413, 1),
        (418, 1),
        (422, 1),
        (408, 2),
        (429, 2),
        (500, 2),
        (502, 2),
        (503, 2),
        (504, 2),
        (520, 2),
        (529, 2),
    ] {
        let message = format!("no, says {KEY}");
        add(
            &format!("status {status}"),
            refused(family, status, "", &message),
            fallback(requests),
        );
    }
    add(
        "a long Retry-After",
        refused(family, 429, "retry-after: 60\r\n", "slow down"),
        fallback(1),
    );
    add(
        "a Retry-After as a date",
        refused(
            family,
            429,
            "retry-after: Fri, 31 Dec 2100 23:59:59 GMT\r\n",
            "slow down",
        ),
        fallback(1),
    );
    add(
        "a spent quota",
        refused(
            family,
            429,
            "",
            "You exceeded your current quota, please check your plan and billing details. insufficient_quota",
        ),
        fallback(1),
    );
    add(
        "a redirect",
        vec![write(format!(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/{KEY}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        ))],
        fallback(1),
    );
    add(
        "an error page",
        vec![write(
            "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 20\r\nconnection: close\r\n\r\n<html>bad gate</html>",
        )],
        fallback(2),
    );
    add(
        "an error without a body",
        vec![write(
            "HTTP/1.1 503 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        )],
        fallback(2),
    );
    add(
        "an error whose body never comes",
        vec![
            write(
                "HTTP/1.1 400 X\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"err",
            ),
            Act::Hang,
        ],
        fallback(1),
    );
    add(
        "an endless error body",
        {
            let mut acts = vec![write(
                "HTTP/1.1 400 X\r\ncontent-type: application/json\r\n\r\n{\"error\":\"",
            )];
            acts.extend((0..64).map(|_| write("x".repeat(16 * 1024))));
            acts.push(Act::Hang);
            acts
        },
        fallback(1),
    );

    // Connections.
    add("a reset before any header", vec![Act::Reset], fallback(2));
    add("a close before any header", vec![], fallback(2));
    add("silence", vec![Act::Hang], fallback(1));
    add(
        "bytes that are no HTTP",
        vec![write("220 mail.example.org ESMTP\r\n")],
        fallback(2),
    );
    add(
        "headers that never end",
        vec![write("HTTP/1.1 200 OK\r\ncontent-type: text"), Act::Hang],
        fallback(1),
    );

    // A success that is none.
    add(
        "headers and then nothing",
        vec![write(head(family)), Act::Hang],
        fallback(1),
    );
    add("an empty body", vec![write(head(family))], fallback(1));
    add(
        "an empty JSON",
        vec![write(whole_head("application/json", 2)), write("{}")],
        fallback(1),
    );
    add(
        "a page of HTML",
        vec![
            write(whole_head("text/html", 22)),
            write("<html>log in</html>   "),
        ],
        fallback(1),
    );
    add(
        "an answer without words",
        stream(&[&pre, &end]),
        fallback(1),
    );
    add("nothing but the beginning", stream(&[&pre]), fallback(1));
    add(
        "pings for ever",
        {
            let ping = match family {
                Family::OpenAi | Family::Gemini => ": keep-alive\n\n".to_owned(),
                Family::Anthropic => family.event(&serde_json::json!({"type": "ping"})),
                Family::Ollama => "\n".to_owned(),
            };
            let mut acts = stream(&[&pre]);
            for _ in 0..60 {
                acts.push(write(ping.clone()));
                acts.push(Act::Wait(Duration::from_millis(250)));
            }
            acts
        },
        fallback(1),
    );
    add(
        "garbage first",
        stream(&[&match family {
            Family::Ollama => "{\"message\":{\"cont\n".to_owned(),
            Family::OpenAi | Family::Anthropic | Family::Gemini => "data: {\"cont\n\n".to_owned(),
        }]),
        fallback(1),
    );
    add(
        "an event that never ends",
        {
            let mut acts = vec![write(head(family)), write("data: {\"x\":\"")];
            acts.extend((0..9 * 16).map(|_| write("x".repeat(64 * 1024))));
            acts
        },
        fallback(1),
    );
    add(
        "an error in band, first",
        stream(&[&pre, &family.in_band("overloaded")]),
        fallback(2),
    );
    add(
        "a slow first token",
        vec![
            write(head(family)),
            Act::Wait(Duration::from_secs(14)),
            write(good.clone()),
        ],
        fallback(1),
    );

    // Answers that break off.
    let half = [&*pre, &*one].concat();
    let broken = |more: Vec<Act>| {
        let mut acts = stream(&[&half]);
        acts.extend(more);
        acts
    };
    add("a cut stream", broken(vec![Act::Reset]), Outcome::Broken);
    add(
        "a clean end without a finish reason",
        broken(vec![]),
        Outcome::Broken,
    );
    add(
        "a body shorter than announced",
        vec![
            write(whole_head(family.content_type(), half.len() + 500)),
            write(half.clone()),
        ],
        Outcome::Broken,
    );
    add("a stall", broken(vec![Act::Hang]), Outcome::Broken);
    add(
        "an error in band, later",
        broken(vec![
            write(family.in_band("overloaded")),
            write(end.clone()),
        ]),
        Outcome::Broken,
    );
    add(
        "garbage in the middle",
        broken(vec![
            write(match family {
                Family::Ollama => "{\"message\":{\"cont\n",
                Family::OpenAi | Family::Anthropic | Family::Gemini => "data: {\"cont\n\n",
            }),
            write(two.clone()),
            write(end.clone()),
        ]),
        Outcome::Broken,
    );
    add(
        "half an event at the end",
        broken(vec![write(two.as_bytes()[..two.len() / 2].to_vec())]),
        Outcome::Broken,
    );

    if let Some((bytes, words)) = family.refusal() {
        add(
            "a refusal of the safety system",
            stream(&[&bytes]),
            Outcome::Refused(words.to_owned()),
        );
    }
    if family == Family::OpenAi {
        add(
            "a refusal of the safety system",
            vec![write({
                let body = "{\"error\":{\"message\":\"The response was filtered due to the prompt triggering our content management policy\",\"code\":\"content_filter\"}}";
                format!(
                    "HTTP/1.1 400 X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                )
            })],
            Outcome::Refused("content management policy".to_owned()),
        );
    }
    cases
}
