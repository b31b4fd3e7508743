//! Logs as JSON, and what a real OTLP receiver gets, decoded.

#![expect(clippy::panic, reason = "a test may fail by panicking")]

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};

use crate::support::{Behaviour, Hook, Server, Upstream, config};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
const PROMPT: &str = "a-prompt-that-nobody-else-may-read";

/// What the receiver has got.
#[derive(Default)]
struct Got {
    spans: Vec<Span>,
    metrics: Vec<Metric>,
    services: Vec<String>,
    bytes: Vec<u8>,
}

impl Got {
    /// Receives until this holds.
    async fn until(&mut self, hook: &Hook, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            let (headers, body) = hook.next_bytes().await;
            self.bytes.extend_from_slice(&body);
            assert_eq!(headers["content-type"], "application/x-protobuf");
            match headers["x-hook-path"].to_str().unwrap() {
                "/v1/traces" => {
                    let request = ExportTraceServiceRequest::decode(&*body).unwrap();
                    for of in request.resource_spans {
                        let resource = attributes(&of.resource.unwrap().attributes);
                        self.services.push(resource["service.name"].clone());
                        let spans = of.scope_spans.into_iter().flat_map(|scope| scope.spans);
                        self.spans.extend(spans);
                    }
                }
                "/v1/metrics" => {
                    let request = ExportMetricsServiceRequest::decode(&*body).unwrap();
                    let resources = request.resource_metrics.into_iter();
                    let scopes = resources.flat_map(|of| of.scope_metrics);
                    self.metrics = scopes.flat_map(|scope| scope.metrics).collect();
                }
                other => panic!("{other}"),
            }
        }
    }

    fn named(&self, name: &str) -> Option<&Span> {
        self.spans.iter().find(|span| span.name == name)
    }
}

fn attributes(of: &[KeyValue]) -> HashMap<String, String> {
    let said = |value: &KeyValue| match value.value.as_ref().and_then(|it| it.value.as_ref()) {
        Some(Any::StringValue(text)) => text.clone(),
        Some(Any::IntValue(number)) => number.to_string(),
        Some(Any::BoolValue(flag)) => flag.to_string(),
        Some(Any::DoubleValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    of.iter().map(|it| (it.key.clone(), said(it))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn receiver(hook: &Hook) -> String {
    hook.url.trim_end_matches("/hook").to_owned()
}

#[tokio::test]
async fn a_turns_spans_arrive_with_its_request_id_and_its_attempts() {
    let a = Upstream::start([Behaviour::status(401, "no such key")]).await;
    let answer = "data: {\"choices\":[{\"delta\":{\"content\":\"an answer of nobody's business\"}}]}\n\n\
                  data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":3}}\n\n\
                  data: [DONE]\n\n";
    let b = Upstream::start([Behaviour::Raw(answer)]).await;
    let hook = Hook::start([200]).await;
    let endpoint = receiver(&hook);
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "300"),
    ];
    let assistant = "[[assistants]]\nid = \"qa\"\nmodel = \"a\"\n";
    let text = config(&[&a, &b], "") + assistant;
    let server = Server::start_with(&text, &environment).await;
    let body = json!({"model": "qa", "messages": [{"role": "user", "content": PROMPT}]});
    let response = server
        .http
        .post(server.url("/v1/chat/completions"))
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let request_id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();

    let mut got = Got::default();
    let whole = |got: &Got| got.named("turn").is_some() && got.metrics.len() >= 3;
    let asked = "POST /v1/chat/completions";
    got.until(&hook, |got| whole(got) && got.named(asked).is_some())
        .await;
    assert!(got.services.iter().all(|name| name == "evenkeel"));
    let span = |name: &str| {
        let found = got.named(name);
        let names: Vec<_> = got.spans.iter().map(|span| &span.name).collect();
        found.unwrap_or_else(|| panic!("no {name} in {names:?}"))
    };
    let (request, turn) = (span(asked), span("turn"));
    let (failed, answered) = (span("chat a-upstream"), span("chat b-upstream"));
    for one in [turn, failed, answered] {
        assert_eq!(attributes(&one.attributes)["evenkeel.assistant"], "qa");
    }
    for one in [request, turn, failed, answered] {
        assert_eq!(hex(&one.trace_id), TRACE, "{}", one.name);
        assert_eq!(attributes(&one.attributes)["request_id"], request_id);
        assert!(one.end_time_unix_nano >= one.start_time_unix_nano);
    }
    assert_eq!(hex(&request.parent_span_id), CALLER);
    assert_eq!(turn.parent_span_id, request.span_id);
    for attempt in [failed, answered] {
        assert_eq!(attempt.parent_span_id, turn.span_id);
        let of = attributes(&attempt.attributes);
        assert_eq!(of["gen_ai.operation.name"], "chat");
        assert_eq!(of["gen_ai.provider.name"], "openai");
        // A client's.
        assert_eq!(attempt.kind, 3);
    }
    assert_eq!(request.kind, 2);
    let of = attributes(&request.attributes);
    assert_eq!(of["http.response.status_code"], "200");
    let of = attributes(&failed.attributes);
    assert_eq!(of["gen_ai.request.model"], "a-upstream");
    assert_eq!(
        (&*of["error.type"], &*of["http.response.status_code"]),
        ("auth_error", "401")
    );
    assert_eq!(failed.status.as_ref().unwrap().code, 2);
    let of = attributes(&answered.attributes);
    assert_eq!(of["gen_ai.response.model"], "b-upstream");
    assert_eq!(of["gen_ai.usage.input_tokens"], "11");
    assert_eq!(of["gen_ai.usage.output_tokens"], "3");
    assert_eq!(of["evenkeel.attempt.kind"], "fallback");
    let of = attributes(&turn.attributes);
    assert_eq!(
        (&*of["evenkeel.attempts"], &*of["gen_ai.response.model"]),
        ("2", "b-upstream")
    );

    let metric = |name: &str| {
        let found = got.metrics.iter().find(|metric| metric.name == name);
        match found.unwrap_or_else(|| panic!("no {name}")).data.as_ref() {
            Some(Data::Histogram(histogram)) => histogram.data_points.clone(),
            other => panic!("{name}: {other:?}"),
        }
    };
    let durations = metric("gen_ai.client.operation.duration");
    assert_eq!(durations.len(), 2);
    let errors = durations.iter().map(|point| attributes(&point.attributes));
    let errors: Vec<_> = errors
        .filter_map(|mut of| of.remove("error.type"))
        .collect();
    assert_eq!(errors, ["auth_error"]);
    let tokens = metric("gen_ai.client.token.usage");
    let input = tokens
        .iter()
        .find(|point| attributes(&point.attributes)["gen_ai.token.type"] == "input");
    assert_eq!(input.unwrap().sum, Some(11.0));
    assert_eq!(
        metric("gen_ai.client.operation.time_to_first_chunk").len(),
        1
    );

    // Neither question nor answer is in it, and no provider is told of the trace.
    let said = String::from_utf8_lossy(&got.bytes).into_owned();
    for secret in [
        PROMPT,
        "nobody's business",
        "no such key",
        crate::support::KEY,
    ] {
        assert!(!said.contains(secret), "{secret}");
    }
    for request in [a.requests(), b.requests()].concat() {
        assert!(!request.to_lowercase().contains("traceparent"), "{request}");
    }
}

