//! The ways in, and what a caller hears there.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Server, Socket};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    V1Stream,
    V1Whole,
    MessagesStream,
    Messages,
    Api,
    Ws,
}

/// What a caller makes of an answer.
#[derive(Debug)]
pub enum Heard {
    /// A whole answer, which says that it is one.
    Whole {
        text: String,
        model: String,
        fallback: bool,
        usage: Option<(u64, u64)>,
    },
    /// A beginning, and then an error.
    Broken { text: String, reason: String },
    /// An error, and nothing else.
    Refused { kind: String, detail: String },
    /// Something that no client understands.
    Nonsense(String),
}

pub struct Answered {
    pub heard: Heard,
    /// Every byte that came.
    pub raw: String,
}

impl Entrance {
    pub const ALL: [Self; 6] = [
        Self::V1Stream,
        Self::V1Whole,
        Self::MessagesStream,
        Self::Messages,
        Self::Api,
        Self::Ws,
    ];

    pub async fn ask(self, server: &Server, model: &str) -> Answered {
        match self {
            Self::V1Stream | Self::V1Whole => {
                let stream = self == Self::V1Stream;
                let body = json!({"model": model, "stream": stream, "stream_options": {"include_usage": true}, "messages": [{"role": "user", "content": "hi"}]});
                let (fallback, raw) = post(server, "/v1/chat/completions", &body).await;
                let heard = if stream {
                    chunks(&raw, fallback)
                } else {
                    completion(&raw, fallback)
                };
                Answered { heard, raw }
            }
            Self::MessagesStream | Self::Messages => {
                let stream = self == Self::MessagesStream;
                let body = json!({"model": model, "stream": stream, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]});
                let (fallback, raw) = post(server, "/v1/messages", &body).await;
                let heard = if stream {
                    events(&raw, fallback)
                } else {
                    message(&raw, fallback)
                };
                Answered { heard, raw }
            }
            Self::Api => {
                let (_, body) = server
                    .chat("new", json!({"message": "hi", "model": model}))
                    .await;
                let raw = body.to_string();
                let heard = match body.get("message") {
                    Some(message) => stored(message),
                    None => problem(&body),
                };
                Answered { heard, raw }
            }
            Self::Ws => {
                let mut socket = Socket::open(server).await;
                let request_id = Uuid::new_v4().to_string();
                socket
                    .say(json!({"type": "send", "request_id": request_id, "text": "hi", "model": model}))
                    .await;
                let frames = socket.hear_until(&["done", "error"]).await;
                let last = frames.last().unwrap();
                let heard = if last["type"] == "done" {
                    stored(&last["message"])
                } else {
                    Heard::Refused {
                        kind: word(&last["error_type"]),
                        detail: word(&last["error"]),
                    }
                };
                Answered {
                    heard,
                    raw: Value::from(frames).to_string(),
                }
            }
        }
    }
}

async fn post(server: &Server, path: &str, body: &Value) -> (bool, String) {
    let response = server
        .http
        .post(server.url(path))
        .json(body)
        .send()
        .await
        .unwrap();
    let fallback = response
        .headers()
        .get("x-evenkeel-fallback")
        .is_some_and(|value| value == "true");
    (fallback, response.text().await.unwrap())
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn stored(message: &Value) -> Heard {
    if message["status"] != "complete" {
        return Heard::Nonsense(message.to_string());
    }
    let usage = &message["usage"];
    Heard::Whole {
        text: word(&message["text"]),
        model: word(&message["model_name"]),
        fallback: message["fallback"] == true,
        usage: usage["input_tokens"]
            .as_u64()
            .zip(usage["output_tokens"].as_u64()),
    }
}

fn problem(body: &Value) -> Heard {
    let kind = match word(&body["code"]) {
        code if code.is_empty() => word(&body["error"]["type"]),
        code => code.to_lowercase(),
    };
    let detail = match word(&body["detail"]) {
        detail if detail.is_empty() => word(&body["error"]["message"]),
        detail => detail,
    };
    Heard::Refused { kind, detail }
}

fn completion(raw: &str, fallback: bool) -> Heard {
    let Ok(body) = serde_json::from_str::<Value>(raw) else {
        return Heard::Nonsense(raw.to_owned());
    };
    if body.get("error").is_some() {
        return problem(&body);
    }
    Heard::Whole {
        text: word(&body["choices"][0]["message"]["content"]),
        model: word(&body["model"]),
        fallback,
        usage: openai_usage(&body["usage"]),
    }
}

fn openai_usage(usage: &Value) -> Option<(u64, u64)> {
    usage["prompt_tokens"]
        .as_u64()
        .zip(usage["completion_tokens"].as_u64())
}

fn chunks(raw: &str, fallback: bool) -> Heard {
    if raw.starts_with('{') {
        return completion(raw, fallback);
    }
    let (mut text, mut model, mut usage, mut finish, mut error) =
        (String::new(), String::new(), None, false, None);
    let data: Vec<&str> = raw
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect();
    for line in &data {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        if event.get("error").is_some() {
            error = Some(word(&event["error"]["type"]));
        }
        text.push_str(&word(&event["choices"][0]["delta"]["content"]));
        if event["choices"][0].is_object() {
            model = word(&event["model"]);
        }
        finish |= event["choices"][0]["finish_reason"].is_string();
        usage = openai_usage(&event["usage"]).or(usage);
    }
    let done = data.last() == Some(&"[DONE]");
    match (error, done, finish) {
        (None, true, true) => Heard::Whole {
            text,
            model,
            fallback,
            usage,
        },
        (Some(reason), false, false) => Heard::Broken { text, reason },
        _ => Heard::Nonsense(raw.to_owned()),
    }
}

/// Anthropic's form must have counts: where the provider told none, they are 0.
fn anthropic_usage(usage: &Value) -> Option<(u64, u64)> {
    let told = usage["input_tokens"]
        .as_u64()
        .zip(usage["output_tokens"].as_u64());
    told.filter(|told| *told != (0, 0))
}

fn message(raw: &str, fallback: bool) -> Heard {
    let Ok(body) = serde_json::from_str::<Value>(raw) else {
        return Heard::Nonsense(raw.to_owned());
    };
    if body.get("error").is_some() {
        return problem(&body);
    }
    Heard::Whole {
        text: word(&body["content"][0]["text"]),
        model: word(&body["model"]),
        fallback,
        usage: anthropic_usage(&body["usage"]),
    }
}

fn events(raw: &str, fallback: bool) -> Heard {
    if raw.starts_with('{') {
        return message(raw, fallback);
    }
    let (mut text, mut model, mut usage, mut error, mut stopped) =
        (String::new(), String::new(), None, None, false);
    for line in raw.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            return Heard::Nonsense(raw.to_owned());
        };
        match event["type"].as_str() {
            Some("message_start") => model = word(&event["message"]["model"]),
            Some("content_block_delta") => text.push_str(&word(&event["delta"]["text"])),
            Some("message_delta") => usage = anthropic_usage(&event["usage"]),
            Some("message_stop") => stopped = true,
            Some("error") => error = Some(word(&event["error"]["type"])),
            _ => {}
        }
    }
    match (error, stopped) {
        (None, true) => Heard::Whole {
            text,
            model,
            fallback,
            usage,
        },
        (Some(reason), false) => Heard::Broken { text, reason },
        _ => Heard::Nonsense(raw.to_owned()),
    }
}
