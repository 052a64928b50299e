use crate::auth::access::Own;
use crate::body::Json;
use crate::error::Problem;
use crate::openapi::{BadBody, FaultBody, FaultView, NotYours, TooMuch};
use crate::sandbox::FaultStanding;
use axum::extract::Path;
use http::StatusCode;
use protocol::FaultSpec;

/// The faults that stand.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/faults", tag = "faults", operation_id = "list_faults",
    params(("id" = String, Path, description = "The sandbox")),
    responses(
        (status = 200, body = Vec<FaultView>),
        NotYours,
    )
)]
pub async fn list(Own(sandbox): Own) -> axum::Json<Vec<FaultStanding>> {
    axum::Json(sandbox.faults())
}

/// Clear every fault.
#[utoipa::path(
    delete, path = "/api/sandboxes/{id}/faults", tag = "faults", operation_id = "clear_all_faults",
    params(("id" = String, Path, description = "The sandbox")),
    responses(
        (status = 204),
        NotYours,
    )
)]
pub async fn heal(Own(sandbox): Own) -> Result<StatusCode, Problem> {
    sandbox.heal_all().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Install a fault, or replace the one of that name.
#[utoipa::path(
    put, path = "/api/sandboxes/{id}/faults/{fault_id}", tag = "faults", operation_id = "put_fault",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("fault_id" = String, Path, description = "A name of your choice: lower-case letters, digits and hyphens, at most 64", max_length = 64, pattern = "^[a-z0-9-]{1,64}$"),
    ),
    request_body = FaultBody,
    responses(
        (status = 200, body = FaultView, description = "The fault as it stands"),
        BadBody,
        TooMuch,
        NotYours,
    )
)]
pub async fn put(
    Own(sandbox): Own,
    Path((_, fault_id)): Path<(String, String)>,
    Json(spec): Json<FaultSpec>,
) -> Result<axum::Json<FaultStanding>, Problem> {
    if !is_name(&fault_id) {
        return Err(Problem::unprocessable(
            "A fault's name is 1 to 64 lower-case letters, digits and hyphens. Choose another name.",
        ));
    }
    sandbox.may_be_touched().await?;
    Ok(axum::Json(sandbox.put_fault(&fault_id, spec).await?))
}

/// Clear a fault. What it stopped is started again.
#[utoipa::path(
    delete, path = "/api/sandboxes/{id}/faults/{fault_id}", tag = "faults", operation_id = "clear_fault",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("fault_id" = String, Path, description = "The fault's name"),
    ),
    responses(
        (status = 204),
        NotYours,
    )
)]
pub async fn clear(Own(sandbox): Own, Path((_, fault_id)): Path<(String, String)>) -> Result<StatusCode, Problem> {
    sandbox.clear_fault(&fault_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        assert!(is_name("a") && is_name("decline-payments-2") && is_name(&"x".repeat(64)));
        assert!(!is_name("") && !is_name("A") && !is_name("a b") && !is_name("ä") && !is_name(&"x".repeat(65)));
    }
}
