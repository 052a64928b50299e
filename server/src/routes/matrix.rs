use super::Query;
use crate::app::App;
use crate::auth::access::OwnMatrix;
use crate::auth::{Actor, session};
use crate::body::Json;
use crate::error::Problem;
use crate::ids;
use crate::matrix::MatrixView;
use crate::openapi::{BadBody, Busy, NotYours, OneAtATime};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION, SET_COOKIE};
use protocol::Topology;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::ToSchema;

/// What `POST /api/matrix` takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMatrix, example = json!({"topology": "saga-choreography", "switches": {"inbox": false}}))]
pub struct Wanted {
    /// A name from `GET /api/topologies`.
    topology: String,
    /// Protections, by name; those left out are as the topology has them.
    #[serde(default)]
    #[schema(required = false)]
    switches: BTreeMap<String, bool>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MatrixBegun)]
pub struct Begun {
    id: String,
}

/// Run every step of a saga against every fault, each on a fresh sandbox of its own. A client
/// without a session gets one, as a cookie. It takes the place of the session's last of this
/// topology.
#[utoipa::path(
    post, path = "/api/matrix", tag = "matrix", operation_id = "run_matrix",
    request_body = Wanted,
    responses(
        (status = 202, body = Begun, headers(("Location" = String, description = "Where it can be followed"))),
        BadBody,
        OneAtATime,
        Busy,
    )
)]
pub async fn start(State(app): State<App>, actor: Actor, Json(wanted): Json<Wanted>) -> Result<Response, Problem> {
    let topology = wanted.topology()?;
    let token = match actor {
        Actor::Learner(_) => None,
        Actor::Anonymous => Some(app.store.create_session().await?),
    };
    let owner = actor.session().or(token.as_ref().map(ids::Token::session)).ok_or_else(Problem::not_found)?;
    let matrix = match app.matrices.start(owner, topology) {
        Ok(matrix) => matrix,
        Err(error) => {
            if token.is_some() {
                app.store.delete_session(&owner).await?;
            }
            return Err(error.into());
        }
    };
    let location = HeaderValue::from_str(&format!("/api/matrix/{}", matrix.id)).map_err(Problem::internal)?;
    let mut response = (StatusCode::ACCEPTED, axum::Json(Begun { id: matrix.id.to_string() })).into_response();
    response.headers_mut().insert(LOCATION, location);
    if let Some(token) = token {
        response.headers_mut().insert(SET_COOKIE, session::set_cookie(&app.config, &token)?);
    }
    Ok(response)
}

impl Wanted {
    /// The topology with its switches as they are wanted.
    fn topology(&self) -> Result<Topology, Problem> {
        let mut topology = protocol::topology(&self.topology).ok_or_else(|| {
            Problem::unprocessable("There is no topology of that name. GET /api/topologies lists them.")
        })?;
        for (name, on) in &self.switches {
            match topology.switches.iter_mut().find(|switch| *switch.name == **name) {
                Some(switch) => switch.on = *on,
                None => {
                    let names: Vec<&str> = topology.switches.iter().map(|switch| &*switch.name).collect();
                    return Err(Problem::unprocessable(format!(
                        "There is no switch {name} here. The switches of {} are: {}.",
                        topology.name,
                        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
                    )));
                }
            }
        }
        Ok(topology)
    }
}

/// What `GET /api/matrix/{id}` takes.
#[derive(Deserialize)]
pub struct Known {
    after: Option<u64>,
}

/// How long a change is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A matrix as it stands, under way or done. With `after`, as soon as it has changed since, or
/// unchanged after 20 seconds.
#[utoipa::path(
    get, path = "/api/matrix/{id}", tag = "matrix", operation_id = "show_matrix",
    params(
        ("id" = String, Path, description = "The matrix"),
        ("after" = Option<u64>, Query, description = "A revision known already")
    ),
    responses((status = 200, body = MatrixView), NotYours)
)]
pub async fn show(OwnMatrix(matrix): OwnMatrix, Query(known): Query<Known>) -> axum::Json<MatrixView> {
    if let Some(after) = known.after {
        let _ = timeout(PATIENCE, matrix.changed(after)).await;
    }
    axum::Json(matrix.view())
}
