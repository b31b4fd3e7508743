//! What it costs to make chunks of bytes: a long answer in each family's format, as it comes from the network, in MB/s.

#![expect(clippy::unwrap_used, reason = "a benchmark may fail by panicking")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use evenkeel_providers::{Family, chunks};
use futures_util::{FutureExt, StreamExt, stream};

/// Words of one answer.
const WORDS: usize = 2_000;

/// The bytes come in pieces of this size.
const PIECE: usize = 1_400;

/// An event that carries a word, and what ends the answer.
fn format(family: Family) -> (&'static str, &'static str) {
    match family {
        Family::OpenAi => (
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
        ),
        Family::Anthropic => (
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" word\"}}\n\n",
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        ),
        Family::Gemini => (
            "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\" word\"}]},\"index\":0}],\"modelVersion\":\"m\"}\n\n",
            "data: {\"candidates\":[{\"finishReason\":\"STOP\",\"index\":0}]}\n\n",
        ),
        Family::Ollama => (
            "{\"model\":\"m\",\"created_at\":\"2026-11-20T08:00:00Z\",\"message\":{\"role\":\"assistant\",\"content\":\" word\"},\"done\":false}\n",
            "{\"model\":\"m\",\"done\":true,\"done_reason\":\"stop\"}\n",
        ),
    }
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for family in Family::ALL {
        let (word, end) = format(family);
        let answer = Bytes::from(format!("{}{end}", word.repeat(WORDS)));
        let pieces: Vec<_> = (0..answer.len())
            .step_by(PIECE)
            .map(|at| answer.slice(at..answer.len().min(at + PIECE)))
            .collect();
        group.throughput(Throughput::Bytes(answer.len() as u64));
        group.bench_function(format!("{family:?}"), |bencher| {
            bencher.iter(|| {
                let body = stream::iter(pieces.clone().into_iter().map(Ok)).boxed();
                // Nothing is waited for: every piece is there.
                let count = chunks(family, body).count().now_or_never().unwrap();
                assert!(count > WORDS);
                black_box(count)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