#[tokio::test]
async fn a_turn_of_the_chat_is_within_the_request_that_asked_for_it() {
    let hook = Hook::start([200]).await;
    let file = format!("[telemetry]\notlp_endpoint = \"{}\"\n", receiver(&hook));
    // What is left is sent when the server stops.
    let delay = [("OTEL_BSP_SCHEDULE_DELAY", "60000")];
    let server = Server::start_with(&file, &delay).await;
    let (status, _) = server.chat("new", json!({"message": PROMPT})).await;
    assert_eq!(status, 200);
    let (code, _) = server.terminate().await;
    assert_eq!(code, Some(0));
    let mut got = Got::default();
    let asked = "POST /api/conversations/{id}/chat";
    got.until(&hook, |got| {
        got.named(asked).is_some() && got.named("turn").is_some()
    })
    .await;
    let (request, turn) = (got.named(asked).unwrap(), got.named("turn").unwrap());
    assert_eq!(turn.parent_span_id, request.span_id);
    let id = |span: &Span| attributes(&span.attributes)["request_id"].clone();
    assert_eq!(id(turn), id(request));
    assert!(!String::from_utf8_lossy(&got.bytes).contains(PROMPT));
}

#[tokio::test]
async fn a_collector_that_is_away_keeps_nobody_waiting() {
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ];
    let server = Server::start_with("", &environment).await;
    for _ in 0..3 {
        assert_eq!(server.chat("new", json!({"message": "hello"})).await.0, 200);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (code, log) = server.terminate().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("opentelemetry"), "somebody is told: {log}");
}

#[tokio::test]
async fn logs_are_json_where_that_is_asked_for() {
    let a = Upstream::start([Behaviour::status(500, "broken")]).await;
    let b = Upstream::answering(&["hello"]).await;
    let format = [("EVENKEEL_LOG_FORMAT", "json")];
    let server = Server::start_with(&config(&[&a, &b], "max_retries = 0"), &format).await;
    let question = json!({"message": "hi", "model": "a"});
    assert_eq!(server.chat("new", question).await.0, 200);
    let log = server.into_log().await;
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let named = |name: &str| {
        let found = events.iter().filter(|event| event["message"] == name);
        found.collect::<Vec<_>>()
    };
    let attempts = named("llm_attempt");
    assert_eq!(attempts.len(), 2, "{log}");
    let id = &attempts[0]["request_id"];
    assert!(id.is_string());
    for event in [&attempts[..], &named("fallback_model_succeeded")].concat() {
        assert_eq!(&event["request_id"], id, "{event}");
        let spans = event["spans"].as_array().unwrap();
        let names: Vec<_> = spans.iter().map(|span| &span["name"]).collect();
        assert_eq!(names, ["request", "turn"], "{event}");
        assert!(
            spans.iter().all(|span| &span["request_id"] == id),
            "{event}"
        );
    }
}

#[tokio::test]
async fn an_error_bears_the_id_of_its_response() {
    let server = Server::start("").await;
    let path = server.url("/api/conversations/nobody");
    let response = server.http.get(path).send().await.unwrap();
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["request_id"], id);
}

#[test]
fn a_log_format_that_is_none_is_refused() {
    let serve = |args: &[&str], variable: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_evenkeel"))
            .args(args)
            .env_clear()
            .env("EVENKEEL_LOG_FORMAT", variable)
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (fine, said) = serve(&["serve", "--listen", "127.0.0.1:0"], "xml");
    assert!(
        !fine && said.contains("EVENKEEL_LOG_FORMAT: must be text or json"),
        "{said}"
    );
    let (fine, said) = serve(&["serve", "--log-format", "xml"], "");
    assert!(
        !fine && said.contains("possible values: text, json"),
        "{said}"
    );
}
