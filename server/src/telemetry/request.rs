//! The span of a request over HTTP, and the id by which the log, the response and the error know it.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::Status;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

use super::spans::SHOWN;

tokio::task_local! {
    static CURRENT: Arc<str>;
}

/// The id of the request that is being served; outside of any, a new one.
pub fn current_id() -> String {
    let current = CURRENT.try_with(|id| id.to_string());
    current.unwrap_or_else(|_| Uuid::now_v7().to_string())
}

/// Gives each request its id and its span, which continues the caller's trace.
pub async fn trace(request: Request, next: Next) -> Response {
    let id: Arc<str> = Uuid::now_v7().to_string().into();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let Some(route) = route else {
        // Files of the pages.
        return CURRENT.scope(id, next.run(request)).await;
    };
    let span = open(request.method(), route.as_str(), &id);
    follow(&span, request.headers());
    let work = CURRENT.scope(id.clone(), next.run(request));
    let mut response = work.instrument(span.clone()).await;
    let status = response.status();
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().entry("x-request-id").or_insert(id);
    }
    response
}

fn open(method: &Method, route: &str, request_id: &str) -> Span {
    // Somebody asks for these every few seconds.
    if matches!(route, "/livez" | "/readyz" | "/metrics") {
        return Span::none();
    }
    let name = format!("{method} {route}");
    let span = tracing::info_span!(
        target: SHOWN,
        "request",
        request_id,
        otel.name = name.as_str(),
        otel.kind = "server",
    );
    span.set_attribute("http.request.method", method.as_str().to_owned());
    span.set_attribute("http.route", route.to_owned());
    span
}

/// Continues the trace that the caller names in `traceparent`.
fn follow(span: &Span, headers: &HeaderMap) {
    if span.is_disabled() || !headers.contains_key("traceparent") {
        return;
    }
    let parent = TraceContextPropagator::new().extract(&Headers(headers));
    // Fails only where nothing is exported.
    let _ = span.set_parent(parent);
}

struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
