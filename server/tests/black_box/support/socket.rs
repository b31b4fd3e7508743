//! A client of `/ws`.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::Server;

/// An open socket that has said hello.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub hello: Value,
}

impl Socket {
    pub async fn open(server: &Server) -> Self {
        let (stream, _) = connect_async(format!("ws://{}/ws", server.address))
            .await
            .unwrap();
        let mut socket = Self {
            stream,
            hello: Value::Null,
        };
        socket.say(json!({"type": "hello", "protocol": 1})).await;
        socket.hello = socket.hear().await;
        assert_eq!(socket.hello["type"], "hello");
        socket
    }

    pub async fn say(&mut self, frame: Value) {
        self.say_text(&frame.to_string()).await;
    }

    pub async fn say_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// Writes these bytes past the protocol.
    pub async fn say_raw(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
    }

    /// The next frame.
    pub async fn hear(&mut self) -> Value {
        loop {
            let message = timeout(Duration::from_secs(30), self.stream.next()).await;
            match message
                .expect("nothing was heard for 30 s")
                .unwrap()
                .unwrap()
            {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("not a frame: {other:?}")
                }
            }
        }
    }

    /// The next frame, if one comes within this time.
    pub async fn hear_within(&mut self, time: Duration) -> Option<Value> {
        timeout(time, self.hear()).await.ok()
    }

    /// Frames until one of this type, that included.
    pub async fn hear_until(&mut self, kinds: &[&str]) -> Vec<Value> {
        let mut frames = vec![];
        loop {
            let frame = self.hear().await;
            let found = kinds.iter().any(|kind| frame["type"] == *kind);
            frames.push(frame);
            if found {
                return frames;
            }
        }
    }

    /// Sends a message and hears its turn to the end.
    pub async fn ask(&mut self, send: Value) -> Vec<Value> {
        self.say(send).await;
        self.hear_until(&["done", "error"]).await
    }
}

/// A `send` with a fresh id.
pub fn send(id: &str, text: &str, model: &str) -> Value {
    json!({"type": "send", "request_id": id, "text": text, "model": model})
}

/// The answer's text as the deltas gave it.
pub fn text(frames: &[Value]) -> String {
    frames
        .iter()
        .filter(|frame| frame["type"] == "delta")
        .map(|frame| frame["text"].as_str().unwrap())
        .collect()
}

/// The seqs must run from `first` without gaps.
pub fn assert_gapless(frames: &[Value], first: u64) {
    let seqs: Vec<_> = frames
        .iter()
        .filter_map(|frame| frame["seq"].as_u64())
        .collect();
    let expected: Vec<_> = (first..first + seqs.len() as u64).collect();
    assert_eq!(seqs, expected);
}
