//! OTLP over HTTP, in protobuf, by the same client library as everything else.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use opentelemetry::KeyValue;
use opentelemetry_http::{Bytes, HttpClient, HttpError};
use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;

use crate::config::TelemetryConfig;

/// A collector gets so long for one batch.
const LIMIT: Duration = Duration::from_secs(10);

/// Starts to export; none where no endpoint is configured. The variables of OpenTelemetry's specification are read by
/// its own crates (headers, sampler, intervals), and its endpoint wins over the file's.
pub(super) fn start(
    config: &TelemetryConfig,
    runtime: &Handle,
) -> Result<Option<(SdkTracerProvider, SdkMeterProvider)>, ExporterBuildError> {
    let given = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").is_ok_and(|it| !it.trim().is_empty());
    let file = config.otlp_endpoint.as_ref().filter(|_| !given);
    if !given && file.is_none() {
        return Ok(None);
    }
    let below = |path: &str| {
        let root = file.map(|url| url.as_str().trim_end_matches('/'));
        root.map(|root| format!("{root}{path}"))
    };
    let client = Client::new(runtime)?;
    let mut spans = SpanExporter::builder()
        .with_http()
        .with_http_client(client.clone())
        .with_protocol(Protocol::HttpBinary);
    let mut metrics = MetricExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary);
    if let (Some(traces), Some(measures)) = (below("/v1/traces"), below("/v1/metrics")) {
        spans = spans.with_endpoint(traces);
        metrics = metrics.with_endpoint(measures);
    }
    let resource = resource();
    let tracers = SdkTracerProvider::builder()
        .with_batch_exporter(spans.build()?)
        .with_resource(resource.clone())
        .build();
    let meters = SdkMeterProvider::builder()
        .with_periodic_exporter(metrics.build()?)
        .with_resource(resource)
        .build();
    Ok(Some((tracers, meters)))
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    if std::env::var("OTEL_SERVICE_NAME").is_ok() {
        resource.build()
    } else {
        resource.with_service_name("evenkeel").build()
    }
}

/// The exporters wait on threads of their own, which know no runtime.
#[derive(Clone, Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

impl Client {
    fn new(runtime: &Handle) -> Result<Self, ExporterBuildError> {
        // Fails only where another provider was installed before, and then that one holds.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(LIMIT)
            .user_agent(concat!("evenkeel/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ExporterBuildError::InternalFailure(error.to_string()))?;
        let runtime = runtime.clone();
        Ok(Self { http, runtime })
    }
}

impl HttpClient for Client {
    fn send_bytes<'s, 'f>(
        &'s self,
        request: Request<Bytes>,
    ) -> BoxFuture<'f, Result<Response<Bytes>, HttpError>>
    where
        's: 'f,
        Self: 'f,
    {
        let http = self.http.clone();
        let sending = self.runtime.spawn(async move {
            let response = http.execute(request.try_into()?).await?;
            let mut whole = Response::builder().status(response.status());
            if let Some(headers) = whole.headers_mut() {
                headers.clone_from(response.headers());
            }
            Ok::<_, HttpError>(whole.body(response.bytes().await?)?)
        });
        async move { sending.await? }.boxed()
    }
}
