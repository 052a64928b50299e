use crate::error::Problem;
use crate::look::Look;
use crate::openapi::{InvariantView, NotYours};
use crate::sandbox::Invariant;

/// What must always hold, and whether it does.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/invariants", tag = "sandbox", operation_id = "list_invariants",
    params(("id" = String, Path, description = "The sandbox")),
    responses(
        (status = 200, body = Vec<InvariantView>),
        NotYours,
    )
)]
pub async fn list(look: Look) -> Result<axum::Json<Vec<Invariant>>, Problem> {
    Ok(axum::Json(look.invariants().await?))
}
