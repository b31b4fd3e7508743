//! An upstream over a real socket, written byte by byte: it plays one behaviour a request, and the last for ever.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

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

/// A listening upstream and what it has seen.
pub struct Upstream {
    pub base_url: String,
    seen: Arc<Mutex<Vec<(Instant, String)>>>,
    listing: Arc<Mutex<Listing>>,
    demanded: Arc<Mutex<Option<String>>>,
    open: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

/// What an upstream says of its models to whoever asks for them. That is no request for an answer: it plays no behaviour.
#[derive(Default)]
struct Listing {
    says: Says,
    asked: usize,
}

#[derive(Clone, Default)]
enum Says {
    /// That it knows no such route.
    #[default]
    NotFound,
    /// This.
    Body(String),
    /// Nothing, for ever.
    Silence,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    pub async fn start(behaviours: impl IntoIterator<Item = Behaviour>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(behaviours.into_iter().collect::<VecDeque<_>>()));
        let seen = Arc::new(Mutex::new(vec![]));
        let (count, open) = watch::channel(0);
        let count = Arc::new(count);
        let noted = seen.clone();
        let listing = Arc::new(Mutex::new(Listing::default()));
        let listed = listing.clone();
        let demanded = Arc::new(Mutex::new(None));
        let demands = demanded.clone();
        let task = tokio::spawn(async move {
            loop {
                let Ok((socket, _)) = listener.accept().await else {
                    return;
                };
                let (script, noted, count) = (script.clone(), noted.clone(), count.clone());
                let (listed, demands) = (listed.clone(), demands.clone());
                tokio::spawn(async move {
                    count.send_modify(|open| *open += 1);
                    serve(socket, &script, &noted, &listed, &demands).await;
                    count.send_modify(|open| *open -= 1);
                });
            }
        });
        Self {
            base_url,
            seen,
            listing,
            demanded,
            open,
            task,
        }
    }

    /// From now on it refuses every other key, and repeats it as it does so.
    pub fn demand(&self, key: &str) {
        *self.demanded.lock().unwrap() = Some(key.to_owned());
    }

    /// From now on it lists these models, as OpenAI does.
    pub fn list(&self, names: &[&str]) {
        let models: Vec<_> = names
            .iter()
            .map(|name| serde_json::json!({"id": name, "object": "model"}))
            .collect();
        self.list_as(serde_json::json!({"object": "list", "data": models}));
    }

    /// From now on it lists its models in these words.
    pub fn list_as(&self, body: serde_json::Value) {
        self.listing.lock().unwrap().says = Says::Body(body.to_string());
    }

    /// From now on it never answers who asks for its models.
    pub fn list_never(&self) {
        self.listing.lock().unwrap().says = Says::Silence;
    }

    /// How often it was asked for its models.
    pub fn listings(&self) -> usize {
        self.listing.lock().unwrap().asked
    }

    /// An upstream that answers with these words.
    pub async fn answering(words: &'static [&'static str]) -> Self {
        Self::start([Behaviour::Answer(words)]).await
    }

    /// An address where nobody listens.
    pub async fn refusing() -> Self {
        let upstream = Self::start([Behaviour::Reset]).await;
        upstream.task.abort();
        // The listener is dropped with the task.
        while TcpStream::connect(
            upstream
                .base_url
                .trim_start_matches("http://")
                .trim_end_matches("/v1"),
        )
        .await
        .is_ok()
        {
            tokio::task::yield_now().await;
        }
        upstream
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .map(|(_, request)| request.clone())
            .collect()
    }

    /// The texts that the last request holds, each with who says it.
    pub fn last_prompt(&self) -> Vec<(String, String)> {
        let request = self.requests().pop().unwrap();
        let body = request.split_once("\r\n\r\n").unwrap().1;
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let messages = body["messages"].as_array().unwrap().iter();
        messages
            .map(|message| (text(&message["role"]), text(&message["content"])))
            .collect()
    }

    /// When each request came.
    pub fn times(&self) -> Vec<Instant> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .map(|(at, _)| *at)
            .collect()
    }

    /// Waits until every connection is closed; says how long that took.
    pub async fn all_closed(&self) -> Duration {
        let started = Instant::now();
        let mut open = self.open.clone();
        let closed = open.wait_for(|open| *open == 0);
        timeout(Duration::from_secs(20), closed)
            .await
            .expect("a connection stayed open")
            .unwrap();
        started.elapsed()
    }
}

async fn serve(
    mut socket: TcpStream,
    script: &Mutex<VecDeque<Behaviour>>,
    seen: &Mutex<Vec<(Instant, String)>>,
    listing: &Mutex<Listing>,
    demanded: &Mutex<Option<String>>,
) {
    let Some(request) = read_request(&mut socket).await else {
        return;
    };
    let given = request
        .lines()
        .find_map(|line| line.strip_prefix("authorization: Bearer "));
    let given = given.unwrap_or_default().to_owned();
    let wrong = {
        let demanded = demanded.lock().unwrap();
        demanded.as_ref().is_some_and(|demanded| *demanded != given)
    };
    if wrong {
        if request.starts_with("POST ") {
            seen.lock().unwrap().push((Instant::now(), request));
        }
        let refusal = Behaviour::status(401, &format!("Incorrect API key provided: {given}."));
        let _ = play(&mut socket, refusal).await;
        return;
    }
    if request.starts_with("GET ") {
        let says = {
            let mut listing = listing.lock().unwrap();
            listing.asked += 1;
            listing.says.clone()
        };
        let behaviour = match says {
            Says::NotFound => Behaviour::status(404, "no such route"),
            Says::Silence => Behaviour::Silence,
            Says::Body(body) => Behaviour::Status {
                status: 200,
                headers: "",
                body,
            },
        };
        let _ = play(&mut socket, behaviour).await;
        return;
    }
    seen.lock().unwrap().push((Instant::now(), request));
    let behaviour = {
        let mut script = script.lock().unwrap();
        let next = script.pop_front().unwrap();
        if script.is_empty() {
            script.push_back(next.clone());
        }
        next
    };
    // The client may leave at any time; then there is nobody to write to.
    let _ = play(&mut socket, behaviour).await;
}

async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = vec![];
    let mut buffer = [0; 8192];
    let mut whole = None;
    loop {
        let read = socket
            .read(&mut buffer)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        if whole.is_none() {
            whole = length(&bytes);
        }
        if whole.is_some_and(|whole| bytes.len() >= whole) {
            return Some(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

/// How long a request is, once its head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let body = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    Some(head + 4 + body.unwrap_or(0))
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":7}}\n\ndata: [DONE]\n\n";

fn event(word: &str) -> String {
    let chunk = serde_json::json!({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": null}]});
    format!("data: {chunk}\n\n")
}

async fn play(socket: &mut TcpStream, behaviour: Behaviour) -> std::io::Result<()> {
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
