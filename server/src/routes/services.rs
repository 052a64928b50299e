use crate::auth::access::Own;
use crate::error::Problem;
use crate::openapi::NotYours;
use axum::extract::Path;
use http::StatusCode;

/// Crash a service. It stays down until it is restarted.
#[utoipa::path(
    post, path = "/api/sandboxes/{id}/services/{name}/crash", tag = "services", operation_id = "crash_service",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service"),
    ),
    responses(
        (status = 202, description = "The rest is in the record"),
        NotYours,
    )
)]
pub async fn crash(Own(sandbox): Own, Path((_, name)): Path<(String, String)>) -> Result<StatusCode, Problem> {
    sandbox.crash(&name).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Start a service that is down, and clear the fault that holds it down.
#[utoipa::path(
    post, path = "/api/sandboxes/{id}/services/{name}/restart", tag = "services", operation_id = "restart_service",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service"),
    ),
    responses(
        (status = 202, description = "The rest is in the record"),
        NotYours,
    )
)]
pub async fn restart(Own(sandbox): Own, Path((_, name)): Path<(String, String)>) -> Result<StatusCode, Problem> {
    sandbox.restart(&name).await?;
    Ok(StatusCode::ACCEPTED)
}
