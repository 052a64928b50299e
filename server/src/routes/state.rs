use super::Query;
use crate::auth::access::Own;
use crate::error::{Problem, ProblemBody};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct At {
    pub at: Option<u64>,
}

/// The picture: what the record up to a position adds up to.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/state", tag = "sandbox",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("at" = Option<u64>, Query, description = "A position; the last one where it is left out"),
    ),
    responses(
        (status = 200, body = Object, description = "A `DiagramState`"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "Not a position"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "No sandbox of yours"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "A position past the end"),
    )
)]
pub async fn show(Own(sandbox): Own, Query(At { at }): Query<At>) -> Result<Response, Problem> {
    Ok(match at {
        Some(position) => axum::Json(sandbox.state_at(position).await?).into_response(),
        None => axum::Json(&*sandbox.state()).into_response(),
    })
}
