//! Decoded pieces in words that a person can read and compare.

use bytes::Bytes;
use evenkeel_engine::{Chunk, Observed, UpstreamError};
use evenkeel_providers::{Family, TransportError, chunks};
use futures_util::{FutureExt, StreamExt, stream};

/// Decodes a body that comes in these pieces.
pub fn decoded(family: Family, pieces: &[&[u8]]) -> Vec<Result<Chunk, UpstreamError>> {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| Ok::<_, TransportError>(Bytes::copy_from_slice(piece)))
        .collect();
    let body = stream::iter(pieces).boxed();
    // Nothing waits where every byte is there.
    chunks(family, body).collect().now_or_never().unwrap()
}

/// The same in words. Neighbouring texts of one kind stay apart: how an answer is cut up must not depend on its bytes.
pub fn spoken(family: Family, pieces: &[&[u8]]) -> Vec<String> {
    decoded(family, pieces)
        .into_iter()
        .map(|piece| match piece {
            Ok(chunk) => words(chunk),
            Err(error) => failure(error.observed),
        })
        .collect()
}

/// It says that the answer is whole.
pub fn is_end(chunk: &Chunk) -> bool {
    match chunk {
        Chunk::Finish(_) | Chunk::End => true,
        Chunk::Content(_)
        | Chunk::Reasoning(_)
        | Chunk::Signature(_)
        | Chunk::ToolCall(_)
        | Chunk::Usage(_) => false,
    }
}

fn words(chunk: Chunk) -> String {
    match chunk {
        Chunk::Content(text) => format!("content {text:?}"),
        Chunk::Reasoning(text) => format!("reasoning {text:?}"),
        Chunk::Signature(text) => format!("signature {text}"),
        Chunk::ToolCall(call) => {
            let mut said = format!("call {}", call.index);
            for (key, value) in [
                ("id", call.id.map(made_up)),
                ("name", call.name),
                ("signature", call.signature),
            ] {
                if let Some(value) = value {
                    said += &format!(" {key}={value}");
                }
            }
            format!("{said} {}", call.arguments).trim_end().to_owned()
        }
        Chunk::Usage(usage) => format!(
            "usage in={} out={} cached={} written={} reasoning={}",
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_tokens,
            usage.cache_write_tokens,
            usage.reasoning_tokens
        ),
        Chunk::Finish(reason) => format!("finish {reason:?}"),
        Chunk::End => "end".to_owned(),
    }
}

/// An id that the adapter has made up is another one each time.
fn made_up(id: String) -> String {
    match id.strip_prefix("call_") {
        Some(rest) if rest.len() == 32 => "(made up)".to_owned(),
        Some(_) | None => id,
    }
}

fn failure(observed: Observed) -> String {
    match observed {
        Observed::Status {
            status,
            code,
            message,
            retry_after,
        } => {
            let code = code.unwrap_or_default();
            let wait = retry_after.map(|wait| format!(" wait={wait:?}"));
            format!(
                "error {status} {code}{} {message}",
                wait.unwrap_or_default()
            )
        }
        Observed::Filtered(why) => format!("filtered {why}"),
        Observed::Malformed(why) => format!("malformed {why}"),
        Observed::Cut(why) => format!("cut {why}"),
        other @ (Observed::ConnectionFailed(_)
        | Observed::ConnectionReset(_)
        | Observed::ConnectTimeout(_)
        | Observed::FirstTokenTimeout(_)
        | Observed::Stalled(_)
        | Observed::Endless
        | Observed::Empty
        | Observed::Rejected(_)
        | Observed::Other(_)) => format!("{other:?}"),
    }
}
