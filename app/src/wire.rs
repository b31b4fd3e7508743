//! JSON from the server, read through one door: every document is a variant of the same tagged enum, so that the wire
//! types are compiled for one deserializer instead of two. That is a tenth of what the browser would load for them.

use evenkeel_protocol::{ServerFrame, Transcript};
use serde::Deserialize;

use crate::Boot;

#[derive(Deserialize)]
#[serde(tag = "document", rename_all = "snake_case")]
enum Document {
    Boot(Boot),
    Transcript(Transcript),
    Frame(ServerFrame),
}

fn read(name: &str, json: &str) -> Result<Document, serde_json::Error> {
    let rest = json.trim_start();
    let rest = rest.strip_prefix('{').unwrap_or(rest);
    serde_json::from_str(&format!(r#"{{"document":"{name}",{rest}"#))
}

/// The data block of the page.
pub(crate) fn boot(json: &str) -> Option<Boot> {
    match read("boot", json).ok()? {
        Document::Boot(boot) => Some(boot),
        Document::Transcript(_) | Document::Frame(_) => None,
    }
}

/// A conversation as it is fetched.
pub(crate) fn transcript(json: &str) -> Option<Transcript> {
    match read("transcript", json).ok()? {
        Document::Transcript(transcript) => Some(transcript),
        Document::Boot(_) | Document::Frame(_) => None,
    }
}

/// A frame of the socket.
pub(crate) fn frame(json: &str) -> Result<Option<ServerFrame>, serde_json::Error> {
    match read("frame", json)? {
        Document::Frame(frame) => Ok(Some(frame)),
        Document::Boot(_) | Document::Transcript(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use evenkeel_protocol::{Conversation, ErrorKind, Timestamp, TurnError};

    use super::*;

    #[test]
    fn documents_are_read_as_they_were_written() {
        let error = TurnError {
            error: "no".into(),
            kind: ErrorKind::FallbackExhausted {
                failures: vec![],
                retry_at: None,
            },
        };
        let sent = ServerFrame::Error {
            run_id: Some("r".into()),
            seq: Some(3),
            request_id: None,
            error,
            message: None,
        };
        let json = serde_json::to_string(&sent).unwrap();
        assert_eq!(frame(&json).unwrap(), Some(sent));
        assert_eq!(
            frame(r#" {"type":"pong"}"#).unwrap(),
            Some(ServerFrame::Pong)
        );
        assert!(frame(r#"{"type":"news"}"#).is_err());
        assert!(frame("nonsense").is_err());
        let at = Timestamp::UNIX_EPOCH;
        let conversation = Conversation {
            id: "c".into(),
            title: "t".into(),
            created_at: at,
            updated_at: at,
        };
        let sent = Transcript {
            conversation,
            messages: vec![],
        };
        assert_eq!(
            transcript(&serde_json::to_string(&sent).unwrap()),
            Some(sent)
        );
    }
}
