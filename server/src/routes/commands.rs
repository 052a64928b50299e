use crate::auth::access::Own;
use crate::body::Json;
use crate::error::Problem;
use crate::openapi::{BadBody, CommandBody, NotYours, Refused};
use http::StatusCode;
use protocol::{Command, Uuid};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Accepted {
    /// Everything the command leads to carries it.
    #[schema(value_type = String, format = "uuid")]
    correlation_id: Uuid,
}

/// Ask something of the sandbox. 202 means that the command is recorded and will not be lost;
/// what comes of it is told by the events alone. The same id again is the same command.
#[utoipa::path(
    post, path = "/api/sandboxes/{id}/commands", tag = "sandbox", operation_id = "send_command",
    params(("id" = String, Path, description = "The sandbox")),
    request_body = CommandBody,
    responses(
        (status = 202, body = Accepted),
        BadBody,
        Refused,
        NotYours,
    )
)]
pub async fn accept(
    Own(sandbox): Own,
    Json(command): Json<Command>,
) -> Result<(StatusCode, axum::Json<Accepted>), Problem> {
    let correlation_id = sandbox.accept(command).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted { correlation_id })))
}
