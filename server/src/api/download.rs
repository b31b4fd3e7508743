//! Bytes that a browser is to keep, not to show.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 8187 lets stand in a header as it is.
const UNENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A download under this name. `nosniff` and a policy that runs nothing stand on every response already. The browser keeps
/// no copy of its own: that would outlive the conversation.
pub(crate) fn download(name: &str, media_type: &str, content: Vec<u8>) -> Response {
    let name = utf8_percent_encode(name, UNENCODED);
    let headers: [(HeaderName, String); 3] = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename*=UTF-8''{name}"),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let mut response = content.into_response();
    for (key, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(key, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_makes_a_header() {
        for (name, expected) in [
            ("a b.txt", "a%20b.txt"),
            ("\u{e9}\"\r\n;.md", "%C3%A9%22%0D%0A%3B.md"),
        ] {
            let response = download(name, "text/plain; charset=utf-8", vec![]);
            let header = &response.headers()[header::CONTENT_DISPOSITION];
            assert_eq!(header, &format!("attachment; filename*=UTF-8''{expected}"));
        }
    }
}
