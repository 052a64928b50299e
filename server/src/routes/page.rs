use super::Query;
use crate::app::App;
use crate::auth::Actor;
use crate::auth::access::{self, look};
use crate::error::Problem;
use crate::look::Look;
use crate::pages::{Asked, Page};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use frontend::render::{self, Live};
use futures_util::{StreamExt, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use std::convert::Infallible;
use std::future::ready;

/// Which system a living page shows: the newest of its topology, or this sandbox or kept run; and
/// at which position, the last one it has where it has none so late.
#[derive(Deserialize)]
pub struct Wanted {
    run: Option<String>,
    at: Option<u64>,
}

pub async fn home(
    State(app): State<App>,
    actor: Actor,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    show(&app, Page::Home, actor, wanted, &headers).await
}

pub async fn lessons(State(app): State<App>, actor: Actor, headers: HeaderMap) -> Result<Response, Problem> {
    let lessons = app.course.begun(actor.session()).await?;
    Ok(match lessons.iter().any(|lesson| lesson.steps_done + lesson.answered > 0) {
        true => app.pages.lessons(lessons, &headers),
        false => app.pages.respond(Page::Lessons, Asked::Nobodys, &headers),
    })
}

pub async fn lesson(
    State(app): State<App>,
    actor: Actor,
    Path(slug): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let lesson = app.course.lesson(&slug).ok_or_else(Problem::not_found)?;
    let done = app.course.done(actor.session(), lesson).await?;
    show(&app, Page::Lesson(lesson, done), actor, wanted, &headers).await
}

/// Which topology the playground is for; without one, the first.
#[derive(Deserialize)]
pub struct Chosen {
    topology: Option<String>,
}

pub async fn playground(
    State(app): State<App>,
    actor: Actor,
    Query(chosen): Query<Chosen>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let topology = chosen.topology.as_deref().unwrap_or(render::TOPOLOGY);
    let topology = protocol::topology(topology).ok_or_else(Problem::not_found)?.name;
    show(&app, Page::Playground(topology), actor, wanted, &headers).await
}

/// Never sends anything: that it breaks off tells a page that the server is being replaced.
pub async fn reload(State(app): State<App>) -> Response {
    let silence = stream::once(app.streams.ended()).filter_map(|()| ready(None::<Result<Bytes, Infallible>>));
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(silence)).into_response()
}

async fn show(app: &App, page: Page, actor: Actor, wanted: Wanted, headers: &HeaderMap) -> Result<Response, Problem> {
    let asked = match &wanted.run {
        None => match newest(app, &page, actor).await {
            Some(look) => live(&look, wanted.at).await,
            None => Asked::Nobodys,
        },
        Some(id) => match look(app, actor, id).await {
            Ok(look) => live(&look, wanted.at).await,
            // The page still reads.
            Err(problem) if problem.status == StatusCode::NOT_FOUND => Asked::Missing,
            Err(problem) => return Err(problem),
        },
    };
    Ok(app.pages.respond(page, asked, headers))
}

/// The session's newest sandbox of the page's topology, which this does not wake. One that can't
/// be read leaves the page readable.
async fn newest(app: &App, page: &Page, actor: Actor) -> Option<Look> {
    let row = access::newest(app, actor, Some(page.topology()?))?;
    match app.sandboxes.get(&row.id).await {
        Ok(sandbox) => sandbox.map(Look::Sandbox),
        Err(error) => {
            tracing::error!(sandbox.id = %row.id, %error, "a page is shown without its sandbox");
            None
        }
    }
}

/// The picture at its end, or at a position before.
async fn live(look: &Look, at: Option<u64>) -> Asked {
    let state = look.state();
    let end = state.position;
    let state = match at.filter(|at| *at < end) {
        None => (*state).clone(),
        Some(at) => match look.state_at(at).await {
            Ok(state) => state,
            Err(error) => {
                tracing::error!(run.id = look.id(), %error, "a page is shown without its past");
                (*state).clone()
            }
        },
    };
    Asked::Own(Box::new(Live { sandbox_id: look.id(), state, kept: matches!(look, Look::Run(_)), end }))
}
