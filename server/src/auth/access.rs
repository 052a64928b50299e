//! Every route and the action it stands for.

use super::{Action, Actor, Resource, authorize, session};
use crate::app::App;
use crate::error::Problem;
use crate::look::Look;
use crate::matrix::Matrix;
use crate::sandbox::Sandbox;
use crate::store::{RunRow, SandboxRow};
use axum::RequestExt;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ALLOW, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};
use std::sync::Arc;

use Action::{
    ChangeRun, ChangeSandbox, CompareRuns, CreateRun, CreateSandbox, DeleteRun, DeleteSandbox, ListMatrices, ListRuns,
    ListSandboxes, MakeMillion, ReadMatrix, ReadProgress, ReadPublic, ReadRun, ReadSandbox, RunMatrix, TakeLesson,
};

/// Method, path as the router has it, action. `HEAD` goes with `GET`.
pub const ACCESS: &[(Method, &str, Action)] = &[
    (Method::GET, "/", ReadPublic),
    (Method::GET, "/lessons", ReadPublic),
    (Method::GET, "/lessons/{slug}", ReadPublic),
    (Method::GET, "/playground", ReadPublic),
    (Method::GET, "/runs", ListRuns),
    (Method::GET, "/runs/compare", CompareRuns),
    (Method::GET, "/matrix", ListMatrices),
    (Method::GET, "/million", ReadPublic),
    (Method::GET, "/rule", ReadPublic),
    (Method::GET, "/replay", ReadPublic),
    (Method::GET, "/feed", ReadPublic),
    (Method::GET, "/assets/{*path}", ReadPublic),
    (Method::GET, "/dev/reload", ReadPublic),
    (Method::GET, "/healthz", ReadPublic),
    (Method::GET, "/readyz", ReadPublic),
    (Method::GET, "/metrics", ReadPublic),
    (Method::GET, "/limits", ReadPublic),
    (Method::GET, "/api/openapi.json", ReadPublic),
    (Method::GET, "/api/topologies", ReadPublic),
    (Method::GET, "/api/lessons", ReadPublic),
    (Method::POST, "/api/lessons/{slug}/steps/{step}/scene", TakeLesson),
    (Method::POST, "/api/lessons/{slug}/steps/{step}/show", TakeLesson),
    (Method::GET, "/api/lessons/{slug}/steps/{step}/check", ReadProgress),
    (Method::POST, "/api/lessons/{slug}/steps/{step}/check", TakeLesson),
    (Method::PUT, "/api/lessons/{slug}/steps/{step}/prediction", TakeLesson),
    (Method::GET, "/api/progress", ReadProgress),
    (Method::PUT, "/api/progress/lessons/{slug}/quiz/{question}", TakeLesson),
    (Method::GET, "/api/sources/{*file}", ReadPublic),
    (Method::GET, "/api/sandboxes", ListSandboxes),
    (Method::POST, "/api/sandboxes", CreateSandbox),
    (Method::GET, "/api/sandboxes/{id}", ReadSandbox),
    (Method::DELETE, "/api/sandboxes/{id}", DeleteSandbox),
    (Method::GET, "/api/sandboxes/{id}/state", ReadSandbox),
    (Method::GET, "/api/sandboxes/{id}/strata", ReadSandbox),
    (Method::POST, "/api/sandboxes/{id}/commands", ChangeSandbox),
    (Method::GET, "/api/sandboxes/{id}/events", ReadSandbox),
    (Method::GET, "/api/sandboxes/{id}/faults", ReadSandbox),
    (Method::DELETE, "/api/sandboxes/{id}/faults", ChangeSandbox),
    (Method::PUT, "/api/sandboxes/{id}/faults/{fault_id}", ChangeSandbox),
    (Method::DELETE, "/api/sandboxes/{id}/faults/{fault_id}", ChangeSandbox),
    (Method::PUT, "/api/sandboxes/{id}/switches/{name}", ChangeSandbox),
    (Method::GET, "/api/sandboxes/{id}/load", ReadSandbox),
    (Method::PUT, "/api/sandboxes/{id}/load", ChangeSandbox),
    (Method::DELETE, "/api/sandboxes/{id}/load", ChangeSandbox),
    (Method::POST, "/api/sandboxes/{id}/services/{name}/crash", ChangeSandbox),
    (Method::POST, "/api/sandboxes/{id}/services/{name}/restart", ChangeSandbox),
    (Method::POST, "/api/sandboxes/{id}/services/{name}/resume", ChangeSandbox),
    (Method::PUT, "/api/sandboxes/{id}/services/{name}/replicas", ChangeSandbox),
    (Method::GET, "/api/sandboxes/{id}/services/{name}/queries/{query}", ReadSandbox),
    (Method::GET, "/api/sandboxes/{id}/services/{name}/tables", ReadSandbox),
    (Method::GET, "/api/sandboxes/{id}/services/{name}/tables/{table}", ReadSandbox),
    (Method::GET, "/api/sandboxes/{id}/invariants", ReadSandbox),
    (Method::GET, "/api/sandboxes/{id}/export/{format}", ReadSandbox),
    (Method::GET, "/api/runs", ListRuns),
    (Method::POST, "/api/runs", CreateRun),
    (Method::GET, "/api/runs/compare", CompareRuns),
    (Method::GET, "/api/runs/{id}", ReadRun),
    (Method::PUT, "/api/runs/{id}", ChangeRun),
    (Method::DELETE, "/api/runs/{id}", DeleteRun),
    (Method::GET, "/api/runs/{id}/state", ReadRun),
    (Method::GET, "/api/runs/{id}/events", ReadRun),
    (Method::GET, "/api/runs/{id}/strata", ReadRun),
    (Method::GET, "/api/runs/{id}/services/{name}/tables", ReadRun),
    (Method::GET, "/api/runs/{id}/services/{name}/tables/{table}", ReadRun),
    (Method::GET, "/api/runs/{id}/invariants", ReadRun),
    (Method::GET, "/api/runs/{id}/export/{format}", ReadRun),
    (Method::POST, "/api/matrix", RunMatrix),
    (Method::GET, "/api/matrix/{id}", ReadMatrix),
    (Method::GET, "/api/million", ReadPublic),
    (Method::POST, "/api/million", MakeMillion),
    (Method::GET, "/api/sandboxes/{id}/million", ReadSandbox),
    (Method::POST, "/api/sandboxes/{id}/million/loads", ChangeSandbox),
    (Method::POST, "/api/sandboxes/{id}/million/damage", ChangeSandbox),
    (Method::POST, "/api/sandboxes/{id}/million/check", ChangeSandbox),
    (Method::DELETE, "/api/sandboxes/{id}/million/snapshots", ChangeSandbox),
    (Method::GET, "/api/sandboxes/{id}/million/projections/{projection}", ReadSandbox),
    (Method::POST, "/api/sandboxes/{id}/million/projections/{projection}", ChangeSandbox),
];

