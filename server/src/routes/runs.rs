use super::Query;
use crate::app::App;
use crate::auth::access::{OwnRun, own_sandbox};
use crate::auth::{Actor, session};
use crate::body::{self, Json};
use crate::error::Problem;
use crate::ids;
use crate::openapi::{BadBody, NoRoom, NotYours};
use crate::runs::RunName;
use crate::store::{Origin, RunRow};
use axum::RequestExt;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION, SET_COOKIE};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A run: a read-only copy of a record, which outlives its sandbox.
#[derive(Serialize, ToSchema)]
#[schema(as = Run)]
pub struct RunView {
    id: String,
    name: String,
    topology: String,
    /// Of the last event.
    position: u64,
    /// Milliseconds since 1970.
    created: i64,
    origin: Origin,
}

impl From<RunRow> for RunView {
    fn from(row: RunRow) -> Self {
        let RunRow { id, name, topology, position, created, origin, .. } = row;
        Self { id: id.to_string(), name, topology, position, created, origin }
    }
}

/// What `POST /api/runs` takes: a sandbox to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    sandbox: String,
    /// 1 to 80 characters.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// The last position kept; all there is by now where it is left out.
    at: Option<u64>,
}

/// What `PUT /api/runs/{id}` takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    #[schema(min_length = 1, max_length = 80)]
    name: String,
}

#[derive(Deserialize)]
pub struct Named {
    name: Option<String>,
}

/// The runs of this session, the newest first.
#[utoipa::path(get, path = "/api/runs", tag = "runs", operation_id = "list_runs", responses((status = 200, body = Vec<RunView>)))]
pub async fn list(State(app): State<App>, actor: Actor) -> Result<axum::Json<Vec<RunView>>, Problem> {
    let Some(session) = actor.session() else { return Ok(axum::Json(vec![])) };
    Ok(axum::Json(app.store.runs_of(&session).await?.into_iter().map(RunView::from).collect()))
}

/// Keep a sandbox's record as a run; or, with `Content-Type: application/x-ndjson`, take in an
/// exported record, whole or not at all. A client without a session gets one, as a cookie.
#[utoipa::path(
    post, path = "/api/runs", tag = "runs", operation_id = "create_run",
    params(("name" = Option<String>, Query, description = "Of an imported run: its name")),
    request_body(content((NewRun = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 201, body = RunView, headers(("Location" = String, description = "Its address"))),
        BadBody,
        NotYours,
        NoRoom,
    )
)]
pub async fn create(
    State(app): State<App>,
    actor: Actor,
    Query(Named { name }): Query<Named>,
    request: Request,
) -> Result<Response, Problem> {
    if !body::is_ndjson(request.headers()) {
        let Json(wanted): Json<NewRun> = Json::from_request(request, &app).await?;
        return kept(&app, actor, wanted).await;
    }
    let name = name.map(|name| RunName::parse(&name)).transpose().map_err(Problem::unprocessable)?;
    let file = request.extract().await.map_err(|_| Problem::of(StatusCode::BAD_REQUEST))?;
    let token = match actor {
        Actor::Learner(_) => None,
        Actor::Anonymous => Some(app.store.create_session().await?),
    };
    let owner = actor.session().or(token.as_ref().map(ids::Token::session)).ok_or_else(Problem::not_found)?;
    match app.runs.import(owner, name, file).await {
        Ok(row) => {
            let mut response = created(row)?;
            if let Some(token) = token {
                response.headers_mut().insert(SET_COOKIE, session::set_cookie(&app.config, &token)?);
            }
            Ok(response)
        }
        Err(error) => {
            if token.is_some() {
                app.store.delete_session(&owner).await?;
            }
            Err(error.into())
        }
    }
}

async fn kept(app: &App, actor: Actor, wanted: NewRun) -> Result<Response, Problem> {
    let name = RunName::parse(&wanted.name).map_err(Problem::unprocessable)?;
    let sandbox = own_sandbox(app, actor, &wanted.sandbox).await?;
    let owner = actor.session().ok_or_else(Problem::not_found)?;
    created(app.runs.keep(owner, sandbox, name, wanted.at).await?)
}

fn created(row: RunRow) -> Result<Response, Problem> {
    let location = HeaderValue::from_str(&format!("/api/runs/{}", row.id)).map_err(Problem::internal)?;
    let mut response = (StatusCode::CREATED, axum::Json(RunView::from(row))).into_response();
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// What a run is.
#[utoipa::path(
    get, path = "/api/runs/{id}", tag = "runs", operation_id = "show_run",
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, body = RunView), NotYours)
)]
pub async fn show(OwnRun(row): OwnRun) -> axum::Json<RunView> {
    axum::Json(row.into())
}

/// Give a run another name. Nothing else of it ever changes.
#[utoipa::path(
    put, path = "/api/runs/{id}", tag = "runs", operation_id = "rename_run",
    params(("id" = String, Path, description = "The run")),
    request_body = Rename,
    responses((status = 200, body = RunView), BadBody, NotYours)
)]
pub async fn rename(
    State(app): State<App>,
    OwnRun(mut row): OwnRun,
    Json(wanted): Json<Rename>,
) -> Result<axum::Json<RunView>, Problem> {
    let name = RunName::parse(&wanted.name).map_err(Problem::unprocessable)?;
    app.runs.rename(&row.id, &name).await?;
    row.name = name.into();
    Ok(axum::Json(row.into()))
}

/// Delete a run for good.
#[utoipa::path(
    delete, path = "/api/runs/{id}", tag = "runs", operation_id = "delete_run",
    params(("id" = String, Path, description = "The run")),
    responses((status = 204), NotYours)
)]
pub async fn delete(State(app): State<App>, OwnRun(row): OwnRun) -> Result<StatusCode, Problem> {
    app.runs.delete(&row.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
