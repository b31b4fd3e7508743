//! Asks for a replay and hears its lines as they come.

use evenkeel_protocol::ReplayRequest;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, TextDecodeOptions, TextDecoder};

use crate::api::{self, Problem};

/// What can be ended of a replay: its connection. On the server, where a page may be dropped by another thread than the one
/// that made it, there is none.
pub(super) type Reading = StoredValue<Option<SendWrapper<ReadableStreamDefaultReader>>>;

/// Runs it to its end; `hear` gets its text, in whatever pieces.
pub(super) async fn replay(
    request: &ReplayRequest,
    reading: Reading,
    hear: impl Fn(&str),
) -> Result<(), Problem> {
    let response = api::replay(request).await?;
    let Some(body) = response.body() else {
        return Ok(());
    };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    // The reader of the page may have left meanwhile: then it ends at the first piece.
    let _ = reading.try_update_value(|kept| *kept = Some(SendWrapper::new(reader.clone())));
    let Ok(decoder) = TextDecoder::new() else {
        return Ok(());
    };
    let options = TextDecodeOptions::new();
    options.set_stream(true);
    // A connection that breaks off, or is ended here, ends it.
    while let Ok(piece) = JsFuture::from(reader.read()).await {
        let field = |name: &str| js_sys::Reflect::get(&piece, &name.into()).ok();
        let Some(bytes) =
            field("value").and_then(|value| value.dyn_into::<js_sys::Uint8Array>().ok())
        else {
            break;
        };
        if reading.is_disposed() {
            stop(&reader);
            break;
        }
        // Any bytes are a text to it.
        if let Ok(text) = decoder.decode_with_js_u8_array_and_options(&bytes, &options) {
            hear(&text);
        }
    }
    Ok(())
}

/// Closes the connection; the server ends the run with it.
pub(super) fn stop(reader: &ReadableStreamDefaultReader) {
    drop(reader.cancel());
}
