use crate::auth::access::Own;
use crate::body::Json;
use crate::error::{Problem, ProblemBody};
use crate::openapi::CommandBody;
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
    post, path = "/api/sandboxes/{id}/commands", tag = "sandbox",
    params(("id" = String, Path, description = "The sandbox")),
    request_body = CommandBody,
    responses(
        (status = 202, body = Accepted),
        (status = 400, body = ProblemBody, content_type = "application/problem+json", description = "Not JSON"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "No sandbox of yours"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "The id was used with another body"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json", description = "Too large"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json", description = "Not sent as JSON"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "Not a command this sandbox takes"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "Too many at once"),
        (status = 507, body = ProblemBody, content_type = "application/problem+json", description = "The record is full"),
    )
)]
pub async fn accept(
    Own(sandbox): Own,
    Json(command): Json<Command>,
) -> Result<(StatusCode, axum::Json<Accepted>), Problem> {
    let correlation_id = sandbox.accept(command).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(Accepted { correlation_id })))
}
