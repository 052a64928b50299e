use crate::app::App;
use crate::error::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;

pub async fn show(State(app): State<App>, Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    app.assets.respond(&path, &headers).ok_or_else(Problem::not_found)
}