/// The layer around every route. What it lets through carries an [`Actor`] and, where the path
/// names a sandbox or a run, its [`SandboxRow`] or [`RunRow`].
pub async fn check(State(app): State<App>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        // No route: the fallback, which shows nobody anything.
        return Ok(next.run(request).await);
    };
    let action = action(request.method(), path.as_str())?;
    let actor = session::actor(&app, request.headers()).await?;
    let resource = match id_in_path(&mut request).await {
        InPath::None => Resource::Server,
        InPath::Id(id) if path.as_str().starts_with(MATRICES) => match matrix(&app, &id) {
            Some(matrix) => {
                let owner = matrix.owner;
                request.extensions_mut().insert(matrix);
                Resource::Matrix { owner }
            }
            None => Resource::Nothing,
        },
        InPath::Id(id) if path.as_str().starts_with(RUNS) => match run(&app, action, &id).await? {
            Some(row) => {
                let owner = row.session;
                request.extensions_mut().insert(row);
                Resource::Run { owner }
            }
            None => Resource::Nothing,
        },
        InPath::Id(id) => match sandbox(&app, &id) {
            Some(row) => {
                let owner = row.session;
                request.extensions_mut().insert(row);
                Resource::Sandbox { owner }
            }
            None => Resource::Nothing,
        },
    };
    authorize(actor, action, resource)?;
    request.extensions_mut().insert(actor);
    Ok(next.run(request).await)
}

const RUNS: &str = "/api/runs/";
const MATRICES: &str = "/api/matrix/";

fn sandbox(app: &App, id: &str) -> Option<SandboxRow> {
    app.store.sandbox(&id.parse().ok()?)
}

fn matrix(app: &App, id: &str) -> Option<Arc<Matrix>> {
    app.matrices.get(&id.parse().ok()?)
}

