//! An upstream that costs next to nothing: bytes that were prepared beforehand, on a thread of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, interval};

/// Tokens of an answer.
pub const TOKENS: usize = 20;

/// The last of them; a response without it is not whole.
pub const LAST_TOKEN: &str = "token19";

/// Between two tokens of an answer at a pace.
const PACE: Duration = Duration::from_millis(5);

const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// A listening upstream; it lives as long as the process.
pub struct Upstream {
    pub address: SocketAddr,
    connections: Arc<AtomicU64>,
}

impl Upstream {
    /// Starts it; `epoch` is what the times in paced tokens count from.
    pub fn start(epoch: Instant) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let connections = Arc::new(AtomicU64::new(0));
        let counted = connections.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let answers = Arc::new(Answers::prepare());
                while let Ok((socket, _)) = listener.accept().await {
                    counted.fetch_add(1, Ordering::Relaxed);
                    // A client may leave in the middle of an answer.
                    let serving = serve(socket, answers.clone(), epoch);
                    tokio::spawn(async { serving.await.ok() });
                }
            });
        });
        Self {
            address: told.recv().unwrap(),
            connections,
        }
    }

    /// Connections that it has been asked for; few where they are kept and used again.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }
}

/// The responses, by the first segment of the path.
struct Answers {
    whole: Vec<u8>,
    stream: Vec<u8>,
    busy: Vec<u8>,
    /// To whatever else is asked, such as which models there are.
    missing: Vec<u8>,
}

impl Answers {
    fn prepare() -> Self {
        let text: String = (0..TOKENS).map(|place| format!("token{place} ")).collect();
        let whole = format!(
            r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":40,"completion_tokens":20,"total_tokens":60}}}}"#
        );
        let mut stream = STREAM_HEAD.to_owned();
        for place in 0..TOKENS {
            stream.push_str(&chunk(&token(&format!("token{place} "))));
        }
        stream.push_str(&end());
        let busy = r#"{"error":{"message":"The server is overloaded.","type":"server_error","code":null}}"#;
        let json = |status: &str, body: &str| {
            let length = body.len();
            format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .into_bytes()
        };
        Self {
            whole: json("200 OK", &whole),
            stream: stream.into(),
            busy: json("503 Service Unavailable", busy),
            missing: json("404 Not Found", "{}"),
        }
    }
}

fn token(text: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":null}}]}}"#
    )
}

/// An event in a chunk of its own, as servers send them.
fn chunk(data: &str) -> String {
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}

fn end() -> String {
    let finish = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let usage = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":40,"completion_tokens":20,"total_tokens":60}}"#;
    [
        chunk(finish),
        chunk(usage),
        chunk("[DONE]"),
        "0\r\n\r\n".to_owned(),
    ]
    .concat()
}

async fn serve(mut socket: TcpStream, answers: Arc<Answers>, epoch: Instant) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        let Some(length) = request_length(&buffer) else {
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let answer = match buffer.split(|byte| *byte == b'/').nth(1) {
            _ if !buffer.starts_with(b"POST ") => Some(&answers.missing),
            Some(b"whole") => Some(&answers.whole),
            Some(b"stream") => Some(&answers.stream),
            Some(b"busy") => Some(&answers.busy),
            Some(b"paced") => None,
            _ => Some(&answers.missing),
        };
        buffer.drain(..length);
        match answer {
            Some(answer) => socket.write_all(answer).await?,
            None => speak(&mut socket, epoch).await?,
        }
    }
}

/// The length of the first request in the buffer, where it is whole.
fn request_length(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let name = b"content-length: ";
    let at = buffer[..head].windows(name.len()).position(|it| it == name);
    let digits = at.map_or(&[][..], |at| &buffer[at + name.len()..head]);
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let body = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    (buffer.len() >= head + body).then_some(head + body)
}

/// Tokens at a pace; each says when it was sent.
async fn speak(socket: &mut TcpStream, epoch: Instant) -> io::Result<()> {
    socket.write_all(STREAM_HEAD.as_bytes()).await?;
    let mut pace = interval(PACE);
    for _ in 0..TOKENS {
        pace.tick().await;
        let token = token(&format!("@{} ", epoch.elapsed().as_nanos()));
        socket.write_all(chunk(&token).as_bytes()).await?;
    }
    socket.write_all(end().as_bytes()).await
}
