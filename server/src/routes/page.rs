use crate::app::App;
use crate::auth::Actor;
use crate::error::Problem;
use crate::ids::SessionId;
use crate::pages::Page;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use frontend::render::Live;
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use std::convert::Infallible;
use std::future::ready;

pub async fn home(State(app): State<App>, actor: Actor, headers: HeaderMap) -> Response {
    show(&app, Page::Home, actor, &headers).await
}

pub async fn lessons(State(app): State<App>, actor: Actor, headers: HeaderMap) -> Response {
    show(&app, Page::Lessons, actor, &headers).await
}

pub async fn lesson(
    State(app): State<App>,
    actor: Actor,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let lesson = ::lessons::lesson(&slug).ok_or_else(Problem::not_found)?;
    Ok(show(&app, Page::Lesson(lesson), actor, &headers).await)
}

pub async fn playground(State(app): State<App>, actor: Actor, headers: HeaderMap) -> Response {
    show(&app, Page::Playground, actor, &headers).await
}

/// Never sends anything: that it breaks off tells a page that the server is being replaced.
pub async fn reload(State(app): State<App>) -> Response {
    let silence = stream::once(app.streams.ended()).filter_map(|()| ready(None::<Result<Bytes, Infallible>>));
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(silence)).into_response()
}

async fn show(app: &App, page: Page, actor: Actor, headers: &HeaderMap) -> Response {
    let live = match (page.topology(), actor.session()) {
        (Some(topology), Some(session)) => newest(app, topology, session).await,
        _ => None,
    };
    app.pages.respond(page, live, headers)
}

/// The picture of the session's newest sandbox of that topology, which this does not wake. One
/// that can't be read leaves the page readable.
async fn newest(app: &App, topology: &str, session: SessionId) -> Option<Live> {
    let row = app.store.sandboxes_of(&session).into_iter().find(|row| row.topology == topology)?;
    match app.sandboxes.get(&row.id).await {
        Ok(sandbox) => {
            sandbox.map(|sandbox| Live { sandbox_id: row.id.to_string(), state: (*sandbox.state()).clone() })
        }
        Err(error) => {
            tracing::error!(sandbox.id = %row.id, %error, "a page is shown without its sandbox");
            None
        }
    }
}