/// Those of a matrix's cells can be looked at, and no more.
async fn run(app: &App, action: Action, id: &str) -> Result<Option<RunRow>, Problem> {
    let Ok(id) = id.parse() else { return Ok(None) };
    let kept = app.store.run(&id).await?;
    Ok(kept.or_else(|| app.matrices.run_row(&id).filter(|_| action == ReadRun)))
}

/// The sandbox or kept run of this id, for whoever may read it. For what names one elsewhere
/// than in its path.
pub async fn look(app: &App, actor: Actor, id: &str) -> Result<Look, Problem> {
    if let Some(row) = run(app, ReadRun, id).await? {
        authorize(actor, ReadRun, Resource::Run { owner: row.session })?;
        return Ok(Look::Run(app.runs.get(row).await?));
    }
    own_sandbox(app, actor, id).await.map(Look::Sandbox)
}

/// The same, of sandboxes only.
pub async fn own_sandbox(app: &App, actor: Actor, id: &str) -> Result<Arc<Sandbox>, Problem> {
    let row = sandbox(app, id).ok_or_else(Problem::not_found)?;
    authorize(actor, ReadSandbox, Resource::Sandbox { owner: row.session })?;
    app.sandboxes.get(&row.id).await?.ok_or_else(Problem::not_found)
}

/// The sandbox or kept run that a page is about: the one it names, else the session's newest sandbox,
/// of this topology if one is given. `None` where there is no such, or it is somebody else's: the page
/// still reads.
pub async fn look_or_newest(
    app: &App,
    actor: Actor,
    named: Option<&str>,
    topology: Option<&str>,
) -> Result<Option<Look>, Problem> {
    match named {
        Some(id) => if_there(look(app, actor, id).await),
        None => Ok(newest_sandbox(app, actor, topology).await?.map(Look::Sandbox)),
    }
}

/// The row of the session's newest sandbox, of this topology if one is given.
pub fn newest(app: &App, actor: Actor, topology: Option<&str>) -> Option<SandboxRow> {
    let rows = app.store.sandboxes_of(&actor.session()?);
    rows.into_iter().find(|row| topology.is_none_or(|topology| row.topology == topology))
}

async fn newest_sandbox(app: &App, actor: Actor, topology: Option<&str>) -> Result<Option<Arc<Sandbox>>, Problem> {
    match newest(app, actor, topology) {
        Some(row) => Ok(app.sandboxes.get(&row.id).await?),
        None => Ok(None),
    }
}

fn if_there<T>(found: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(problem) if problem.status == StatusCode::NOT_FOUND => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn action(method: &Method, path: &str) -> Result<Action, Problem> {
    let wanted = if method == Method::HEAD { &Method::GET } else { method };
    let mut rows = ACCESS.iter().filter(|(_, row, _)| *row == path).peekable();
    if rows.peek().is_none() {
        return Err(Problem::not_found());
    }
    if let Some((_, _, action)) = rows.clone().find(|(method, _, _)| method == wanted) {
        return Ok(*action);
    }
    let allowed: Vec<&str> = rows
        .flat_map(|(method, _, _)| if *method == Method::GET { vec!["GET", "HEAD"] } else { vec![method.as_str()] })
        .collect();
    let allowed = HeaderValue::from_str(&allowed.join(", ")).map_err(Problem::internal)?;
    Err(Problem::of(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, allowed))
}

enum InPath {
    None,
    /// As it stands there, which may be in no form of an id.
    Id(String),
}

async fn id_in_path(request: &mut Request) -> InPath {
    match request.extract_parts::<RawPathParams>().await {
        Ok(params) => {
            params.iter().find(|(name, _)| *name == "id").map_or(InPath::None, |(_, id)| InPath::Id(id.to_owned()))
        }
        // Not UTF-8: names nothing.
        Err(_) => InPath::Id(String::new()),
    }
}

/// Who asks, as [`check`] found out.
impl FromRequestParts<App> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        parts.extensions.get().copied().ok_or_else(Problem::not_found)
    }
}

/// The sandbox the path names, which [`check`] found to be the actor's own. There is no other
/// way for a handler to come by one.
pub struct Own(pub Arc<Sandbox>);

impl FromRequestParts<App> for Own {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let row: &SandboxRow = parts.extensions.get().ok_or_else(Problem::not_found)?;
        app.sandboxes.get(&row.id).await?.map(Own).ok_or_else(Problem::not_found)
    }
}

