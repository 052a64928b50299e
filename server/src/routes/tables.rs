use super::Query;
use super::state::At;
use crate::error::Problem;
use crate::look::Look;
use crate::openapi::{BadCursor, NotYours, TableSummaryView, TableView};
use crate::sandbox::{TableRows, TableSummary};
use axum::extract::Path;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Tables {
    #[schema(value_type = Vec<TableSummaryView>)]
    tables: Vec<TableSummary>,
}

/// The tables in a service's own database: as they are, or folded from the record as they were,
/// then without the outbox and what else is not recorded row by row.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/services/{name}/tables", tag = "services", operation_id = "list_tables",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service"),
        ("at" = Option<u64>, Query, description = "A position; the present where it is left out"),
    ),
    responses(
        (status = 200, body = Tables),
        BadCursor,
        NotYours,
    )
)]
pub async fn list(
    look: Look,
    Path((_, name)): Path<(String, String)>,
    Query(At { at }): Query<At>,
) -> Result<axum::Json<Tables>, Problem> {
    Ok(axum::Json(Tables { tables: look.tables(&name, at).await? }))
}

#[derive(Deserialize)]
pub struct Wanted {
    at: Option<u64>,
    key: Option<String>,
}

/// The rows of a table: as they are, or folded from the record as they were.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/services/{name}/tables/{table}", tag = "services", operation_id = "show_table",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "The service"),
        ("table" = String, Path, description = "The table"),
        ("at" = Option<u64>, Query, description = "A position; the present where it is left out"),
        ("key" = Option<String>, Query, description = "Only rows whose keys begin so: `42` or, with a second column, `42/10`"),
    ),
    responses(
        (status = 200, body = TableView),
        BadCursor,
        NotYours,
    )
)]
pub async fn show(
    look: Look,
    Path((_, name, table)): Path<(String, String, String)>,
    Query(Wanted { at, key }): Query<Wanted>,
) -> Result<axum::Json<TableRows>, Problem> {
    let under = key.as_deref().filter(|key| !key.is_empty());
    Ok(axum::Json(look.table(&name, &table, at, under).await?))
}
