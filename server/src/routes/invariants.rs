use crate::auth::access::Own;
use crate::error::{Problem, ProblemBody};
use crate::openapi::InvariantView;
use crate::sandbox::Invariant;

/// What must always hold, and whether it does.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/invariants", tag = "sandbox",
    params(("id" = String, Path, description = "The sandbox")),
    responses(
        (status = 200, body = Vec<InvariantView>),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "No sandbox of yours"),
    )
)]
pub async fn list(Own(sandbox): Own) -> Result<axum::Json<Vec<Invariant>>, Problem> {
    Ok(axum::Json(sandbox.invariants().await?))
}
