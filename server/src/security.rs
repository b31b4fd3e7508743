//! What holds for every route: whose host this is, who may ask from where, and what a page may load.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use url::Url;

use crate::error::{Refusal, Shape};
use crate::shared::Shared;

/// Refuses what a foreign page or a rebound name sends: a foreign Host gets 421, a foreign Origin 403.
pub async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if matches!(path, "/livez" | "/readyz") {
        return next.run(request).await;
    }
    let config = shared.config();
    let public = config.public_url.as_ref();
    let refused = match own_authority(request.headers(), request.uri(), public) {
        None => Some((
            StatusCode::MISDIRECTED_REQUEST,
            "This server does not answer under that name. Use localhost, or set server.public_url.",
        )),
        Some(authority) if !same_origin(&request, &authority, public) => Some((
            StatusCode::FORBIDDEN,
            "Requests from other sites are refused.",
        )),
        Some(_) if has_body_of_another_kind(&request) => Some((
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the body as JSON, with content-type: application/json.",
        )),
        Some(_) => None,
    };
    // What the pages are made of is no page: what pages are told would only make each of these files larger.
    let part = path.starts_with("/pkg/") || ["/early.js", "/favicon.svg"].contains(&path);
    let mut response = match refused {
        Some((status, message)) => refuse(Shape::of(path, request.headers()), status, message),
        None => next.run(request).await,
    };
    if part && response.status().is_success() {
        let nosniff = HeaderValue::from_static("nosniff");
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    } else {
        harden(response.headers_mut());
    }
    response
}

fn refuse(shape: Shape, status: StatusCode, message: &str) -> Response {
    let refusal = if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        Refusal::invalid(message)
    } else {
        Refusal::not_allowed(message)
    };
    refusal.with_status(status).respond(shape)
}

/// The Host, where it is one of ours: a loopback name, or the public one.
fn own_authority(headers: &HeaderMap, uri: &Uri, public: Option<&Url>) -> Option<String> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = host.or_else(|| uri.authority().map(|authority| authority.as_str()))?;
    let name = match authority.rsplit_once(':') {
        // A colon inside brackets belongs to the address.
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        Some(_) | None => authority,
    };
    let address = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    let loopback = name.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.is_loopback());
    let is_public = public.is_some_and(|url| {
        url.host_str()
            .is_some_and(|host| host.eq_ignore_ascii_case(name))
    });
    (loopback || is_public).then(|| authority.to_ascii_lowercase())
}

fn same_origin(request: &Request, authority: &str, public: Option<&Url>) -> bool {
    let header = |name: header::HeaderName| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if let Some(origin) = header(header::ORIGIN) {
        let own = [
            format!("http://{authority}"),
            format!("https://{authority}"),
        ];
        let public = public.map(|url| url.origin().ascii_serialization());
        let origin = origin.to_ascii_lowercase();
        return own.contains(&origin) || public.is_some_and(|public| public == origin);
    }
    let site = request
        .headers()
        .get("sec-fetch-site")
        .and_then(|value| value.to_str().ok());
    match site {
        None | Some("same-origin" | "none") => true,
        // Following a link to a page from elsewhere is no attack.
        Some(_) => {
            let mode = request
                .headers()
                .get("sec-fetch-mode")
                .and_then(|value| value.to_str().ok());
            let path = request.uri().path();
            request.method() == Method::GET
                && mode == Some("navigate")
                && !["/api/", "/v1/", "/ws"]
                    .iter()
                    .any(|prefix| path.starts_with(prefix))
        }
    }
}

/// A form or a text that a page could send without asking first. A request without a body needs no kind.
fn has_body_of_another_kind(request: &Request) -> bool {
    if matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) {
        return false;
    }
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let empty = match header(header::CONTENT_LENGTH) {
        Some(length) => length == "0",
        None => header(header::TRANSFER_ENCODING).is_none(),
    };
    let json = header(header::CONTENT_TYPE).is_some_and(|kind| {
        let essence = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    });
    let bare = empty && header(header::CONTENT_TYPE).is_none();
    !(json || bare)
}

