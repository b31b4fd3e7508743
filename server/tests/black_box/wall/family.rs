//! The four wire families, as an upstream writes them.

use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    OpenAi,
    Anthropic,
    Gemini,
    Ollama,
}

impl Family {
    /// The word in the configuration.
    pub fn kind(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }

    /// What a client of this family takes as its address.
    pub fn base_url(self, openai_url: &str) -> String {
        match self {
            Self::OpenAi => openai_url.to_owned(),
            Self::Anthropic | Self::Gemini | Self::Ollama => {
                openai_url.trim_end_matches("/v1").to_owned()
            }
        }
    }

    /// An event, as this family frames it.
    pub fn event(self, value: &Value) -> String {
        match self {
            Self::OpenAi | Self::Gemini => format!("data: {value}\n\n"),
            Self::Anthropic => {
                let name = value["type"].as_str().unwrap();
                format!("event: {name}\ndata: {value}\n\n")
            }
            Self::Ollama => format!("{value}\n"),
        }
    }

    /// What comes before the first word and carries none.
    pub fn prelude(self) -> String {
        match self {
            Self::OpenAi => self.event(&json!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]})),
            Self::Anthropic => {
                let message = json!({"id": "m", "type": "message", "role": "assistant", "content": [], "model": "x", "stop_reason": null, "usage": {"input_tokens": 5, "output_tokens": 1}});
                let start = json!({"type": "message_start", "message": message});
                let block = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
                let ping = json!({"type": "ping"});
                [start, block, ping].iter().map(|event| self.event(event)).collect()
            }
            Self::Gemini | Self::Ollama => String::new(),
        }
    }

    pub fn word(self, word: &str) -> String {
        self.event(&match self {
            Self::OpenAi => json!({"id": "c", "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": null}]}),
            Self::Anthropic => json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}),
            Self::Gemini => json!({"candidates": [{"content": {"role": "model", "parts": [{"text": word}]}, "index": 0}]}),
            Self::Ollama => json!({"model": "x", "message": {"role": "assistant", "content": word}, "done": false}),
        })
    }

    /// The end of a good answer: 5 tokens in, 7 out.
    pub fn end(self) -> String {
        match self {
            Self::OpenAi => {
                let finish = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
                let usage = json!({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}});
                format!("{}{}data: [DONE]\n\n", self.event(&finish), self.event(&usage))
            }
            Self::Anthropic => [
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}),
                json!({"type": "message_stop"}),
            ]
            .iter()
            .map(|event| self.event(event))
            .collect(),
            Self::Gemini => self.event(&json!({"candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": "STOP", "index": 0}], "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7, "totalTokenCount": 12}})),
            Self::Ollama => self.event(&json!({"model": "x", "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 7})),
        }
    }

    /// The end mark alone, without a finish reason, or the finish reason without an end mark: each is enough.
    pub fn shortest_ends(self) -> Vec<String> {
        match self {
            Self::OpenAi => vec![
                "data: [DONE]\n\n".to_owned(),
                self.event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})),
            ],
            Self::Anthropic => vec![
                self.event(&json!({"type": "message_stop"})),
                self.event(&json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}})),
            ],
            Self::Gemini => vec![self.event(&json!({"candidates": [{"finishReason": "STOP"}]}))],
            Self::Ollama => vec![self.event(&json!({"done": true}))],
        }
    }

    /// A whole answer in one body, though a stream was asked for.
    pub fn whole(self, text: &str) -> String {
        match self {
            Self::OpenAi => json!({"id": "c", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}),
            Self::Anthropic => json!({"id": "m", "type": "message", "role": "assistant", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": {"input_tokens": 5, "output_tokens": 7}}),
            Self::Gemini => json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 7}}),
            Self::Ollama => json!({"message": {"role": "assistant", "content": text}, "done": true, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 7}),
        }
        .to_string()
    }

    /// The body of an error response.
    pub fn error(self, status: u16, message: &str) -> String {
        match self {
            Self::OpenAi => json!({"error": {"message": message, "type": openai_type(status), "code": null}}),
            Self::Anthropic => json!({"type": "error", "error": {"type": anthropic_type(status), "message": message}}),
            Self::Gemini => json!({"error": {"code": status, "message": message, "status": gemini_status(status)}}),
            Self::Ollama => json!({"error": message}),
        }
        .to_string()
    }

    /// An error inside a stream that began well.
    pub fn in_band(self, message: &str) -> String {
        match self {
            Self::OpenAi => self.event(&json!({"error": {"message": message, "type": "overloaded_error", "code": 503}})),
            Self::Anthropic => self.event(&json!({"type": "error", "error": {"type": "overloaded_error", "message": message}})),
            Self::Gemini => self.event(&json!({"error": {"code": 503, "message": message, "status": "UNAVAILABLE"}})),
            Self::Ollama => self.event(&json!({"error": message})),
        }
    }

    /// The safety system refuses; the reason in the provider's words. Not every family has a way to say so.
    pub fn refusal(self) -> Option<(String, &'static str)> {
        match self {
            Self::OpenAi => None,
            Self::Anthropic => {
                let delta = json!({"type": "message_delta", "delta": {"stop_reason": "refusal"}, "usage": {"output_tokens": 1}});
                let stop = json!({"type": "message_stop"});
                Some((
                    format!(
                        "{}{}{}",
                        self.prelude(),
                        self.event(&delta),
                        self.event(&stop)
                    ),
                    "refus",
                ))
            }
            Self::Gemini => Some((
                self.event(&json!({"promptFeedback": {"blockReason": "SAFETY"}})),
                "SAFETY",
            )),
            Self::Ollama => None,
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Anthropic | Self::Gemini => "text/event-stream",
            Self::Ollama => "application/x-ndjson",
        }
    }

    /// The path that a request of this family asks for.
    pub fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
            Self::Gemini => "/v1beta/models/",
            Self::Ollama => "/api/chat",
        }
    }
}

fn openai_type(status: u16) -> &'static str {
    match status {
        401 => "invalid_request_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

fn anthropic_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        500 => "api_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        _ => "invalid_request_error",
    }
}

fn gemini_status(status: u16) -> &'static str {
    match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNAVAILABLE",
    }
}
