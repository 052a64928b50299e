//! Every route and the action it stands for.

use super::{Action, Actor, Resource, authorize, session};
use crate::app::App;
use crate::error::Problem;
use crate::ids::SandboxId;
use crate::sandbox::Sandbox;
use crate::store::SandboxRow;
use axum::RequestExt;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ALLOW, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};
use std::sync::Arc;

use Action::{ChangeSandbox, CreateSandbox, DeleteSandbox, ListSandboxes, ReadPublic, ReadSandbox};

/// Method, path as the router has it, action. `HEAD` goes with `GET`.
pub const ACCESS: &[(Method, &str, Action)] = &[
    (Method::GET, "/", ReadPublic),
    (Method::GET, "/lessons", ReadPublic),
    (Method::GET, "/lessons/{slug}", ReadPublic),
    (Method::GET, "/playground", ReadPublic),
    (Method::GET, "/assets/{*path}", ReadPublic),
    (Method::GET, "/dev/reload", ReadPublic),
    (Method::GET, "/healthz", ReadPublic),
    (Method::GET, "/readyz", ReadPublic),
    (Method::GET, "/metrics", ReadPublic),
    (Method::GET, "/limits", ReadPublic),
    (Method::GET, "/api/openapi.json", ReadPublic),
    (Method::GET, "/api/topologies", ReadPublic),
    (Method::GET, "/api/lessons", ReadPublic),
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
    (Method::GET, "/api/sandboxes/{id}/load", ReadSandbox),
    (Method::PUT, "/api/sandboxes/{id}/load", ChangeSandbox),
    (Method::DELETE, "/api/sandboxes/{id}/load", ChangeSandbox),
    (Method::POST, "/api/sandboxes/{id}/services/{name}/crash", ChangeSandbox),
    (Method::POST, "/api/sandboxes/{id}/services/{name}/restart", ChangeSandbox),
    (Method::GET, "/api/sandboxes/{id}/services/{name}/tables", ReadSandbox),
    (Method::GET, "/api/sandboxes/{id}/services/{name}/tables/{table}", ReadSandbox),
    (Method::GET, "/api/sandboxes/{id}/invariants", ReadSandbox),
];

/// The layer around every route. What it lets through carries an [`Actor`] and, where the path
/// names a sandbox, its [`SandboxRow`].
pub async fn check(State(app): State<App>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        // No route: the fallback, which shows nobody anything.
        return Ok(next.run(request).await);
    };
    let action = action(request.method(), path.as_str())?;
    let actor = session::actor(&app, request.headers()).await?;
    let sandbox = match sandbox_in_path(&mut request).await {
        InPath::None => None,
        InPath::Id(id) => Some(id.and_then(|id| app.store.sandbox(&id))),
    };
    let resource = match &sandbox {
        None => Resource::Server,
        Some(Some(row)) => Resource::Sandbox { owner: row.session },
        Some(None) => Resource::Nothing,
    };
    authorize(actor, action, resource)?;
    request.extensions_mut().insert(actor);
    if let Some(row) = sandbox.flatten() {
        request.extensions_mut().insert(row);
    }
    Ok(next.run(request).await)
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
    /// `None` within when it is not in the form of an id.
    Id(Option<SandboxId>),
}

async fn sandbox_in_path(request: &mut Request) -> InPath {
    match request.extract_parts::<RawPathParams>().await {
        Ok(params) => {
            params.iter().find(|(name, _)| *name == "id").map_or(InPath::None, |(_, id)| InPath::Id(id.parse().ok()))
        }
        // Not UTF-8: names nothing.
        Err(_) => InPath::Id(None),
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
        ("GET", "/assets/{*path}", [true, true, true]),
        ("GET", "/dev/reload", [true, true, true]),
        ("GET", "/healthz", [true, true, true]),
        ("GET", "/readyz", [true, true, true]),
        ("GET", "/metrics", [true, true, true]),
        ("GET", "/limits", [true, true, true]),
        ("GET", "/api/openapi.json", [true, true, true]),
        ("GET", "/api/topologies", [true, true, true]),
        ("GET", "/api/lessons", [true, true, true]),
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
        ("GET", "/api/sandboxes/{id}/load", [false, true, false]),
        ("PUT", "/api/sandboxes/{id}/load", [false, true, false]),
        ("DELETE", "/api/sandboxes/{id}/load", [false, true, false]),
        ("POST", "/api/sandboxes/{id}/services/{name}/crash", [false, true, false]),
        ("POST", "/api/sandboxes/{id}/services/{name}/restart", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/services/{name}/tables", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/services/{name}/tables/{table}", [false, true, false]),
        ("GET", "/api/sandboxes/{id}/invariants", [false, true, false]),
    ];

    #[test]
    fn everybody_gets_what_the_matrix_says_and_no_more() {
        let (a, b) = (Token::random().session(), Token::random().session());
        for (method, path, expected) in MATRIX {
            let action = action(&method.parse().expect("a method"), path).expect("a row");
            let resource = if path.contains("{id}") { Resource::Sandbox { owner: a } } else { Resource::Server };
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
            if matches!(action, CreateSandbox | ChangeSandbox | DeleteSandbox) {
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
