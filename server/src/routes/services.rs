use super::Query;
use crate::auth::access::Own;
use crate::body::Json;
use crate::error::Problem;
use crate::openapi::{BadBody, BadQuery, NotYours, TooMuch};
use axum::extract::Path;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Deserialize)]
pub struct One {
    replica: Option<u32>,
}

/// What `PUT …/services/{name}/replicas` takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// 1 or more; `/limits` shows how many all services of a sandbox may have together.
    #[schema(minimum = 1)]
    replicas: u32,
}

/// Crash a service. It stays down until it is restarted.
#[utoipa::path(
    post, path = "/api/sandboxes/{id}/services/{name}/crash", tag = "services", operation_id = "crash_service",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service"),
        ("replica" = Option<u32>, Query, description = "One replica, from 0; all of them where it is left out"),
    ),
    responses(
        (status = 202, description = "The rest is in the record"),
        BadQuery,
        TooMuch,
        NotYours,
    )
)]
pub async fn crash(
    Own(sandbox): Own,
    Path((_, name)): Path<(String, String)>,
    Query(One { replica }): Query<One>,
) -> Result<StatusCode, Problem> {
    sandbox.may_be_touched().await?;
    sandbox.crash(&name, replica).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Start a service that is down, and clear the faults that hold it down or still.
#[utoipa::path(
    post, path = "/api/sandboxes/{id}/services/{name}/restart", tag = "services", operation_id = "restart_service",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service"),
        ("replica" = Option<u32>, Query, description = "One replica, from 0; all of them where it is left out"),
    ),
    responses(
        (status = 202, description = "The rest is in the record"),
        BadQuery,
        TooMuch,
        NotYours,
    )
)]
pub async fn restart(
    Own(sandbox): Own,
    Path((_, name)): Path<(String, String)>,
    Query(One { replica }): Query<One>,
) -> Result<StatusCode, Problem> {
    sandbox.may_be_put_right()?;
    sandbox.restart(&name, replica).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Let a service go on that stands still: clear every fault that pauses it.
#[utoipa::path(
    post, path = "/api/sandboxes/{id}/services/{name}/resume", tag = "services", operation_id = "resume_service",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service"),
        ("replica" = Option<u32>, Query, description = "One replica, from 0; all of them where it is left out"),
    ),
    responses(
        (status = 202, description = "The rest is in the record"),
        BadQuery,
        NotYours,
    )
)]
pub async fn resume(
    Own(sandbox): Own,
    Path((_, name)): Path<(String, String)>,
    Query(One { replica }): Query<One>,
) -> Result<StatusCode, Problem> {
    sandbox.resume(&name, replica).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Run so many replicas of a service. They share its database, and its messages and commands
/// among them.
#[utoipa::path(
    put, path = "/api/sandboxes/{id}/services/{name}/replicas", tag = "services", operation_id = "scale_service",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service"),
    ),
    request_body = Scale,
    responses(
        (status = 202, description = "The rest is in the record"),
        BadBody,
        TooMuch,
        NotYours,
    )
)]
pub async fn scale(
    Own(sandbox): Own,
    Path((_, name)): Path<(String, String)>,
    Json(Scale { replicas }): Json<Scale>,
) -> Result<StatusCode, Problem> {
    sandbox.may_be_touched().await?;
    sandbox.scale(&name, replicas).await?;
    Ok(StatusCode::ACCEPTED)
}
