//! What is told of the inside: logs on stderr, in words or as JSON, and, where an endpoint is configured, spans and
//! metrics over OTLP, named by OpenTelemetry's conventions for generative AI. No prompt and no answer is in any of them.

mod export;
mod meters;
mod request;
mod spans;

use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

pub use request::{current_id, trace};
pub use spans::TurnSpans;

use crate::cli::LogFormat;
use crate::config::TelemetryConfig;

/// The last spans and metrics get so long when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What is exported, until it is told to stop.
#[derive(Default)]
pub struct Telemetry {
    exported: Option<(SdkTracerProvider, SdkMeterProvider)>,
}

impl Telemetry {
    /// Begins to log, and to export where an endpoint is configured. The exporter's requests are made by `runtime`.
    ///
    /// # Errors
    ///
    /// Where the exporter cannot be set up as the configuration says.
    pub fn start(
        format: LogFormat,
        config: &TelemetryConfig,
        runtime: &Handle,
    ) -> Result<Self, ExporterBuildError> {
        let exported = export::start(config, runtime)?;
        let spans = exported.as_ref().map(|(tracers, meters)| {
            meters::install(meters);
            tracing_opentelemetry::layer()
                .with_tracer(tracers.tracer("evenkeel"))
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_tracked_inactivity(false)
                .with_filter(filter_fn(|it| it.is_span() && spans::is_ours(it.target())))
        });
        registry().with(spans).with(logs(format)).init();
        Ok(Self { exported })
    }

    /// Sends what has not been sent yet.
    pub fn stop(self) {
        let Some((tracers, meters)) = self.exported else {
            return;
        };
        if let Err(error) = tracers.shutdown_with_timeout(LAST_WORDS) {
            tracing::warn!(%error, "spans_not_exported");
        }
        if let Err(error) = meters.shutdown_with_timeout(LAST_WORDS) {
            tracing::warn!(%error, "metrics_not_exported");
        }
    }
}

/// Logs on stderr. What an attempt's span holds stands in its event already.
fn logs<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'span> registry::LookupSpan<'span> + Send + Sync,
{
    let filter = EnvFilter::try_from_env("EVENKEEL_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn,reqwest=warn"));
    let filter = filter.and(filter_fn(|it| it.target() != spans::ATTEMPT));
    let layer = fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => layer
            .with_ansi(std::io::stderr().is_terminal())
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    }
}
