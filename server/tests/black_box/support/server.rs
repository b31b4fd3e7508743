//! The server under test: the real binary, on a port of its own, in a folder of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::http::Http;
use super::upstream::Upstream;

/// A running server. It is killed when it is dropped.
pub struct Server {
    pub address: String,
    pub http: Http,
    process: Child,
    log: JoinHandle<String>,
    data: TempDir,
}

/// What a server leaves behind that was asked to stop.
pub struct Stopped {
    pub code: Option<i32>,
    pub log: String,
    pub data: TempDir,
}

impl Server {
    /// A server with this configuration and a fresh folder.
    pub async fn start(config: &str) -> Self {
        Self::start_with(config, &[]).await
    }

    /// The same, with this environment and no other.
    pub async fn start_with(config: &str, environment: &[(&str, &str)]) -> Self {
        Self::start_in(TempDir::new().unwrap(), config, environment).await
    }

    /// A server whose models `a`, `b`, … live on providers `a-provider`, `b-provider`, …, one for each of these upstreams,
    /// each falling back along the rest of the line.
    pub async fn with_upstreams(upstreams: &[&Upstream], resilience: &str) -> Self {
        Self::start(&config(upstreams, resilience)).await
    }

    async fn start_in(data: TempDir, config: &str, environment: &[(&str, &str)]) -> Self {
        let file = data.path().join("evenkeel.toml");
        std::fs::write(&file, config).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&file)
            .arg("--data")
            .arg(data.path())
            .env_clear()
            .envs(environment.iter().copied())
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut errors = process.stderr.take().unwrap();
        let log = tokio::spawn(async move {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text).await;
            text
        });
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = timeout(Duration::from_secs(20), lines.next_line())
            .await
            .unwrap()
            .unwrap();
        let Some(line) = line else {
            panic!("the server did not start: {}", log.await.unwrap())
        };
        let address = line
            .strip_prefix("listening on http://")
            .unwrap()
            .to_owned();
        Self {
            address,
            http: Http::new(),
            process,
            log,
            data,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A turn over `/api`: status and body.
    pub async fn chat(&self, conversation: &str, body: Value) -> (u16, Value) {
        self.post(&format!("/api/conversations/{conversation}/chat"), &body)
            .await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self
            .http
            .post(self.url(path))
            .json(body)
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// A request with or without a body; status and JSON.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self.http.request(method.parse().unwrap(), self.url(path));
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.http.get(self.url(path)).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// One metric's value by its name and labels as they are written.
    pub async fn metric(&self, name: &str) -> f64 {
        let (_, text) = self.get("/metrics").await;
        let text = text.as_str().unwrap().to_owned();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}"))
            .parse()
            .unwrap()
    }

    /// Ends it as `kill -9` does, and starts it again in the same folder.
    pub async fn kill_and_restart(self) -> Self {
        self.kill_and_restart_with(&[]).await
    }

    /// The same, with this environment and no other.
    pub async fn kill_and_restart_with(mut self, environment: &[(&str, &str)]) -> Self {
        self.process.kill().await.unwrap();
        let config = std::fs::read_to_string(self.data.path().join("evenkeel.toml")).unwrap();
        Self::start_in(self.data, &config, environment).await
    }

    /// Asks it to stop, and starts it again in the same folder with this configuration.
    pub async fn restart_with(self, config: &str) -> Self {
        let stopped = self.stop().await;
        assert_eq!(stopped.code, Some(0));
        Self::start_in(stopped.data, config, &[]).await
    }

    /// Where its data is.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Ends it, and gives what it has logged.
    pub async fn into_log(mut self) -> String {
        self.process.kill().await.unwrap();
        self.log.await.unwrap()
    }

    /// Asks it to stop; gives its exit code and what it has logged.
    pub async fn terminate(self) -> (Option<i32>, String) {
        let stopped = self.stop().await;
        (stopped.code, stopped.log)
    }

    /// Asks it to stop; gives what it leaves behind.
    pub async fn stop(mut self) -> Stopped {
        let id = self.process.id().unwrap().to_string();
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .unwrap();
        let status = timeout(Duration::from_secs(40), self.process.wait())
            .await
            .unwrap()
            .unwrap();
        Stopped {
            code: status.code(),
            log: self.log.await.unwrap(),
            data: self.data,
        }
    }
}

/// The key that every test's configuration holds, and that must never be seen again.
pub const KEY: &str = "sk-test-0123456789abcdef-secret";

/// See [`Server::with_upstreams`].
pub fn config(upstreams: &[&Upstream], resilience: &str) -> String {
    let names: Vec<String> = (0..upstreams.len())
        .map(|place| char::from(b'a' + place as u8).to_string())
        .collect();
    let mut text = format!("[resilience]\n{resilience}\n");
    for (place, (name, upstream)) in names.iter().zip(upstreams).enumerate() {
        let rest: Vec<_> = names[place + 1..]
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        text.push_str(&format!(
            "[[providers]]\nid = \"{name}-provider\"\nkind = \"openai\"\nbase_url = \"{}\"\napi_key = \"{KEY}\"\n\
             [[models]]\nid = \"{name}\"\nprovider = \"{name}-provider\"\nname = \"{name}-upstream\"\nfallbacks = [{}]\n",
            upstream.base_url,
            rest.join(", "),
        ));
    }
    text
}