/// What every response is told.
fn harden(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    headers
        .entry("cross-origin-opener-policy")
        .or_insert(HeaderValue::from_static("same-origin"));
}

/// What a page may load. Nothing inline but the scripts that carry this response's nonce.
pub fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// What a file may load that is more than a file: the service worker, and the page that it shows while there is no server.
pub fn file_policy(path: &str) -> Option<&'static str> {
    match path {
        "/sw.js" => Some("default-src 'none'; connect-src 'self'"),
        "/offline.html" => Some(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(Body::empty()).unwrap()
    }

    fn allowed(method: &str, path: &str, headers: &[(&str, &str)]) -> bool {
        let request = request(method, path, headers);
        let public = Url::parse("https://chat.example.org").ok();
        own_authority(request.headers(), request.uri(), public.as_ref())
            .is_some_and(|authority| same_origin(&request, &authority, public.as_ref()))
    }

    #[test]
    fn own_hosts_and_own_origins_alone() {
        let host = ("host", "127.0.0.1:3000");
        for (method, path, headers, expected) in [
            ("GET", "/", &[host][..], true),
            ("GET", "/", &[("host", "localhost:3000")], true),
            ("GET", "/", &[("host", "[::1]:3000")], true),
            ("GET", "/", &[("host", "chat.example.org")], true),
            ("GET", "/", &[("host", "evil.example")], false),
            ("GET", "/", &[("host", "127.0.0.1.evil.example")], false),
            ("GET", "/", &[], false),
            (
                "POST",
                "/api/x",
                &[host, ("origin", "http://127.0.0.1:3000")],
                true,
            ),
            (
                "POST",
                "/api/x",
                &[host, ("origin", "http://127.0.0.1:8080")],
                false,
            ),
            ("POST", "/api/x", &[host, ("origin", "null")], false),
            (
                "POST",
                "/api/x",
                &[
                    ("host", "chat.example.org"),
                    ("origin", "https://chat.example.org"),
                ],
                true,
            ),
            (
                "GET",
                "/ws",
                &[host, ("origin", "https://evil.example")],
                false,
            ),
            (
                "GET",
                "/",
                &[
                    host,
                    ("sec-fetch-site", "cross-site"),
                    ("sec-fetch-mode", "navigate"),
                ],
                true,
            ),
            (
                "GET",
                "/api/conversations",
                &[
                    host,
                    ("sec-fetch-site", "cross-site"),
                    ("sec-fetch-mode", "navigate"),
                ],
                false,
            ),
            (
                "GET",
                "/metrics",
                &[
                    host,
                    ("sec-fetch-site", "cross-site"),
                    ("sec-fetch-mode", "no-cors"),
                ],
                false,
            ),
            (
                "POST",
                "/",
                &[
                    host,
                    ("sec-fetch-site", "cross-site"),
                    ("sec-fetch-mode", "navigate"),
                ],
                false,
            ),
        ] {
            assert_eq!(
                allowed(method, path, headers),
                expected,
                "{method} {path} {headers:?}"
            );
        }
    }

    #[test]
    fn writes_need_json() {
        let json = ("content-type", "application/json; charset=utf-8");
        for (method, headers, refused) in [
            ("POST", &[("content-length", "2"), json][..], false),
            (
                "POST",
                &[("content-length", "2"), ("content-type", "text/plain")],
                true,
            ),
            ("POST", &[("content-length", "0")], false),
            ("POST", &[("transfer-encoding", "chunked")], true),
            ("DELETE", &[], false),
            ("GET", &[], false),
        ] {
            assert_eq!(
                has_body_of_another_kind(&request(method, "/api/x", headers)),
                refused,
                "{headers:?}"
            );
        }
    }
}
