use crate::auth::access::Own;
use crate::body::Json;
use crate::error::Problem;
use crate::openapi::{BadBody, Full, LoadBody, LoadStandingView, NotYours};
use crate::sandbox::{LoadSpec, LoadStanding};
use http::StatusCode;

/// How the load stands. Where there is none, its state is `off`.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/load", tag = "load", operation_id = "show_load",
    params(("id" = String, Path, description = "The sandbox")),
    responses(
        (status = 200, body = LoadStandingView),
        NotYours,
    )
)]
pub async fn show(Own(sandbox): Own) -> axum::Json<LoadStanding> {
    axum::Json(sandbox.load())
}

/// Start a load, or change it: the same command again and again, at a steady rate, whatever
/// becomes of those before. It does not count against the quota of commands. Only so many run on
/// a server at a time; one more is `queued` and starts when another ends.
#[utoipa::path(
    put, path = "/api/sandboxes/{id}/load", tag = "load", operation_id = "put_load",
    params(("id" = String, Path, description = "The sandbox")),
    request_body = LoadBody,
    responses(
        (status = 200, body = LoadStandingView, description = "The load as it stands"),
        BadBody,
        Full,
        NotYours,
    )
)]
pub async fn put(Own(sandbox): Own, Json(spec): Json<LoadSpec>) -> Result<axum::Json<LoadStanding>, Problem> {
    Ok(axum::Json(sandbox.put_load(spec).await?))
}

/// Stop the load, if there is one.
#[utoipa::path(
    delete, path = "/api/sandboxes/{id}/load", tag = "load", operation_id = "stop_load",
    params(("id" = String, Path, description = "The sandbox")),
    responses(
        (status = 204),
        NotYours,
    )
)]
pub async fn stop(Own(sandbox): Own) -> StatusCode {
    sandbox.stop_load().await;
    StatusCode::NO_CONTENT
}