/// The kept run the path names, which [`check`] found to be the actor's own.
pub struct OwnRun(pub RunRow);

impl FromRequestParts<App> for OwnRun {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        parts.extensions.get().cloned().map(OwnRun).ok_or_else(Problem::not_found)
    }
}

/// The matrix the path names, which [`check`] found to be the actor's own.
pub struct OwnMatrix(pub Arc<Matrix>);

impl FromRequestParts<App> for OwnMatrix {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        parts.extensions.get().cloned().map(OwnMatrix).ok_or_else(Problem::not_found)
    }
}

/// Whichever of the two the path names.
impl FromRequestParts<App> for Look {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match parts.extensions.get::<RunRow>() {
            Some(row) => Ok(Look::Run(app.runs.get(row.clone()).await?)),
            None => Own::from_request_parts(parts, app).await.map(|Own(sandbox)| Look::Sandbox(sandbox)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Token;

    /// Who gets through: anonymous, the owner, another learner.
    const MATRIX: &[(&str, &str, [bool; 3])] = &[
        ("GET", "/", [true, true, true]),
        ("GET", "/lessons", [true, true, true]),
        ("GET", "/lessons/{slug}", [true, true, true]),
        ("GET", "/playground", [true, true, true]),
        ("GET", "/runs", [true, true, true]),
        ("GET", "/runs/compare", [true, true, true]),
        ("GET", "/matrix", [true, true, true]),
        ("GET", "/million", [true, true, true]),
        ("GET", "/rule", [true, true, true]),
        ("GET", "/replay", [true, true, true]),
        ("GET", "/feed", [true, true, true]),
        ("GET", "/assets/{*path}", [true, true, true]),
        ("GET", "/dev/reload", [true, true, true]),
        ("GET", "/healthz", [true, true, true]),
        ("GET", "/readyz", [true, true, true]),
        ("GET", "/metrics", [true, true, true]),
        ("GET", "/limits", [true, true, true]),
        ("GET", "/api/openapi.json", [true, true, true]),
        ("GET", "/api/topologies", [true, true, true]),
        ("GET", "/api/lessons", [true, true, true]),
        ("POST", "/api/lessons/{slug}/steps/{step}/scene", [true, true, true]),
        ("POST", "/api/lessons/{slug}/steps/{step}/show", [true, true, true]),
        ("GET", "/api/lessons/{slug}/steps/{step}/check", [true, true, true]),
        ("POST", "/api/lessons/{slug}/steps/{step}/check", [true, true, true]),
        ("PUT", "/api/lessons/{slug}/steps/{step}/prediction", [true, true, true]),
        ("GET", "/api/progress", [true, true, true]),
        ("PUT", "/api/progress/lessons/{slug}/quiz/{question}", [true, true, true]),
        ("GET", "/api/sources/{*file}", [true, true, true]),
        ("GET", "/api/sandboxes", [true, true, true]),
        ("POST", "/api/sandboxes", [true, true, true]),
        ("GET", "/api/sandboxes/{id}", [false, true, false]),
        ("DELETE", "/api/sandboxes/{id}", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/state", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/strata", [false, true, false]),
        ("POST", "/api/sandboxes/{id}/commands", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/events", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/faults", [false, true, false]),
        ("DELETE", "/api/sandboxes/{id}/faults", [false, true, false]),
        ("PUT", "/api/sandboxes/{id}/faults/{fault_id}", [false, true, false]),
        ("DELETE", "/api/sandboxes/{id}/faults/{fault_id}", [false, true, false]),
        ("PUT", "/api/sandboxes/{id}/switches/{name}", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/load", [false, true, false]),
        ("PUT", "/api/sandboxes/{id}/load", [false, true, false]),
        ("DELETE", "/api/sandboxes/{id}/load", [false, true, false]),
        ("POST", "/api/sandboxes/{id}/services/{name}/crash", [false, true, false]),
        ("POST", "/api/sandboxes/{id}/services/{name}/restart", [false, true, false]),
        ("POST", "/api/sandboxes/{id}/services/{name}/resume", [false, true, false]),
        ("PUT", "/api/sandboxes/{id}/services/{name}/replicas", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/services/{name}/queries/{query}", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/services/{name}/tables", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/services/{name}/tables/{table}", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/invariants", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/export/{format}", [false, true, false]),
        ("GET", "/api/runs", [true, true, true]),
        ("POST", "/api/runs", [true, true, true]),
        ("GET", "/api/runs/compare", [true, true, true]),
        ("GET", "/api/runs/{id}", [false, true, false]),
        ("PUT", "/api/runs/{id}", [false, true, false]),
        ("DELETE", "/api/runs/{id}", [false, true, false]),
        ("GET", "/api/runs/{id}/state", [false, true, false]),
        ("GET", "/api/runs/{id}/events", [false, true, false]),
        ("GET", "/api/runs/{id}/strata", [false, true, false]),
        ("GET", "/api/runs/{id}/services/{name}/tables", [false, true, false]),
        ("GET", "/api/runs/{id}/services/{name}/tables/{table}", [false, true, false]),
        ("GET", "/api/runs/{id}/invariants", [false, true, false]),
        ("GET", "/api/runs/{id}/export/{format}", [false, true, false]),
        ("POST", "/api/matrix", [true, true, true]),
        ("GET", "/api/matrix/{id}", [false, true, false]),
        ("GET", "/api/million", [true, true, true]),
        ("POST", "/api/million", [true, true, true]),
        ("GET", "/api/sandboxes/{id}/million", [false, true, false]),
        ("POST", "/api/sandboxes/{id}/million/loads", [false, true, false]),
        ("POST", "/api/sandboxes/{id}/million/damage", [false, true, false]),
        ("POST", "/api/sandboxes/{id}/million/check", [false, true, false]),
        ("DELETE", "/api/sandboxes/{id}/million/snapshots", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/million/projections/{projection}", [false, true, false]),
        ("POST", "/api/sandboxes/{id}/million/projections/{projection}", [false, true, false]),
    ];

    #[test]
    fn everybody_gets_what_the_matrix_says_and_no_more() {
        let (a, b) = (Token::random().session(), Token::random().session());
        for (method, path, expected) in MATRIX {
            let action = action(&method.parse().expect("a method"), path).expect("a row");
            let resource = match path.contains("{id}") {
                true if path.starts_with(RUNS) => Resource::Run { owner: a },
                true if path.starts_with(MATRICES) => Resource::Matrix { owner: a },
                true => Resource::Sandbox { owner: a },
                false => Resource::Server,
            };
            let actors = [Actor::Anonymous, Actor::Learner(a), Actor::Learner(b)];
            assert_eq!(actors.map(|actor| authorize(actor, action, resource).is_ok()), *expected, "{method} {path}");
        }
    }

    #[test]
    fn every_route_has_a_row_in_the_matrix() {
        let in_matrix = |method: &str, path: &str| MATRIX.iter().any(|row| (row.0, row.1) == (method, path));
        for (method, path, _) in ACCESS {
            assert!(in_matrix(method.as_str(), path), "{method} {path}");
        }
        for (method, path) in crate::app::documented_routes() {
            assert!(in_matrix(&method, &path), "{method} {path}");
        }
    }

    #[test]
    fn every_documented_route_is_open_to_somebody_and_every_api_route_is_documented() {
        let documented = crate::app::documented_routes();
        for (method, path) in &documented {
            assert!(action(&method.parse().expect("a method"), path).is_ok(), "{method} {path} is closed to everybody");
        }
        for (method, path, _) in
            ACCESS.iter().filter(|(_, path, _)| path.starts_with("/api/") && *path != "/api/openapi.json")
        {
            assert!(documented.contains(&(method.to_string(), path.to_string())), "{method} {path} is not documented");
        }
    }

    #[test]
    fn nothing_that_changes_state_is_a_get() {
        for (method, path, action) in ACCESS {
            if matches!(
                action,
                CreateSandbox
                    | ChangeSandbox
                    | DeleteSandbox
                    | CreateRun
                    | ChangeRun
                    | DeleteRun
                    | RunMatrix
                    | MakeMillion
            ) {
                assert_ne!(method, Method::GET, "{path}");
            }
        }
    }

    #[test]
    fn a_route_without_a_row_is_closed_and_a_method_without_one_is_named() {
        assert_eq!(action(&Method::GET, "/api/secrets").expect_err("closed").status, 404);
        assert_eq!(action(&Method::PATCH, "/api/sandboxes/{id}").expect_err("closed").status, 405);
        assert_eq!(action(&Method::HEAD, "/api/sandboxes/{id}").expect("as GET"), ReadSandbox);
    }
}
