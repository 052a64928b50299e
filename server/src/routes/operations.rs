//! For whoever runs the server.

use crate::app::App;
use crate::error::Problem;
use crate::openapi::Busy;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;

/// The process answers.
#[utoipa::path(
    get, path = "/healthz", tag = "operations", operation_id = "health",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The server can do its work.
#[utoipa::path(
    get, path = "/readyz", tag = "operations", operation_id = "readiness",
    responses((status = 200, body = String, content_type = "text/plain"), Busy)
)]
pub async fn readyz(State(app): State<App>) -> Result<&'static str, Problem> {
    app.store.ping().await.map_err(Problem::unready)?;
    Ok("ready\n")
}

/// Figures, as OpenMetrics text.
#[utoipa::path(
    get, path = "/metrics", tag = "operations", operation_id = "metrics",
    responses((status = 200, body = String, content_type = "application/openmetrics-text"))
)]
pub async fn metrics(State(app): State<App>) -> Result<impl IntoResponse, Problem> {
    let text = app.metrics.text().map_err(Problem::internal)?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}

/// The quotas. Past one, the answer is 413, 429, 503 or 507.
#[derive(Serialize, ToSchema)]
pub struct Limits {
    commands_per_second: u32,
    command_burst: u32,
    record_bytes: u64,
    services: u32,
    replicas: u32,
    faults: u32,
    load_rate: u32,
    load_reads: u32,
    load_minutes: u32,
    streams_per_session: u32,
    body_bytes: usize,
    import_bytes: usize,
    runs: u32,
    all_runs: u32,
    sandboxes: u32,
    streams: u32,
    loads: u32,
    matrices: u32,
    million_builds: u32,
    forget_after_days: u32,
}

/// How much of everything there may be.
#[utoipa::path(
    get, path = "/limits", tag = "operations", operation_id = "limits",
    responses((status = 200, body = Limits))
)]
pub async fn limits(State(app): State<App>) -> axum::Json<Limits> {
    let config = &app.config;
    axum::Json(Limits {
        commands_per_second: config.commands_per_second,
        command_burst: config.command_burst,
        record_bytes: config.record_bytes,
        services: config.services,
        replicas: config.replicas,
        faults: config.faults,
        load_rate: config.load_rate,
        load_reads: config.load_reads,
        load_minutes: config.load_minutes,
        streams_per_session: config.streams_per_session,
        body_bytes: config.body_bytes,
        import_bytes: config.import_bytes,
        runs: config.runs,
        all_runs: config.all_runs,
        sandboxes: config.sandboxes,
        streams: config.streams,
        loads: config.loads,
        matrices: config.matrices,
        million_builds: config.million_builds,
        forget_after_days: config.forget_after_days,
    })
}
