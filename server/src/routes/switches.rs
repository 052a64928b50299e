use crate::auth::access::Own;
use crate::body::Json;
use crate::error::Problem;
use crate::openapi::{BadBody, NotYours, TooMuch};
use axum::extract::Path;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What `PUT …/switches/{name}` takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    on: bool,
}

/// A protection and whether it is on.
#[derive(Serialize, ToSchema)]
pub struct SwitchView {
    name: String,
    on: bool,
}

/// Switch a protection on or off.
#[utoipa::path(
    put, path = "/api/sandboxes/{id}/switches/{name}", tag = "faults", operation_id = "set_switch",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("name" = String, Path, description = "One that the sandbox lists under `switches`"),
    ),
    request_body = Setting,
    responses(
        (status = 200, body = SwitchView, description = "The switch as it stands"),
        BadBody,
        TooMuch,
        NotYours,
    )
)]
pub async fn set(
    Own(sandbox): Own,
    Path((_, name)): Path<(String, String)>,
    Json(Setting { on }): Json<Setting>,
) -> Result<axum::Json<SwitchView>, Problem> {
    sandbox.may_be_touched().await?;
    sandbox.set_switch(&name, on).await?;
    Ok(axum::Json(SwitchView { name, on }))
}
