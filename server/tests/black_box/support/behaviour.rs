//! What an upstream does with a request, and how it is done byte by byte.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// What an upstream does with one request.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Streams these words, and ends as it should.
    Answer(&'static [&'static str]),
    /// Streams numbered words at this pace, and ends as it should.
    Count { to: usize, every: Duration },
    /// This status, with these header lines and this body.
    Status {
        status: u16,
        headers: &'static str,
        body: String,
    },
    /// Closes the connection before any header, with a reset.
    Reset,
    /// Takes the request and says nothing.
    Silence,
    /// Streams these words, then breaks the connection.
    Cut(&'static [&'static str]),
    /// Streams these words, then ends cleanly without a finish reason.
    EndEarly(&'static [&'static str]),
    /// Streams these words, then stands still.
    Stall(&'static [&'static str]),
    /// These bytes as a 200 event stream, then a clean end.
    Raw(&'static str),
    /// Whatever is written down, one after the other, headers and all.
    Acts(Vec<Act>),
}

/// One thing that an upstream does.
#[derive(Clone, Debug)]
pub enum Act {
    /// Writes these bytes.
    Write(Vec<u8>),
    /// Writes these bytes one by one.
    Dribble(Vec<u8>),
    /// Does nothing for this long, unless the client leaves.
    Wait(Duration),
    /// Does nothing until the client leaves.
    Hang,
    /// Breaks the connection with a reset.
    Reset,
}

impl Behaviour {
    pub fn status(status: u16, message: &str) -> Self {
        let body = serde_json::json!({"error": {"message": message}}).to_string();
        Self::Status {
            status,
            headers: "",
            body,
        }
    }

    pub fn status_with(status: u16, headers: &'static str, message: &str) -> Self {
        let body = serde_json::json!({"error": {"message": message}}).to_string();
        Self::Status {
            status,
            headers,
            body,
        }
    }
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":7}}\n\ndata: [DONE]\n\n";

fn event(word: &str) -> String {
    let chunk = serde_json::json!({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": null}]});
    format!("data: {chunk}\n\n")
}

pub async fn play(socket: &mut TcpStream, behaviour: Behaviour) -> std::io::Result<()> {
    let words = |words: &[&str]| words.iter().map(|word| event(word)).collect::<String>();
    match behaviour {
        Behaviour::Answer(text) => {
            socket
                .write_all(format!("{HEAD}{}{END}", words(text)).as_bytes())
                .await?
        }
        Behaviour::Count { to, every } => {
            socket.write_all(HEAD.as_bytes()).await?;
            for number in 1..=to {
                socket
                    .write_all(event(&format!("{number} ")).as_bytes())
                    .await?;
                // Notice a client that has left even while nothing is written.
                let mut byte = [0];
                if let Ok(Ok(0)) = timeout(every, socket.read(&mut byte)).await {
                    return Ok(());
                }
            }
            socket.write_all(END.as_bytes()).await?;
        }
        Behaviour::Status {
            status,
            headers,
            body,
        } => {
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
                body.len()
            );
            socket.write_all(format!("{head}{body}").as_bytes()).await?;
        }
        Behaviour::Reset => socket.set_zero_linger()?,
        Behaviour::Silence => until_left(socket).await,
        Behaviour::Cut(text) => {
            socket
                .write_all(format!("{HEAD}{}", words(text)).as_bytes())
                .await?;
            socket.flush().await?;
            // What was written must arrive before the reset overtakes it.
            sleep(Duration::from_millis(50)).await;
            socket.set_zero_linger()?;
        }
        Behaviour::EndEarly(text) => {
            socket
                .write_all(format!("{HEAD}{}", words(text)).as_bytes())
                .await?
        }
        Behaviour::Stall(text) => {
            socket
                .write_all(format!("{HEAD}{}", words(text)).as_bytes())
                .await?;
            until_left(socket).await;
        }
        Behaviour::Raw(bytes) => {
            socket
                .write_all(format!("{HEAD}{bytes}").as_bytes())
                .await?
        }
        Behaviour::Acts(acts) => {
            for act in acts {
                match act {
                    Act::Write(bytes) => socket.write_all(&bytes).await?,
                    Act::Dribble(bytes) => {
                        socket.set_nodelay(true)?;
                        for byte in bytes {
                            socket.write_all(&[byte]).await?;
                            tokio::task::yield_now().await;
                        }
                    }
                    Act::Wait(time) => {
                        let mut byte = [0];
                        if let Ok(Ok(0)) = timeout(time, socket.read(&mut byte)).await {
                            return Ok(());
                        }
                    }
                    Act::Hang => until_left(socket).await,
                    Act::Reset => {
                        socket.flush().await?;
                        // What was written must arrive before the reset overtakes it.
                        sleep(Duration::from_millis(50)).await;
                        socket.set_zero_linger()?;
                    }
                }
            }
        }
    }
    socket.flush().await
}

/// Waits until the client closes the connection.
async fn until_left(socket: &mut TcpStream) {
    let mut byte = [0];
    while matches!(socket.read(&mut byte).await, Ok(read) if read > 0) {}
}
