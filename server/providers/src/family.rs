//! The wire families.

use http::StatusCode;
use serde_json::{Value, json};

/// The types of errors in Anthropic's words, which are the plainest, and the status that each stands for.
const ERRORS: [(&str, u16); 10] = [
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("request_too_large", 413),
    ("rate_limit_error", 429),
    ("api_error", 500),
    ("timeout_error", 504),
    ("overloaded_error", 529),
];

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// OpenAI's chat completions, and everything compatible with them.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Google's Gemini API.
    Gemini,
    /// Ollama's own API.
    Ollama,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Ollama];

    /// Its name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }

    /// The body of an error in its words; for outages that are simulated.
    pub(crate) fn error_body(self, status: StatusCode, message: &str) -> Value {
        match self {
            Self::OpenAi => json!({"error": {"message": message, "type": "simulated_fault"}}),
            Self::Anthropic => {
                let known = ERRORS.iter().find(|(_, code)| *code == status.as_u16());
                let kind = known.map_or("api_error", |(kind, _)| kind);
                json!({"type": "error", "error": {"type": kind, "message": message}})
            }
            Self::Gemini => {
                let word = match status.as_u16() {
                    400 => "INVALID_ARGUMENT",
                    401 => "UNAUTHENTICATED",
                    403 => "PERMISSION_DENIED",
                    404 => "NOT_FOUND",
                    429 => "RESOURCE_EXHAUSTED",
                    503 => "UNAVAILABLE",
                    504 => "DEADLINE_EXCEEDED",
                    _ => "INTERNAL",
                };
                let code = status.as_u16();
                json!({"error": {"code": code, "message": message, "status": word}})
            }
            Self::Ollama => json!({"error": message}),
        }
    }

    /// A stream that begins well and then says an error: of this type, or with this message where it is no type.
    pub(crate) fn in_band_error(self, error: &str) -> String {
        let named =
            |(kind, _): &&(&str, u16)| *kind == error || kind.strip_suffix("_error") == Some(error);
        let (kind, code, message) = match ERRORS.iter().find(named) {
            Some((kind, code)) => (
                *kind,
                *code,
                format!("simulated: {}", kind.replace('_', " ")),
            ),
            None => ("api_error", 500, error.to_owned()),
        };
        let event = match self {
            Self::OpenAi => json!({"error": {"message": message, "type": kind, "code": code}}),
            Self::Anthropic => {
                json!({"type": "error", "error": {"type": kind, "message": message}})
            }
            Self::Gemini => {
                let status =
                    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                self.error_body(status, &message)
            }
            Self::Ollama => json!({"error": message}),
        };
        self.beginning() + &self.event(&event)
    }

    /// A whole answer that says nothing, and ends as it should.
    pub(crate) fn empty_answer(self) -> String {
        let events = match self {
            Self::OpenAi => {
                vec![json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})]
            }
            Self::Anthropic => vec![
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 0}}),
                json!({"type": "message_stop"}),
            ],
            Self::Gemini => vec![
                json!({"candidates": [{"content": {"role": "model", "parts": []}, "finishReason": "STOP", "index": 0}]}),
            ],
            Self::Ollama => vec![
                json!({"message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "stop"}),
            ],
        };
        let end = if self == Self::OpenAi {
            "data: [DONE]\n\n"
        } else {
            ""
        };
        let events: String = events.iter().map(|event| self.event(event)).collect();
        self.beginning() + &events + end
    }

    /// What comes before the first piece of an answer, and carries none.
    fn beginning(self) -> String {
        let events = match self {
            Self::OpenAi => vec![
                json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]}),
            ],
            Self::Anthropic => vec![
                json!({"type": "message_start", "message": {"type": "message", "role": "assistant", "content": [], "stop_reason": null}}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            ],
            Self::Gemini | Self::Ollama => vec![],
        };
        events.iter().map(|event| self.event(event)).collect()
    }

    /// An event, as this family frames it.
    fn event(self, event: &Value) -> String {
        match self {
            Self::OpenAi | Self::Gemini => format!("data: {event}\n\n"),
            Self::Anthropic => {
                let name = event["type"].as_str().unwrap_or_default();
                format!("event: {name}\ndata: {event}\n\n")
            }
            Self::Ollama => format!("{event}\n"),
        }
    }
}
