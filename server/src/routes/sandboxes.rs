use crate::app::App;
use crate::auth::access::Own;
use crate::auth::{Actor, session};
use crate::body::Json;
use crate::error::Problem;
use crate::ids;
use crate::openapi::{BadBody, Busy, FaultView, LoadStandingView, NotYours};
use crate::sandbox::{FaultStanding, LoadStanding, Sandbox};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use diagram::Health;
use http::StatusCode;
use http::header::{HeaderValue, LOCATION, SET_COOKIE};
use protocol::Name;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A sandbox: one learner's running system.
#[derive(Serialize, ToSchema)]
pub struct SandboxView {
    id: String,
    topology: String,
    seed: u64,
    state: Waking,
    /// Of the last event recorded.
    position: u64,
    services: Vec<ServiceView>,
    #[schema(value_type = Vec<FaultView>)]
    faults: Vec<FaultStanding>,
    #[schema(value_type = LoadStandingView)]
    load: LoadStanding,
    /// The protections that can be switched off, and whether they are on.
    switches: BTreeMap<String, bool>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Waking {
    Running,
    /// Its services are stopped, its files are kept; the next request wakes it.
    Hibernated,
}

#[derive(Serialize, ToSchema)]
struct ServiceView {
    #[schema(value_type = String)]
    name: Name,
    /// `up`, `crashed`, `paused`, or `stopped` while the sandbox is hibernated.
    #[schema(value_type = String)]
    health: Health,
    replicas: u32,
}

impl SandboxView {
    fn of(sandbox: &Sandbox) -> Self {
        let state = sandbox.state();
        Self {
            id: sandbox.id().to_string(),
            topology: sandbox.topology().name.to_string(),
            seed: sandbox.seed(),
            state: if state.hibernated { Waking::Hibernated } else { Waking::Running },
            position: state.position,
            services: state
                .nodes
                .iter()
                .map(|node| ServiceView { name: node.name.clone(), health: node.health, replicas: node.replicas })
                .collect(),
            faults: sandbox.faults(),
            load: sandbox.load(),
            switches: state.switches.iter().map(|switch| (switch.name.to_string(), switch.on)).collect(),
        }
    }
}

/// What `POST /api/sandboxes` takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSandbox {
    /// A name from `GET /api/topologies`.
    topology: String,
    /// Recorded with the sandbox, so that a run can be named again; random where it is left out.
    #[schema(maximum = 9_007_199_254_740_991u64)]
    seed: Option<u64>,
}

/// The sandboxes of this session, the newest first.
#[utoipa::path(get, path = "/api/sandboxes", tag = "sandbox", operation_id = "list_sandboxes", responses((status = 200, body = Vec<SandboxView>)))]
pub async fn list(State(app): State<App>, actor: Actor) -> Result<axum::Json<Vec<SandboxView>>, Problem> {
    let mut views = vec![];
    if let Some(session) = actor.session() {
        for row in app.store.sandboxes_of(&session) {
            if let Some(sandbox) = app.sandboxes.get(&row.id).await? {
                views.push(SandboxView::of(&sandbox));
            }
        }
    }
    Ok(axum::Json(views))
}

/// Start a sandbox. A client without a session gets one, as a cookie.
#[utoipa::path(
    post, path = "/api/sandboxes", tag = "sandbox", operation_id = "create_sandbox",
    request_body = NewSandbox,
    responses(
        (status = 201, body = SandboxView, headers(("Location" = String, description = "Its address"))),
        BadBody,
        Busy,
    )
)]
pub async fn create(State(app): State<App>, actor: Actor, Json(wanted): Json<NewSandbox>) -> Result<Response, Problem> {
    let topology = protocol::topology(&wanted.topology)
        .ok_or_else(|| Problem::unprocessable("There is no topology of that name. GET /api/topologies lists them."))?;
    let seed = wanted.seed.unwrap_or_else(ids::random_seed);
    if seed > ids::SEED_MAX {
        return Err(Problem::unprocessable("The seed is out of range. Choose one from 0 to 9007199254740991."));
    }
    let token = match actor {
        Actor::Learner(_) => None,
        Actor::Anonymous => Some(app.store.create_session().await?),
    };
    let owner = actor.session().or(token.as_ref().map(ids::Token::session)).ok_or_else(Problem::not_found)?;
    let sandbox = match app.sandboxes.create(&owner, topology, seed).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            if token.is_some() {
                app.store.delete_session(&owner).await?;
            }
            return Err(error.into());
        }
    };
    let mut response = (StatusCode::CREATED, axum::Json(SandboxView::of(&sandbox))).into_response();
    let location = format!("/api/sandboxes/{}", sandbox.id());
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(&location).map_err(Problem::internal)?);
    if let Some(token) = token {
        response.headers_mut().insert(SET_COOKIE, session::set_cookie(&app.config, &token)?);
    }
    Ok(response)
}

/// How a sandbox stands.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}", tag = "sandbox", operation_id = "show_sandbox",
    params(("id" = String, Path, description = "The sandbox")),
    responses(
        (status = 200, body = SandboxView),
        NotYours,
    )
)]
pub async fn show(Own(sandbox): Own) -> axum::Json<SandboxView> {
    axum::Json(SandboxView::of(&sandbox))
}

/// Delete a sandbox and everything of it.
#[utoipa::path(
    delete, path = "/api/sandboxes/{id}", tag = "sandbox", operation_id = "delete_sandbox",
    params(("id" = String, Path, description = "The sandbox")),
    responses(
        (status = 204),
        NotYours,
    )
)]
pub async fn delete(State(app): State<App>, Own(sandbox): Own) -> Result<StatusCode, Problem> {
    app.sandboxes.delete(sandbox.id()).await?;
    Ok(StatusCode::NO_CONTENT)
}
