//! Servers that answer with given bytes, and what a family makes of them.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_engine::{Ask, Chunk, Upstream, UpstreamError};
use evenkeel_providers::*;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A request as it came over the wire.
pub struct Seen {
    /// Its first line and its headers, names in lower case.
    pub head: String,
    pub body: String,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The first line without the version.
    pub fn line(&self) -> &str {
        self.head
            .lines()
            .next()
            .unwrap()
            .trim_end_matches(" HTTP/1.1")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
    }
}

/// A server that takes one request for each of these answers, hands it out, and closes the connection.
pub async fn server(answers: Vec<String>) -> (String, mpsc::UnboundedReceiver<Seen>) {
    serve(answers, false).await
}

/// A server that ends its one connection with a reset.
pub async fn resetting_server(answer: &str) -> String {
    serve(vec![answer.to_owned()], true).await.0
}

async fn serve(answers: Vec<String>, reset: bool) -> (String, mpsc::UnboundedReceiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (seen, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let request = read_request(&mut socket).await;
            let _ = seen.send(request);
            socket.write_all(answer.as_bytes()).await.unwrap();
            socket.flush().await.unwrap();
            if reset {
                socket.set_zero_linger().unwrap();
            }
        }
    });
    (address, requests)
}

async fn read_request(socket: &mut TcpStream) -> Seen {
    let mut request = vec![];
    let mut buffer = [0; 4096];
    loop {
        let read = socket.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the request broke off");
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")
                    .map(|n| n.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                let (head, body) = (head.to_owned(), body.to_owned());
                return Seen { head, body };
            }
        }
    }
}

/// A response that ends with its connection.
pub fn response(status: &str, headers: &[(&str, &str)], body: &str) -> String {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\n\r\n{body}")
}

pub fn ok(kind: &str, body: &str) -> String {
    response("200 OK", &[("content-type", kind)], body)
}

/// One of the samples of `tests/corpus`.
pub fn sample(path: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    std::fs::read_to_string(folder.join(path)).unwrap()
}

pub fn no_faults() -> Arc<Faults> {
    Arc::new(Faults::new(Box::new(|_| {})))
}

pub fn me() -> Caller {
    Caller::of_turn("me".into())
}

/// A provider of a family at this address.
pub fn provider(family: Family, base_url: &str, faults: Arc<Faults>) -> Provider {
    let network = Arc::new(Network::new(Duration::from_secs(2)).unwrap());
    let wire = Wire::new("p".into(), network, faults);
    let new = match family {
        Family::OpenAi => Provider::openai,
        Family::Anthropic => Provider::anthropic,
        Family::Gemini => Provider::gemini,
        Family::Ollama => Provider::ollama,
    };
    let key = Secret::new("sk-test-key".into());
    new(wire, &base_url.parse().unwrap(), Some(key))
}

pub fn upstream(family: Family, base_url: &str, faults: Arc<Faults>) -> Arc<dyn Upstream> {
    let prompt = Arc::new(Prompt::conversation([(Speaker::User, "hello")]));
    provider(family, base_url, faults).upstream("m".into(), "model-name", prompt, me())
}

pub async fn ask(family: Family, base_url: &str) -> (Vec<Chunk>, Option<UpstreamError>) {
    collect(upstream(family, base_url, no_faults())).await
}

pub async fn collect(upstream: Arc<dyn Upstream>) -> (Vec<Chunk>, Option<UpstreamError>) {
    let mut chunks = vec![];
    let mut opened = match upstream.open(Ask::Whole).await {
        Ok(opened) => opened.chunks,
        Err(error) => return (chunks, Some(error)),
    };
    while let Some(chunk) = opened.next().await {
        match chunk {
            Ok(chunk) => chunks.push(chunk),
            Err(error) => return (chunks, Some(error)),
        }
    }
    (chunks, None)
}

/// The text of an answer.
pub fn text(chunks: &[Chunk]) -> String {
    let texts = chunks.iter().map(|chunk| match chunk {
        Chunk::Content(text) => text.as_str(),
        Chunk::Reasoning(_)
        | Chunk::Signature(_)
        | Chunk::ToolCall(_)
        | Chunk::Usage(_)
        | Chunk::Finish(_)
        | Chunk::End => "",
    });
    texts.collect()
}
