//! The outermost layer: gives every request an id, writes down what failed, puts the security
//! headers on every kind of response, counts, and logs.

use crate::app::App;
use crate::error::Problem;
use crate::ids;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    self, ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Uri};
use std::time::Instant;

const SECURITY: [(HeaderName, HeaderValue); 6] = [
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
             font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
             object-src 'none'",
        ),
    ),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

pub async fn frame(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = ids::request_id();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let page = wants_page(request.uri(), request.headers());

    let mut response = next.run(request).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        response = written(response, &app, &id, page);
    }
    for (name, value) in SECURITY {
        response.headers_mut().insert(name, value);
    }
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }

    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let duration = started.elapsed();
    app.metrics.answered(&method, route, response.status(), duration);
    tracing::debug!(
        request.id = id,
        %method,
        route,
        status = response.status().as_u16(),
        duration_ms = duration.as_secs_f64() * 1e3,
        "answered"
    );
    response
}

/// The same response with its problem written into it. What failed without one, such as a
/// refusal of the framework's, gets the general sentence of its status.
fn written(response: Response, app: &App, request_id: &str, page: bool) -> Response {
    let (mut parts, _) = response.into_parts();
    let problem = parts.extensions.remove::<Problem>().unwrap_or_else(|| Problem::of(parts.status));
    if let Some(source) = &problem.source {
        tracing::error!(request.id = request_id, error = format!("{source:#}"), "a request failed");
    }
    let (kind, body) =
        if page { (HTML, app.pages.error(&problem).into_bytes()) } else { (PROBLEM_JSON, problem.to_json(request_id)) };
    parts.headers.insert(CONTENT_TYPE, kind);
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(header::ETAG);
    Response::from_parts(parts, Body::from(body))
}

/// Whether it is a person looking at a page, rather than a program at the API.
fn wants_page(uri: &Uri, headers: &HeaderMap) -> bool {
    !uri.path().starts_with("/api/")
        && headers
            .get(ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_for_people_and_the_api_for_programs() {
        let mut browser = HeaderMap::new();
        browser.insert(ACCEPT, HeaderValue::from_static("text/html,application/xhtml+xml"));
        assert!(wants_page(&Uri::from_static("/lessons/none"), &browser));
        assert!(!wants_page(&Uri::from_static("/api/none"), &browser));
        assert!(!wants_page(&Uri::from_static("/lessons/none"), &HeaderMap::new()));
    }
}
