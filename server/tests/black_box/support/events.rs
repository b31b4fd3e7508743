//! A streamed response of `/v1`, read to its end.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::Server;

/// The events of one response.
pub struct Events {
    pub headers: HeaderMap,
    /// Each event's name, where it has one, and its data; what is no JSON is a string.
    pub events: Vec<(Option<String>, Value)>,
}

impl Events {
    /// Asks with this body, and reads the answer to its end.
    pub async fn of(server: &Server, path: &str, body: &Value) -> Self {
        let request = server.http.post(server.url(path)).json(body);
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        assert_eq!(status, 200, "{text}");
        assert_eq!(headers["content-type"], "text/event-stream");
        let events = text.split_terminator("\n\n").map(|event| {
            let name = event.lines().find_map(|line| line.strip_prefix("event: "));
            let data = event.lines().find_map(|line| line.strip_prefix("data: "));
            let data = data.unwrap_or_default();
            let value = serde_json::from_str(data).unwrap_or_else(|_| json!(data));
            (name.map(str::to_owned), value)
        });
        let events = events.collect();
        Self { headers, events }
    }

    /// A header that must be there.
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn data(&self) -> impl Iterator<Item = &Value> {
        self.events.iter().map(|(_, data)| data)
    }

    /// The event so many places before the end; 0 is the last.
    pub fn last(&self, before: usize) -> &Value {
        &self.events[self.events.len() - 1 - before].1
    }

    /// The end mark of OpenAI's streams came.
    pub fn done(&self) -> bool {
        self.data().any(|data| data == "[DONE]")
    }

    /// The text of a chat completion.
    pub fn content(&self) -> String {
        let text =
            |event: &Value| Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned());
        self.data().filter_map(text).collect()
    }

    /// The model of each chunk that has text, with its text.
    pub fn spoken(&self) -> Vec<(&str, &str)> {
        let spoken = |event| {
            let event: &Value = event;
            let text = event["choices"][0]["delta"]["content"].as_str()?;
            Some((event["model"].as_str()?, text))
        };
        self.data().filter_map(spoken).collect()
    }
}
