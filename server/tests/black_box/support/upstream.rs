//! An upstream over a real socket, written byte by byte: it plays one behaviour a request, and the last for ever.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::behaviour::{Behaviour, play};

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
