use crate::auth::access::Own;
use crate::error::Problem;
use crate::openapi::{NotYours, Read, Refused};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery};
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

/// Read from a service, as its readers do: `newest`, `search` or `counts`. `position` of the
/// answer is the number of the last post that it and all before it are in; with `after` the answer
/// waits until it has come so far, for two seconds at most. Recorded like any request, and counts
/// against the quota of commands.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/services/{name}/queries/{query}", tag = "services", operation_id = "read_service",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service; while the switch `split-model` is off, `feed` answers in its place"),
        ("query" = String, Path, description = "GET /api/topologies lists the queries of each service"),
        ("after" = Option<u64>, Query, description = "The number of a post that has to be in the answer"),
        ("limit" = Option<u64>, Query, description = "Of `newest` and `search`: so many posts at most, 1 to 100; 20 unless given"),
        ("author" = Option<u64>, Query, description = "Of `newest`: those of this author"),
        ("q" = Option<String>, Query, description = "Of `search`: words that all have to be in it, or words that begin so"),
    ),
    responses(
        (status = 200, body = Object, description = "`position`, who answered (`service`, `replica`), and what was asked for"),
        Read,
        Refused,
        NotYours,
    )
)]
pub async fn show(
    Own(sandbox): Own,
    Path((_, name, query)): Path<(String, String, String)>,
    RawQuery(params): RawQuery,
) -> Result<impl IntoResponse, Problem> {
    let answer: Bytes = sandbox.query(&name, &query, params.as_deref().unwrap_or_default()).await?;
    Ok(([(CONTENT_TYPE, "application/json")], answer))
}
