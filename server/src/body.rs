//! Bodies. None may be large, so each is read whole before anything else looks at the request:
//! a slow one is cut off in one place, and an answer to a refused one reaches the client,
//! which a connection closed on unread bytes would prevent. Only an imported record may be
//! larger; few of those are read at a time.

use crate::app::App;
use crate::error::Problem;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Time a body has to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// The same of an imported record.
const IMPORT_ARRIVAL: Duration = Duration::from_secs(60);

/// Imported records that are in memory at a time, whoever sends them.
static IMPORTS: Semaphore = Semaphore::const_new(4);

/// How much of a body is taken in beyond what it may have, so that the client gets to read why.
const DRAINED: usize = 16 << 20;

pub async fn read_whole(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    if request.body().is_end_stream() {
        return Ok(next.run(request).await);
    }
    let is_import = is_import(&request);
    let (parts, body) = request.into_parts();
    let (limit, arrival) = match is_import {
        true => (app.config.import_bytes, IMPORT_ARRIVAL),
        false => (app.config.body_bytes, ARRIVAL),
    };
    let _turn = if is_import { Some(turn().await?) } else { None };
    if waits_for_a_go_ahead(&parts.headers)
        && declared_length(&parts.headers).is_some_and(|length| length > limit as u64)
    {
        return Err(closing(too_large(limit)));
    }
    let body = tokio::time::timeout(arrival, collect(body, limit))
        .await
        .unwrap_or_else(|_| Err(closing(Problem::of(StatusCode::REQUEST_TIMEOUT))))?;
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

fn is_import(request: &Request) -> bool {
    let is_route = request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str() == "/api/runs");
    is_route && request.method() == Method::POST && is_ndjson(request.headers())
}

/// Held until the request is answered.
async fn turn() -> Result<SemaphorePermit<'static>, Problem> {
    let turn = tokio::time::timeout(ARRIVAL, IMPORTS.acquire()).await;
    turn.ok().and_then(Result::ok).ok_or_else(|| {
        closing(
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "As many records are being imported as may be at a time. Try again in a moment.",
            )
            .retry_after(10),
        )
    })
}

async fn collect(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut collected = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| closing(Problem::bad_request("The body broke off. Send it again.")))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= limit {
            collected.extend_from_slice(&data);
        } else if length - limit > DRAINED {
            return Err(closing(too_large(limit)));
        }
    }
    if length > limit { Err(too_large(limit)) } else { Ok(collected.into()) }
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("A body may have {limit} bytes. Send a smaller one."))
}

fn closing(problem: Problem) -> Problem {
    problem.header(CONNECTION, HeaderValue::from_static("close"))
}

fn waits_for_a_go_ahead(headers: &HeaderMap) -> bool {
    headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A JSON body: 415 for another content type, 400 for what is no JSON, 422 for JSON that does
/// not fit, unknown fields included.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be JSON. Send it with the header Content-Type: application/json.",
            ));
        }
        let body = request.into_body().collect().await.map_err(Problem::internal)?.to_bytes();
        parse(&body).map(Json)
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let broken = |error| Problem::bad_request(format!("The body is not JSON: {error}."));
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        // What does not fit may be broken further on.
        Category::Data => match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => {
                Problem::unprocessable(format!("The body does not fit: {error}. GET /api/openapi.json has its schema."))
            }
            Err(error) => broken(error),
        },
        Category::Syntax | Category::Eof | Category::Io => broken(error),
    })
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
}

/// Whether the body is a record, as `GET …/export/ndjson` has it.
pub fn is_ndjson(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|kind| kind == "application/x-ndjson")
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(media_type) = media_type(headers) else { return false };
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Command, FaultSpec};

    #[test]
    fn json_that_is_broken_and_json_that_does_not_fit_are_told_apart() {
        let status =
            |text: &str| parse::<Command>(text.as_bytes()).map(drop).map_err(|problem| problem.status.as_u16());
        let command = r#"{"id":"6f2c9a1e-0000-4000-8000-000000000001","type":"PlaceOrder","data":{}"#;
        assert_eq!(status(&format!("{command}}}")), Ok(()));
        assert_eq!(status(""), Err(400));
        assert_eq!(status("{"), Err(400));
        assert_eq!(status(&"[".repeat(10_000)), Err(400));
        assert_eq!(status(r#"{"id":7"#), Err(400));
        assert_eq!(status("null"), Err(422));
        assert_eq!(status(r#"{"id":7}"#), Err(422));
        assert_eq!(status(&format!("{command},\"more\":1}}")), Err(422));
        assert!(parse::<FaultSpec>(br#"{"kind":"no-such","target":"x"}"#).is_err_and(|problem| problem.status == 422));
    }

    #[test]
    fn only_json_is_taken() {
        let is =
            |value: &'static str| is_json(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]));
        assert!(is("application/json") && is("Application/JSON; charset=utf-8") && is("application/cloudevents+json"));
        assert!(
            !is("text/plain") && !is("application/x-www-form-urlencoded") && !is("") && !is_json(&HeaderMap::new())
        );
    }

    #[tokio::test]
    async fn a_body_past_the_limit_is_taken_in_and_refused() {
        assert_eq!(collect(Body::from(vec![b'x'; 10]), 10).await.expect("fits").len(), 10);
        let problem = collect(Body::from(vec![b'x'; 11]), 10).await.expect_err("too large");
        assert_eq!(problem.status, 413);
    }
}
