use crate::app::App;
use crate::error::Problem;
use crate::openapi::NoSource;
use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;

/// A source file of the services, as the `code` of what they did names it.
#[utoipa::path(
    get, path = "/api/sources/{*file}", tag = "catalogue", operation_id = "show_source",
    params(("file" = String, Path, description = "Its path: playground-services/orders/src/reactions.rs")),
    responses(
        (status = 200, body = String, content_type = "text/plain; charset=utf-8"),
        (status = 304),
        NoSource,
    )
)]
pub async fn show(State(app): State<App>, Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    app.sources.respond(&file, &headers).ok_or_else(Problem::not_found)
}
