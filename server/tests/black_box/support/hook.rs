//! A receiver of webhooks over a real socket.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// It answers with these statuses in turn, and with the last for ever.
pub struct Hook {
    pub url: String,
    statuses: Arc<Mutex<Vec<u16>>>,
    heard: tokio::sync::Mutex<mpsc::UnboundedReceiver<(HeaderMap, Vec<u8>)>>,
}

impl Hook {
    pub async fn start(statuses: impl IntoIterator<Item = u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let statuses: Vec<_> = statuses.into_iter().collect();
        let statuses = Arc::new(Mutex::new(statuses));
        let (tell, heard) = mpsc::unbounded_channel();
        let script = statuses.clone();
        tokio::spawn(async move {
            // One at a time: nobody is to send two at once.
            while let Ok((socket, _)) = listener.accept().await {
                let request = serve(socket, &script).await;
                if request.is_some_and(|request| tell.send(request).is_err()) {
                    return;
                }
            }
        });
        Self {
            url,
            statuses,
            heard: tokio::sync::Mutex::new(heard),
        }
    }

    /// From now on it answers with this.
    pub fn answer_with(&self, status: u16) {
        *self.statuses.lock().unwrap() = vec![status];
    }

    /// The next request's headers and bytes.
    pub async fn next_bytes(&self) -> (HeaderMap, Vec<u8>) {
        let mut heard = self.heard.lock().await;
        let next = timeout(Duration::from_secs(30), heard.recv()).await;
        next.expect("nothing came for 30 s").unwrap()
    }

    /// The next request's headers and text.
    pub async fn next(&self) -> (HeaderMap, String) {
        let (headers, body) = self.next_bytes().await;
        (headers, String::from_utf8(body).unwrap())
    }

    /// The next request with another text.
    pub async fn next_after(&self, before: &str) -> (HeaderMap, String) {
        loop {
            let (headers, body) = self.next().await;
            if body != before {
                return (headers, body);
            }
        }
    }
}

async fn serve(socket: TcpStream, script: &Mutex<Vec<u16>>) -> Option<(HeaderMap, Vec<u8>)> {
    let mut socket = BufReader::new(socket);
    let mut headers = HeaderMap::new();
    let mut line = String::new();
    socket.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    headers.insert("x-hook-path", HeaderValue::from_str(&path).ok()?);
    loop {
        line.clear();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.append(name, HeaderValue::from_str(value).ok()?);
        }
    }
    let length = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    let status = {
        let mut script = script.lock().unwrap();
        if script.len() > 1 {
            script.remove(0)
        } else {
            script[0]
        }
    };
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    socket.get_mut().write_all(head.as_bytes()).await.ok()?;
    Some((headers, body))
}
