use crate::error::Problem;
use crate::look::Look;
use crate::openapi::{NotYours, StrataView};
use diagram::Strata;

/// Where in the record something stands out: the whole of it as at most 1,024 layers of equally
/// many positions.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/strata", tag = "sandbox", operation_id = "show_strata",
    params(("id" = String, Path, description = "The sandbox")),
    responses(
        (status = 200, body = StrataView),
        NotYours,
    )
)]
pub async fn show(look: Look) -> Result<axum::Json<Strata>, Problem> {
    Ok(axum::Json(look.strata().await?))
}
