//! The pages: rendered here from what the store and the health model know, and the files that go with them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use evenkeel_app::{Boot, BootPage, Clock, Query, Watching};
use evenkeel_protocol::{Role, Timestamp};
use leptos::prelude::{expect_context, provide_context, use_nonce};
use leptos_axum::ResponseOptions;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;

use crate::api::conversations::transcript;
use crate::api::debug::visible;
use crate::error::Refusal;
use crate::principal::Principal;
use crate::security::{file_policy, page_policy};
use crate::shared::Shared;
use crate::ws::{LIST_LIMIT, hello};

/// The pages and their files.
pub fn routes(shared: &Shared) -> Router<Arc<Shared>> {
    // Rendering spawns on it. It fails only where it has been set before.
    let _ = any_spawner::Executor::init_tokio();
    let site = ServeDir::new(&*shared.pages.site_root)
        .precompressed_br()
        .precompressed_gzip()
        .append_index_html_on_directories(false);
    let pages = Router::new()
        .route("/", get(new))
        .route("/c/{id}", get(conversation))
        .route("/admin", get(admin))
        .route("/debug", get(debug))
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(8)));
    let files = Router::new().fallback_service(
        tower::ServiceBuilder::new()
            .layer(middleware::from_fn_with_state(
                shared.pages.hash_files,
                cache,
            ))
            .service(site),
    );
    pages.fallback(
        move |state: State<Arc<Shared>>, principal: Principal, request: Request| {
            let files = files.clone();
            async move {
                let (parts, body) = request.into_parts();
                let copy = Request::from_parts(parts.clone(), Body::empty());
                let found = tower::ServiceExt::oneshot(files, copy)
                    .await
                    .into_response();
                if found.status() == StatusCode::NOT_FOUND {
                    not_found(state, principal, Request::from_parts(parts, body)).await
                } else {
                    found
                }
            }
        },
    )
}

/// Files whose names carry their hash never change; all others are asked for anew. What runs by itself has a policy.
async fn cache(State(hashes): State<bool>, request: Request, next: Next) -> Response {
    let content_policy = file_policy(request.uri().path());
    let hashed = hashes && request.uri().path().starts_with("/pkg/");
    let mut response = next.run(request).await;
    let policy = if hashed && response.status().is_success() {
        // Nobody asks again whether it has changed, nor for a part of it.
        response.headers_mut().remove(header::LAST_MODIFIED);
        response.headers_mut().remove(header::ACCEPT_RANGES);
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static(policy));
    if let Some(policy) = content_policy {
        response.headers_mut().insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(policy),
        );
    }
    response
}

async fn new(state: State<Arc<Shared>>, principal: Principal, request: Request) -> Response {
    render(state, &principal, request, BootPage::New).await
}

async fn conversation(
    State(shared): State<Arc<Shared>>,
    principal: Principal,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let page = match transcript(&shared, &principal, &id).await {
        Ok(transcript) => BootPage::of(transcript),
        Err(refusal) if refusal.status() == StatusCode::NOT_FOUND => BootPage::NotFound,
        Err(refusal) => return refusal.into_response(),
    };
    render(State(shared), &principal, request, page).await
}

async fn admin(state: State<Arc<Shared>>, principal: Principal, request: Request) -> Response {
    let page = if principal.has(Role::Admin) {
        let report = state
            .health
            .report(&state.catalog(), &principal.id, &state.clock);
        BootPage::Admin(Watching {
            health: serde_json::to_string(&report).ok(),
            faults: None,
        })
    } else {
        BootPage::NotFound
    };
    render(state, &principal, request, page).await
}

async fn debug(state: State<Arc<Shared>>, principal: Principal, request: Request) -> Response {
    let page = if principal.has(Role::Tester) {
        BootPage::Debug(Watching {
            health: None,
            faults: serde_json::to_string(&visible(&state, &principal)).ok(),
        })
    } else {
        BootPage::NotFound
    };
    render(state, &principal, request, page).await
}

async fn not_found(state: State<Arc<Shared>>, principal: Principal, request: Request) -> Response {
    render(state, &principal, request, BootPage::NotFound).await
}

/// The reader's clock, as far as its last page has told.
fn clock(now: Timestamp, headers: &HeaderMap) -> Clock {
    let cookies = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'));
    let offset = cookies
        .filter_map(|cookie| cookie.trim().strip_prefix("utc_offset="))
        .find_map(|offset| offset.parse().ok())
        // There is no clock that is further ahead or behind.
        .filter(|offset: &i64| (-14 * 60..=14 * 60).contains(offset));
    Clock {
        now,
        utc_offset: Some(offset.unwrap_or(0)),
    }
}

async fn render(
    State(shared): State<Arc<Shared>>,
    principal: &Principal,
    request: Request,
    page: BootPage,
) -> Response {
    let missing = matches!(page, BootPage::NotFound);
    let conversations = match shared.store.conversations(&principal.id, LIST_LIMIT).await {
        Ok(conversations) => conversations,
        Err(error) => return Refusal::from(error).into_response(),
    };
    let boot = Boot {
        hello: hello(&shared, principal),
        conversations,
        clock: clock(shared.clock.now(), request.headers()),
        page,
    };
    let query = Query(request.uri().query().unwrap_or_default().to_owned());
    let options = shared.pages.clone();
    let context = move || {
        let response = expect_context::<ResponseOptions>();
        if let Some(policy) =
            use_nonce().and_then(|nonce| HeaderValue::from_str(&page_policy(&nonce)).ok())
        {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
        response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if missing {
            response.set_status(StatusCode::NOT_FOUND);
        }
        provide_context(query.clone());
        provide_context(boot.clone());
    };
    let app = move || evenkeel_app::shell(options.clone());
    leptos_axum::render_app_to_stream_with_context(context, app)(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_what_its_cookie_says() {
        let offset = |cookies: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(cookies));
            clock(Timestamp::UNIX_EPOCH, &headers).utc_offset
        };
        assert_eq!(offset("utc_offset=60"), Some(60));
        assert_eq!(offset("a=b; utc_offset=-300; c=d"), Some(-300));
        for nonsense in [
            "",
            "utc_offset=",
            "utc_offset=900",
            "utc_offset=-9223372036854775808",
            "utc_offset=1e3",
            "x_utc_offset=60",
        ] {
            assert_eq!(offset(nonsense), Some(0), "{nonsense}");
        }
        let none = clock(Timestamp::UNIX_EPOCH, &HeaderMap::new());
        assert_eq!(none.utc_offset, Some(0));
    }
}
