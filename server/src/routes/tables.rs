use super::Query;
use super::state::At;
use crate::auth::access::Own;
use crate::error::{Problem, ProblemBody};
use crate::openapi::{TableSummaryView, TableView};
use crate::sandbox::{TableRows, TableSummary};
use axum::extract::Path;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Tables {
    #[schema(value_type = Vec<TableSummaryView>)]
    tables: Vec<TableSummary>,
}

/// The tables in a service's own database.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/services/{name}/tables", tag = "services",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service"),
    ),
    responses(
        (status = 200, body = Tables),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "No sandbox of yours, or no such service"),
    )
)]
pub async fn list(Own(sandbox): Own, Path((_, name)): Path<(String, String)>) -> Result<axum::Json<Tables>, Problem> {
    Ok(axum::Json(Tables { tables: sandbox.tables(&name).await? }))
}

/// The rows of a table: as they are, or folded from the record as they were.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/services/{name}/tables/{table}", tag = "services",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service"),
        ("table" = String, Path, description = "The table"),
        ("at" = Option<u64>, Query, description = "A position; the present where it is left out"),
    ),
    responses(
        (status = 200, body = TableView),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "Not a position"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "No sandbox of yours, no such service or no such table"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "A position past the end"),
    )
)]
pub async fn show(
    Own(sandbox): Own,
    Path((_, name, table)): Path<(String, String, String)>,
    Query(At { at }): Query<At>,
) -> Result<axum::Json<TableRows>, Problem> {
    Ok(axum::Json(sandbox.table(&name, &table, at).await?))
}
