use super::Query;
use crate::app::App;
use crate::auth::Actor;
use crate::error::Problem;
use crate::look::Look;
use crate::openapi::{BadCursor, Busy, NotYours, Quota};
use crate::sandbox::SandboxError;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};
use serde::Deserialize;

/// Lines of history read at a time.
const PAGE: u64 = 1024;

#[derive(Deserialize)]
pub struct From {
    after: Option<u64>,
    limit: Option<u64>,
}

/// What happened, from the beginning or from a position on, and then live. Each event has its
/// position as `id` and a `Recorded` as `data`. `Last-Event-ID` wins over `after`. With
/// `Accept: application/x-ndjson`: what is recorded by now, one `Recorded` a line.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/events", tag = "sandbox", operation_id = "read_events",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("after" = Option<u64>, Query, description = "The last position already known"),
        ("limit" = Option<u64>, Query, description = "With application/x-ndjson: the most lines wanted"),
        ("Last-Event-ID" = Option<u64>, Header, description = "As browsers send it when they reconnect"),
    ),
    responses(
        (status = 200, content((String = "text/event-stream"), (String = "application/x-ndjson"))),
        BadCursor,
        Quota,
        Busy,
        NotYours,
    )
)]
pub async fn stream(
    State(app): State<App>,
    actor: Actor,
    look: Look,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = last_event_id(&headers)?.or(from.after).unwrap_or(0);
    if wants_lines(&headers) {
        return history(look, after, from.limit);
    }
    let place = app.streams.open(actor.session().ok_or_else(Problem::not_found)?)?;
    let events = look.events(after).await?;
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(place.hold(events))).into_response())
}

/// What is recorded by now, a page at a time, so that a slow reader holds little.
fn history(look: Look, after: u64, limit: Option<u64>) -> Result<Response, Problem> {
    let end = look.state().position;
    if after > end {
        return Err(SandboxError::CursorAhead { position: end }.into());
    }
    let end = limit.map_or(end, |limit| end.min(after.saturating_add(limit)));
    let headers = [(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(lines(look, after, end))).into_response())
}

/// The lines behind `after` up to `end`, in pieces, read as the client takes them.
pub fn lines(look: Look, after: u64, end: u64) -> impl Stream<Item = Result<Bytes, SandboxError>> {
    let pages = stream::unfold(after, move |after| {
        let look = look.clone();
        async move {
            let wanted = PAGE.min(end - after);
            if wanted == 0 {
                return None;
            }
            match look.history(after, wanted as usize).await {
                Ok(chunks) => Some((chunks.into_iter().map(Ok).collect(), after + wanted)),
                Err(error) => {
                    tracing::error!(sandbox.id = look.id(), %error, "can't read the record");
                    Some((vec![Err(error)], end))
                }
            }
        }
    });
    pages.flat_map(|chunks: Vec<_>| stream::iter(chunks))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(id) = headers.get("last-event-id") else { return Ok(None) };
    match id.to_str().unwrap_or("?").trim() {
        "" => Ok(None),
        id => id.parse().map(Some).map_err(|_| {
            Problem::bad_request("Last-Event-ID is no position. It is a whole number, as in the stream's ids.")
        }),
    }
}

fn wants_lines(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|accept| accept.to_str().ok())
        .any(|accept| accept.contains("application/x-ndjson"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_cursor_is_a_position_or_a_bad_request() {
        let read = |id: &'static str| {
            last_event_id(&HeaderMap::from_iter([(
                HeaderName::from_static("last-event-id"),
                HeaderValue::from_static(id),
            )]))
            .map_err(|problem| problem.status.as_u16())
        };
        assert_eq!(read("17"), Ok(Some(17)));
        assert_eq!(read(""), Ok(None));
        for id in ["-1", "1.5", "seventeen", "99999999999999999999"] {
            assert_eq!(read(id), Err(400), "{id}");
        }
    }
}
