//! `--open`: the browser is started on the printed address, and is no reason to fail.

#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A server that finds only the programs of this folder, and where it listens.
async fn serve(folder: &Path) -> (Child, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_evenkeel"))
        .args(["--open", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder)
        .env_clear()
        .env("PATH", folder)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = timeout(Duration::from_secs(20), lines.next_line()).await;
    let line = line.unwrap().unwrap().unwrap();
    let address = line.strip_prefix("listening on ").unwrap().to_owned();
    (process, address)
}

#[tokio::test]
async fn the_browser_is_opened_on_the_printed_address() {
    let folder = TempDir::new().unwrap();
    let browser = folder.path().join("xdg-open");
    let pipe = folder.path().join("opened");
    // Written beside and then renamed, so that it is never read half.
    let script = format!(
        "#!/bin/sh\necho \"$1\" > {0}.tmp\n/bin/mv {0}.tmp {0}\n",
        pipe.display()
    );
    std::fs::write(&browser, script).unwrap();
    std::fs::set_permissions(&browser, PermissionsExt::from_mode(0o755)).unwrap();
    let (_process, address) = serve(folder.path()).await;
    let opened = timeout(Duration::from_secs(20), async {
        while !pipe.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    opened.await.unwrap();
    assert_eq!(std::fs::read_to_string(pipe).unwrap().trim(), address);
}

#[tokio::test]
async fn without_a_browser_it_serves_all_the_same() {
    let folder = TempDir::new().unwrap();
    let (mut process, address) = serve(folder.path()).await;
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
    let warned = timeout(Duration::from_secs(20), async {
        while let Some(line) = log.next_line().await.unwrap() {
            if line.contains("WARN") && line.contains("no_browser_opened") {
                return true;
            }
        }
        false
    });
    assert!(warned.await.unwrap());
    let mut connection = TcpStream::connect(address.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let request = b"GET /livez HTTP/1.0\r\n\r\n";
    connection.write_all(request).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
}
