//! Serving: from a configuration to an open port, and from a signal to a clean end.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::routing::get;
use axum::serve::ListenerExt;
use evenkeel_store::{Store, StoreError};
use leptos::config::{LeptosOptions, get_configuration};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::cli::Serve;
use crate::config::{Config, Source};
use crate::live::Started;
use crate::shared::{SetUpError, Shared};
use crate::{alerts, api, discovery, health, janitor, pages, security, telemetry, ws};

/// Running turns get this long when the server is told to stop.
const DRAIN: Duration = Duration::from_secs(30);

/// Connections get this long after the turns.
const CLOSE: Duration = Duration::from_secs(3);

/// The server cannot start, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// One local user with all roles is for this machine alone.
    #[error(
        "server.listen: {0} is no loopback address; in local mode everybody who can reach the server is its administrator, so listen on 127.0.0.1 or [::1]"
    )]
    NotLoopback(SocketAddr),
    /// The port.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The database.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// A part.
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    /// The pages' files.
    #[error("the pages cannot be served: {0}")]
    Pages(String),
    /// The sockets.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Refuses addresses that others could reach.
///
/// # Errors
///
/// For anything but loopback.
pub fn loopback_only(listen: SocketAddr) -> Result<(), ServeError> {
    if listen.ip().is_loopback() {
        Ok(())
    } else {
        Err(ServeError::NotLoopback(listen))
    }
}

/// Serves until a signal ends it.
///
/// # Errors
///
/// Where the server cannot start.
pub async fn serve(source: Source, config: Config, options: Serve) -> Result<(), ServeError> {
    let listen = options.listen.unwrap_or(config.listen);
    loopback_only(listen)?;
    let data = options.data.unwrap_or_else(|| PathBuf::from("data"));
    let store = Store::open(&config.storage_url, &data).await?;
    let interrupted = store.interrupt_unfinished().await?;
    if interrupted > 0 {
        tracing::warn!(
            answers = interrupted,
            "answers_interrupted_by_the_last_stop"
        );
    }
    let started = Started::find(source, config, &store, &data).await?;
    let shared = Shared::new(started, store, page_options(listen)?)?;
    janitor::begin(&shared.store, shared.clock.now()).await?;
    if let Err(error) = health::restore(&shared.health, &shared.store).await {
        tracing::warn!(%error, "health_not_restored");
    }
    log_providers(&shared);
    let expiring = shared.faults.clone();
    let expiry = tokio::spawn(async move { expiring.expire().await });
    let janitor = tokio::spawn(janitor::keep(shared.clone()));
    let keeping = tokio::spawn(health::keep(shared.clone()));

    let listener = TcpListener::bind(listen)
        .await
        .map_err(|source| ServeError::Listen {
            address: listen,
            source,
        })?;
    let address = listener.local_addr()?;
    let alerting = alerts::start(&shared, address).await?;
    // Before anybody is told that the server is there.
    let stop = stop_signal()?;
    {
        let mut stdout = std::io::stdout().lock();
        // Nobody may be reading.
        let _ = writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush());
    }
    if options.open {
        open_browser(address);
    }
    let discovering = discovery::start(&shared);
    let shutdown = shared.shutdown.clone();
    let listener = listener.tap_io(|connection| {
        // A small event would otherwise wait until the client has acknowledged the one before it.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "connection_delays_small_writes");
        }
    });
    let server = axum::serve(listener, router(&shared))
        .with_graceful_shutdown(async move { shutdown.cancelled().await });
    let serving = tokio::spawn(server.into_future());
    stop.await;
    drain(&shared).await;
    expiry.abort();
    janitor.abort();
    keeping.abort();
    drop(discovering);
    drop(alerting);
    if timeout(CLOSE, serving).await.is_err() {
        tracing::warn!("connections_closed_by_force");
    }
    shared.attempts.close().await;
    shared.store.close().await;
    Ok(())
}

/// Shows the pages in the user's browser. Where there is none, the address on stdout has to do.
fn open_browser(address: SocketAddr) {
    // It may start programs one after the other until one succeeds.
    tokio::task::spawn_blocking(move || {
        if let Err(error) = open::that_detached(format!("http://{address}")) {
            tracing::warn!(%error, "no_browser_opened");
        }
    });
}

/// Every route, under what holds for all of them.
fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/ws", get(ws::upgrade))
        .merge(api::routes())
        .merge(pages::routes(shared))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            crate::error::catch_panics,
        ))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            security::guard,
        ))
        .layer(middleware::from_fn(telemetry::trace))
        .with_state(shared.clone())
}

/// No new turns; those that run get their time.
async fn drain(shared: &Shared) {
    shared.tasks.close();
    tracing::info!(running = shared.tasks.len(), "draining");
    if timeout(DRAIN, shared.tasks.wait()).await.is_err() {
        tracing::warn!(
            running = shared.tasks.len(),
            "turns_interrupted_by_the_stop"
        );
    }
    shared.shutdown.cancel();
}

/// Listens for the signals that end the server from now on; resolves with the first.
fn stop_signal() -> Result<impl Future<Output = ()>, std::io::Error> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// The pages' files lie in `target/site`, where the build puts them, or beside the program.
fn page_options(listen: SocketAddr) -> Result<LeptosOptions, ServeError> {
    let configuration =
        get_configuration(None).map_err(|error| ServeError::Pages(error.to_string()))?;
    let mut options = configuration.leptos_options;
    options.site_addr = listen;
    // The build leaves this file beside the program when the files' names carry their hashes.
    let hashes = std::env::current_exe()
        .ok()
        .map(|program| program.with_file_name(&*options.hash_file));
    options.hash_files = hashes.is_some_and(|hashes| hashes.is_file());
    if !Path::new(&*options.site_root).is_dir() {
        tracing::warn!(
            site_root = &*options.site_root,
            "no_pages: start the server from the repository's root, or set LEPTOS_SITE_ROOT"
        );
    }
    Ok(options)
}

fn log_providers(shared: &Shared) {
    let catalog = shared.catalog();
    let order: Vec<_> = catalog
        .providers()
        .iter()
        .map(|provider| provider.id.as_str())
        .collect();
    let primary = catalog.default_model().as_str();
    tracing::info!(?order, primary, "providers_initialised");
}
