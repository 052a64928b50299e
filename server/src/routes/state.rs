use super::Query;
use crate::error::Problem;
use crate::look::Look;
use crate::openapi::{BadCursor, NotYours};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct At {
    pub at: Option<u64>,
}

/// The picture: what the record up to a position adds up to.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/state", tag = "sandbox", operation_id = "show_state",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("at" = Option<u64>, Query, description = "A position; the last one where it is left out"),
    ),
    responses(
        (status = 200, body = Object, description = "A `DiagramState`"),
        BadCursor,
        NotYours,
    )
)]
pub async fn show(look: Look, Query(At { at }): Query<At>) -> Result<Response, Problem> {
    Ok(match at {
        Some(position) => axum::Json(look.state_at(position).await?).into_response(),
        None => axum::Json(&*look.state()).into_response(),
    })
}
