use crate::auth::access::Own;
use crate::error::Problem;
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
pub async fn list(Own(sandbox): Own) -> Result<axum::Json<Vec<Invariant>>, Problem> {
    Ok(axum::Json(sandbox.invariants().await?))
}
