//! What goes wrong, as clients see it: RFC 9457 `application/problem+json` with a sentence that
//! says what to do. On a page, the same as HTML. Never a path, SQL or a stack.

use crate::auth::Denied;
use crate::sandbox::SandboxError;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderValue};
use serde::Serialize;
use std::borrow::Cow;
use std::sync::Arc;

/// A request that failed. It travels as an extension of the response; the outermost layer
/// ([`crate::frame`]) writes it down, where the request's id is known.
#[derive(Clone, Debug)]
pub struct Problem {
    pub status: StatusCode,
    /// A sentence that says what to do.
    pub detail: Cow<'static, str>,
    /// The line of the body that is wrong, from 1.
    line: Option<u64>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
    /// For the log, never for the client.
    pub source: Option<Arc<anyhow::Error>>,
}

/// The members of RFC 9457 §3.1, and the id under which the log has more.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Always `about:blank`: the status says what kind it is.
    pub r#type: &'a str,
    pub title: &'a str,
    pub status: u16,
    /// What went wrong and what to do about it.
    pub detail: &'a str,
    pub request_id: &'a str,
    /// The line of an imported file that is wrong, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into(), line: None, headers: vec![], source: None }
    }

    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn unprocessable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// Also for what belongs to somebody else: its existence is nobody's business.
    pub fn not_found() -> Self {
        Self::of(StatusCode::NOT_FOUND)
    }

    pub fn internal(source: impl Into<anyhow::Error>) -> Self {
        let mut problem = Self::of(StatusCode::INTERNAL_SERVER_ERROR);
        problem.source = Some(Arc::new(source.into()));
        problem
    }

    /// What it needs to answer anything can't be reached.
    pub fn unready(source: impl Into<anyhow::Error>) -> Self {
        let mut problem = Self::of(StatusCode::SERVICE_UNAVAILABLE);
        problem.source = Some(Arc::new(source.into()));
        problem
    }

    /// The server has had enough for now.
    pub fn shutting_down() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server is stopping. Try again when it is back.").retry_after(1)
    }

    /// The general sentence for a status that came without one.
    pub fn of(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::NOT_FOUND => {
                "There is nothing here under this address, or it is not yours. Check the address; GET /api/sandboxes lists your sandboxes, GET /api/runs your runs."
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                "This address does not take that method. The header Allow names those it takes."
            }
            StatusCode::REQUEST_TIMEOUT => "The request took too long to arrive. Send it again.",
            StatusCode::SERVICE_UNAVAILABLE => "The server could not answer in time. Try again in a moment.",
            _ if status.is_server_error() => {
                "Something went wrong on the server's side. Try again; if it stays, tell whoever runs it the request_id."
            }
            _ => "The request can't be answered as it is. GET /api/openapi.json says what is taken.",
        };
        Self::new(status, detail)
    }

    /// Names the line of the body that is wrong.
    pub fn at_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// `Retry-After`, in seconds, at least 1.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    pub fn header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn to_json(&self, request_id: &str) -> Vec<u8> {
        let body = ProblemBody {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            request_id,
            line: self.line,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Denied> for Problem {
    fn from(_: Denied) -> Self {
        Self::not_found()
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(error)
    }
}

impl From<SandboxError> for Problem {
    fn from(error: SandboxError) -> Self {
        match error {
            SandboxError::UnknownCommand(name) => Self::unprocessable(format!(
                "No service of this sandbox takes the command {name}. GET /api/topologies lists the commands of each service."
            )),
            SandboxError::Invalid(sentence) => Self::unprocessable(sentence),
            SandboxError::CommandIdReused => Self::new(
                StatusCode::CONFLICT,
                "This command id was used before with another body. Use a new id for a new command.",
            ),
            SandboxError::TooManyCommands { retry_after_ms } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many commands at once. Wait as long as Retry-After says; GET /limits shows the rate.",
            )
            .retry_after(retry_after_ms.div_ceil(1000)),
            SandboxError::RecordFull => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "This sandbox's record is full, and nothing recorded is ever trimmed. Save it with GET events as application/x-ndjson, then delete the sandbox and start another.",
            ),
            SandboxError::ServerFull => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "This server holds as many sandboxes as it may. Delete one of yours, or ask whoever runs it for more room.",
            )
            .retry_after(60),
            SandboxError::CursorAhead { position } => Self::new(
                StatusCode::CONFLICT,
                format!("That is past the end of the record, which is at position {position}. Load the state again and go on from there."),
            ),
            SandboxError::NoSuchService => Self::new(
                StatusCode::NOT_FOUND,
                "This sandbox has no service of that name. GET the sandbox to see its services.",
            ),
            SandboxError::NoSuchQuery => Self::new(
                StatusCode::NOT_FOUND,
                "That service answers no query of that name. GET /api/topologies lists the queries of each service.",
            ),
            SandboxError::NoAnswer(sentence) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("{sentence} Ask again in a moment."),
            )
            .retry_after(1),
            SandboxError::NoSuchTable => Self::new(
                StatusCode::NOT_FOUND,
                "That service has no table of that name. GET its tables to see which there are.",
            ),
            SandboxError::NoSuchFault => Self::new(
                StatusCode::NOT_FOUND,
                "No fault of that name stands. GET the faults to see which do.",
            ),
            SandboxError::NoSuchSwitch => Self::new(
                StatusCode::NOT_FOUND,
                "There is no switch of that name here. GET the sandbox to see which there are.",
            ),
            SandboxError::NoSuchReplica => Self::new(
                StatusCode::NOT_FOUND,
                "There is no replica of that number here. They are counted from 0; GET the sandbox to see how many there are.",
            ),
            SandboxError::TooManyFaults => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "As many faults stand as may. Clear one first; GET /limits shows how many there may be.",
            ),
            SandboxError::ShuttingDown => Self::shutting_down(),
            SandboxError::Deleted => Self::not_found(),
            SandboxError::Ended => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The sandbox was put to sleep or deleted at this moment. Ask again.",
            )
            .retry_after(1),
            SandboxError::Internal(source) => Self::internal(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_rfc_9457() {
        let json: serde_json::Value =
            serde_json::from_slice(&Problem::unprocessable("Say why.").to_json("abc")).expect("JSON");
        assert_eq!(
            json,
            serde_json::json!({"type": "about:blank", "title": "Unprocessable Entity", "status": 422, "detail": "Say why.", "request_id": "abc"})
        );
    }

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        let problem = Problem::internal(anyhow::anyhow!("no such table: session in /var/lib/terrarium/server.db"));
        let text = String::from_utf8(problem.to_json("abc")).expect("text");
        assert!(!text.contains("session") && !text.contains("/var"), "{text}");
        assert!(problem.source.is_some());
    }

    #[test]
    fn every_refusal_of_a_sandbox_has_its_status_and_says_what_to_do() {
        for (error, status) in [
            (SandboxError::UnknownCommand("Fly".into()), 422),
            (SandboxError::Invalid("The quantity 0 is out of range.".into()), 422),
            (SandboxError::CommandIdReused, 409),
            (SandboxError::TooManyCommands { retry_after_ms: 50 }, 429),
            (SandboxError::RecordFull, 507),
            (SandboxError::ServerFull, 503),
            (SandboxError::CursorAhead { position: 7 }, 409),
            (SandboxError::NoSuchService, 404),
            (SandboxError::NoSuchQuery, 404),
            (SandboxError::NoAnswer("timeline is down.".into()), 503),
            (SandboxError::NoSuchTable, 404),
            (SandboxError::NoSuchFault, 404),
            (SandboxError::NoSuchSwitch, 404),
            (SandboxError::NoSuchReplica, 404),
            (SandboxError::TooManyFaults, 429),
            (SandboxError::ShuttingDown, 503),
            (SandboxError::Deleted, 404),
            (SandboxError::Ended, 503),
            (SandboxError::Internal(anyhow::anyhow!("oh")), 500),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.status.as_u16(), status);
            assert!(problem.detail.ends_with('.'), "{}", problem.detail);
        }
    }

    #[test]
    fn a_client_that_must_wait_is_told_for_how_long() {
        let response = Problem::from(SandboxError::TooManyCommands { retry_after_ms: 1200 }).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }
}
