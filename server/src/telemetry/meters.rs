//! What is measured of each request to a provider, by the names of OpenTelemetry's conventions for generative AI.

use std::sync::OnceLock;

use evenkeel_engine::{AttemptRecord, Usage};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, MeterProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;

/// The bounds that the conventions ask for.
const SECONDS: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const TOKENS: [f64; 14] = [
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
    16777216.0, 67108864.0,
];

static METERS: OnceLock<Meters> = OnceLock::new();

struct Meters {
    duration: Histogram<f64>,
    first_chunk: Histogram<f64>,
    tokens: Histogram<u64>,
}

/// From now on something is measured.
pub(super) fn install(provider: &SdkMeterProvider) {
    let meter = provider.meter("evenkeel");
    let seconds = |name: &'static str, description: &'static str| {
        meter
            .f64_histogram(name)
            .with_unit("s")
            .with_description(description)
            .with_boundaries(SECONDS.to_vec())
            .build()
    };
    METERS.get_or_init(|| Meters {
        duration: seconds(
            "gen_ai.client.operation.duration",
            "From a request to a provider until its answer's end.",
        ),
        first_chunk: seconds(
            "gen_ai.client.operation.time_to_first_chunk",
            "From a request to a provider until its first token.",
        ),
        tokens: meter
            .u64_histogram("gen_ai.client.token.usage")
            .with_unit("{token}")
            .with_description("Tokens of a request to a provider, as it counted them.")
            .with_boundaries(TOKENS.to_vec())
            .build(),
    });
}

/// Measures a request that has ended.
pub(super) fn ended(record: &AttemptRecord, names: impl FnOnce() -> Vec<KeyValue>) {
    let Some(meters) = METERS.get() else {
        return;
    };
    let attributes = names();
    let attributes = attributes.as_slice();
    if let Some(first) = record.first_token {
        meters.first_chunk.record(first.as_secs_f64(), attributes);
    }
    if let Some(Usage {
        input_tokens,
        output_tokens,
        ..
    }) = record.usage
    {
        for (kind, count) in [("input", input_tokens), ("output", output_tokens)] {
            let kind = KeyValue::new("gen_ai.token.type", kind);
            meters.tokens.record(count, &[attributes, &[kind]].concat());
        }
    }
    if let Some(duration) = record.duration {
        let error = record
            .reason
            .map(|reason| KeyValue::new("error.type", reason.as_str()));
        let attributes = [attributes, error.as_slice()].concat();
        meters.duration.record(duration.as_secs_f64(), &attributes);
    }
}
