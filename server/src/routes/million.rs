use super::Query;
use crate::app::App;
use crate::auth::access::Own;
use crate::body::Json;
use crate::error::Problem;
use crate::million::{Checked, CopiesView, Damage, Loaded, MillionError, Model, ModelView, StoreView};
use crate::openapi::{BadBody, Busy, MillionMissing, NotYours};
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::timeout;
use utoipa::ToSchema;

/// What a `GET` takes that waits for news.
#[derive(Deserialize)]
pub struct Known {
    after: Option<u64>,
}

/// How long a change is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The store of a million events, made once per server, as it stands. With `after`, as soon as it
/// has changed since, or unchanged after 20 seconds.
#[utoipa::path(
    get, path = "/api/million", tag = "million", operation_id = "show_million",
    params(("after" = Option<u64>, Query, description = "A revision known already")),
    responses((status = 200, body = StoreView))
)]
pub async fn store(State(app): State<App>, Query(known): Query<Known>) -> axum::Json<StoreView> {
    if let Some(after) = known.after {
        let _ = timeout(PATIENCE, app.million.store_changed(after)).await;
    }
    axum::Json(app.million.store())
}

/// Make the store, in the background. Where it is there or under way, this does nothing.
#[utoipa::path(
    post, path = "/api/million", tag = "million", operation_id = "make_million",
    responses((status = 202, body = StoreView), Busy)
)]
pub async fn make(State(app): State<App>) -> Result<(StatusCode, axum::Json<StoreView>), Problem> {
    app.million.make()?;
    Ok((StatusCode::ACCEPTED, axum::Json(app.million.store())))
}

/// What this sandbox has made of the million events: its snapshots and read models. With `after`,
/// as soon as they have changed since, or unchanged after 20 seconds.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/million", tag = "million", operation_id = "show_million_copies",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("after" = Option<u64>, Query, description = "A revision known already")
    ),
    responses((status = 200, body = CopiesView), MillionMissing, NotYours)
)]
pub async fn copies(
    State(app): State<App>,
    Own(sandbox): Own,
    Query(known): Query<Known>,
) -> Result<axum::Json<CopiesView>, Problem> {
    if let Some(after) = known.after
        && let Ok(changed) = timeout(PATIENCE, app.million.copies_changed(&sandbox, after)).await
    {
        changed?;
    }
    Ok(axum::Json(app.million.copies(&sandbox).await?))
}

/// How the account is to be loaded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MillionLoad, example = json!({"snapshot_every": 1000}))]
pub struct Wanted {
    /// A snapshot at each so many events, 100 or more; `null` for none. Those of another interval
    /// are forgotten, and these made first.
    #[serde(default)]
    #[schema(minimum = 100)]
    snapshot_every: Option<u64>,
    /// As of this event; as it is where it is left out.
    #[serde(default)]
    #[schema(minimum = 1)]
    version: Option<u64>,
}

/// Load the account of a million events, and time it.
#[utoipa::path(
    post, path = "/api/sandboxes/{id}/million/loads", tag = "million", operation_id = "load_million",
    params(("id" = String, Path, description = "The sandbox")),
    request_body = Wanted,
    responses((status = 200, body = Loaded), BadBody, MillionMissing, NotYours, Busy)
)]
pub async fn load(
    State(app): State<App>,
    Own(sandbox): Own,
    Json(wanted): Json<Wanted>,
) -> Result<axum::Json<Loaded>, Problem> {
    Ok(axum::Json(app.million.load(&sandbox, wanted.snapshot_every, wanted.version).await?))
}

/// Make the newest of this sandbox's snapshots wrong, as a hand in the file would.
#[utoipa::path(
    post, path = "/api/sandboxes/{id}/million/damage", tag = "million", operation_id = "damage_million_snapshot",
    params(("id" = String, Path, description = "The sandbox")),
    responses((status = 200, body = Damage), MillionMissing, NotYours, Busy)
)]
pub async fn damage(State(app): State<App>, Own(sandbox): Own) -> Result<axum::Json<Damage>, Problem> {
    Ok(axum::Json(app.million.damage(&sandbox).await?))
}

/// Compare this sandbox's snapshots with what the events fold to.
#[utoipa::path(
    post, path = "/api/sandboxes/{id}/million/check", tag = "million", operation_id = "check_million_snapshots",
    params(("id" = String, Path, description = "The sandbox")),
    responses((status = 200, body = Checked), MillionMissing, NotYours, Busy)
)]
pub async fn check(State(app): State<App>, Own(sandbox): Own) -> Result<axum::Json<Checked>, Problem> {
    Ok(axum::Json(app.million.check(&sandbox).await?))
}

/// Forget this sandbox's snapshots. Nothing is lost: the next load with an interval makes them again.
#[utoipa::path(
    delete, path = "/api/sandboxes/{id}/million/snapshots", tag = "million", operation_id = "forget_million_snapshots",
    params(("id" = String, Path, description = "The sandbox")),
    responses((status = 204), MillionMissing, NotYours, Busy)
)]
pub async fn forget(State(app): State<App>, Own(sandbox): Own) -> Result<StatusCode, Problem> {
    app.million.forget(&sandbox).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A read model, and some of its rows.
#[derive(Serialize, ToSchema)]
#[schema(as = ReadModelShown)]
pub struct Shown {
    #[serde(flatten)]
    model: ModelView,
    /// What its readers see at this moment.
    #[schema(value_type = Vec<Object>)]
    rows: Vec<serde_json::Value>,
}

/// A read model of the million events, as it stands.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/million/projections/{projection}", tag = "million", operation_id = "show_million_projection",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("projection" = Model, Path, description = "Which one")
    ),
    responses((status = 200, body = Shown), MillionMissing, NotYours)
)]
pub async fn show(
    State(app): State<App>,
    Own(sandbox): Own,
    Path((_, name)): Path<(String, String)>,
) -> Result<axum::Json<Shown>, Problem> {
    let (model, rows) = app.million.model(&sandbox, parsed(&name)?).await?;
    Ok(axum::Json(Shown { model, rows }))
}

/// Build a read model from the first event on, while it is read. Where there is one, a new one is
/// built beside it and takes its place when it has caught up. Few are built at a time; one more
/// is `queued`.
#[utoipa::path(
    post, path = "/api/sandboxes/{id}/million/projections/{projection}", tag = "million", operation_id = "build_million_projection",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("projection" = Model, Path, description = "Which one")
    ),
    responses((status = 202, body = ModelView), MillionMissing, NotYours, Busy)
)]
pub async fn build(
    State(app): State<App>,
    Own(sandbox): Own,
    Path((_, name)): Path<(String, String)>,
) -> Result<(StatusCode, axum::Json<ModelView>), Problem> {
    Ok((StatusCode::ACCEPTED, axum::Json(app.million.build(&sandbox, parsed(&name)?).await?)))
}

fn parsed(name: &str) -> Result<Model, MillionError> {
    Model::parse(name).ok_or(MillionError::NoSuchModel)
}
