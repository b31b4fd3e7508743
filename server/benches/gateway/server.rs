//! The gateway under test: the release binary, in a folder of its own, on a port of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Linux counts processor time in hundredths of a second, whatever the machine.
const TICK: Duration = Duration::from_millis(10);

/// A running gateway. It is killed when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    process: Child,
    folder: TempDir,
}

impl Server {
    /// Starts it in front of this upstream.
    pub async fn start(upstream: SocketAddr) -> Self {
        let folder = TempDir::new().unwrap();
        let config = folder.path().join("evenkeel.toml");
        std::fs::write(&config, configuration(upstream)).unwrap();
        let binary = std::env::var_os("EVENKEEL_BIN");
        let mut process = Command::new(binary.unwrap_or(env!("CARGO_BIN_EXE_evenkeel").into()))
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .arg("--data")
            .arg(folder.path())
            .env_clear()
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("log")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap();
        let address = line
            .as_deref()
            .and_then(|line| line.strip_prefix("listening on http://"));
        let Some(address) = address else {
            let log = std::fs::read_to_string(folder.path().join("log"));
            panic!("the server did not start: {}", log.unwrap())
        };
        Self {
            address: address.parse().unwrap(),
            process,
            folder,
        }
    }

    /// Holds a model's circuit open, as an administrator does.
    pub async fn open_circuit(&self, model: &str) {
        let body = r#"{"action":"open"}"#;
        let request = format!(
            "POST /api/admin/models/{model}/circuit HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        socket.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 204"), "{response}");
    }

    /// Processor time of the process until now; zero where the system does not tell.
    pub fn processor_time(&self) -> Duration {
        let stat = self.proc("stat").unwrap_or_default();
        // The name before the bracket may hold anything; the 14th and 15th fields are counted from there.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks = fields.split_whitespace().skip(11).take(2);
        TICK * ticks.map(|field| field.parse::<u32>().unwrap()).sum()
    }

    /// Resident memory in KiB; zero where the system does not tell.
    pub fn resident(&self) -> u64 {
        let status = self.proc("status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
            .unwrap_or_default()
    }

    fn proc(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.process.id()?)).ok()
    }

    /// Asks it to stop and waits.
    pub async fn stop(mut self) {
        let id = self.process.id().unwrap().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(asked.unwrap().success());
        let status = self.process.wait().await.unwrap();
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        let tail = log.get(log.len().saturating_sub(2000)..);
        assert!(status.success(), "{status}: {tail:?}");
    }
}

/// Circuits that never open by themselves, or the fallback's line would soon be that of an open circuit.
fn configuration(upstream: SocketAddr) -> String {
    let mut text = String::from(
        "[resilience]\ncircuit_threshold = 1000000000\ncircuit_failure_rate = 0.0\nretries_before_fallback = 0\nretry_base_delay = \"0.001ms\"\nretry_max_delay = \"0.001ms\"\n",
    );
    for (model, path, further) in [
        ("plain", "stream", "fallbacks = []"),
        ("paced", "paced", "fallbacks = []"),
        ("busy", "busy", "fallbacks = [\"plain\"]"),
        ("open", "busy", "fallbacks = [\"plain\"]"),
        (
            "retried",
            "busy",
            "fallbacks = [\"plain\"]\nresilience.retries_before_fallback = 1",
        ),
    ] {
        text.push_str(&format!(
            "[[providers]]\nid = \"{model}-provider\"\nkind = \"openai\"\nbase_url = \"http://{upstream}/{path}\"\napi_key = \"sk-of-no-use-0123456789\"\n\
             [[models]]\nid = \"{model}\"\nprovider = \"{model}-provider\"\nname = \"m\"\n{further}\n",
        ));
    }
    text
}
