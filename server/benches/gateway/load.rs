//! The load: requests one after the other on each of a number of kept connections.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::upstream::LAST_TOKEN;

/// What is sent, whereto, and how the answer is known to be the right one.
#[derive(Clone)]
pub struct Request {
    address: SocketAddr,
    bytes: Vec<u8>,
    expected: &'static str,
}

impl Request {
    /// To the upstream.
    pub fn direct(address: SocketAddr, path: &str, stream: bool) -> Self {
        Self::new(address, path, "m", stream, "HTTP/1.1 200 OK\r\n")
    }

    /// To the gateway.
    pub fn through(address: SocketAddr, model: &str, stream: bool, fallback: bool) -> Self {
        let expected = if fallback {
            "x-evenkeel-fallback: true\r\n"
        } else {
            "x-evenkeel-fallback: false\r\n"
        };
        Self::new(address, "v1", model, stream, expected)
    }

    fn new(
        address: SocketAddr,
        path: &str,
        model: &str,
        stream: bool,
        expected: &'static str,
    ) -> Self {
        let body = format!(
            r#"{{"model":"{model}","stream":{stream},"temperature":0.2,"messages":[{{"role":"system","content":"You are a helpful assistant who answers briefly."}},{{"role":"user","content":"What do circuit breakers have to do with large language models?"}}]}}"#
        );
        let head = format!(
            "POST /{path}/chat/completions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Self {
            address,
            bytes: (head + &body).into_bytes(),
            expected,
        }
    }
}

/// A connection that is used again and again.
pub struct Connection {
    socket: TcpStream,
    /// The response that was read last, or is being read.
    pub response: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(request: &Request) -> Self {
        let socket = TcpStream::connect(request.address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let response = Vec::with_capacity(32 * 1024);
        Self { socket, response }
    }

    /// Sends the request; its response is not read yet.
    pub async fn send(&mut self, request: &Request) {
        self.response.clear();
        self.socket.write_all(&request.bytes).await.unwrap();
    }

    /// Reads more; says whether the response is whole.
    pub async fn read(&mut self) -> bool {
        let read = self.socket.read_buf(&mut self.response).await.unwrap();
        assert!(read > 0, "closed within: {}", self.text());
        self.whole()
    }

    async fn exchange(&mut self, request: &Request) {
        self.send(request).await;
        while !self.read().await {}
    }

    /// Everything is checked once for each connection; while time is taken only the status is.
    fn check(&self, request: &Request, text: &str) {
        let response = self.text();
        for expected in [request.expected, text] {
            assert!(response.contains(expected), "no {expected:?} in {response}");
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.response).into_owned()
    }

    fn whole(&self) -> bool {
        let response = &self.response;
        if response.len() < 12 {
            return false;
        }
        assert!(response.starts_with(b"HTTP/1.1 200"), "{}", self.text());
        if response.ends_with(b"\r\n0\r\n\r\n") {
            return true;
        }
        let Some(head) = response.windows(4).position(|end| end == b"\r\n\r\n") else {
            return false;
        };
        let name = b"content-length: ";
        let Some(at) = response[..head]
            .windows(name.len())
            .position(|it| it == name)
        else {
            return false;
        };
        let digits = response[at + name.len()..].iter();
        let body = digits
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
        response.len() >= head + 4 + body
    }
}

/// Open connections, each of which has served its first request.
pub struct Load(Vec<Connection>);

/// What came of it.
pub struct Measured {
    /// Each request's time.
    pub times: Vec<Duration>,
    /// The time of all together.
    pub elapsed: Duration,
}

impl Load {
    /// Opens the connections and tries each.
    pub async fn open(request: &Request, connections: usize) -> Self {
        let mut load = Self(vec![]);
        for _ in 0..connections {
            let mut connection = Connection::open(request).await;
            connection.exchange(request).await;
            connection.check(request, LAST_TOKEN);
            load.0.push(connection);
        }
        load
    }

    /// Asks for as long as this.
    pub async fn run(self, request: &Request, duration: Duration) -> Measured {
        let started = Instant::now();
        let mut running = JoinSet::new();
        for mut connection in self.0 {
            let request = request.clone();
            running.spawn(async move {
                let mut times = Vec::with_capacity(64 * 1024);
                loop {
                    let sent = Instant::now();
                    connection.exchange(&request).await;
                    times.push(sent.elapsed());
                    if started.elapsed() >= duration {
                        return times;
                    }
                }
            });
        }
        let times = running.join_all().await.concat();
        Measured {
            times,
            elapsed: started.elapsed(),
        }
    }
}
