use super::Query;
use crate::app::App;
use crate::auth::access::own_sandbox;
use crate::auth::session::Visitor;
use crate::body::Json;
use crate::course::{CheckView, ShowView, Taken};
use crate::error::Problem;
use crate::openapi::{BadBody, BadQuery, Busy, NotYours, ShowsAlready};
use ::lessons::Answer;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A sandbox that is there already.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewScene)]
pub struct Present {
    /// Of one's own. A step without a scene of its own goes on in it; a scene that was set up in
    /// it before is over.
    #[serde(default)]
    sandbox: Option<String>,
}

/// A step's sandbox.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Scene)]
pub struct In {
    sandbox: String,
}

/// What `PUT …/prediction` takes and gives back.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Prediction, example = json!({"answer": ["inventory", "orders"]}))]
pub struct Predicted {
    /// A number; the id of a choice; services; or all options in an order.
    #[schema(value_type = Object)]
    answer: Answer,
}

/// Set a step up: a fresh sandbox with the scene's topology, seed, switches and faults. What
/// counts for the step is what happens in it from now on. A client without a session gets one.
#[utoipa::path(
    post, path = "/api/lessons/{slug}/steps/{step}/scene", tag = "lessons", operation_id = "begin_step",
    params(("slug" = String, Path, description = "The lesson"), ("step" = String, Path, description = "Its step")),
    request_body = Present,
    responses(
        (status = 201, body = In, headers(("Location" = String, description = "The sandbox's address"))),
        BadBody,
        NotYours,
        Busy,
    )
)]
pub async fn begin(
    State(app): State<App>,
    visitor: Visitor,
    Path((slug, step)): Path<(String, String)>,
    Json(Present { sandbox }): Json<Present>,
) -> Result<Response, Problem> {
    let (lesson, step) = named(&app, &slug, &step)?;
    let present = match sandbox {
        Some(id) => Some(own_sandbox(&app, visitor.actor(), &id).await?),
        None => None,
    };
    let (session, guest) = visitor.learner(&app).await?;
    let sandbox = match app.course.begin(Taken { session, lesson, step }, present).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            guest.forget(&app).await?;
            return Err(error.into());
        }
    };
    let location = HeaderValue::from_str(&format!("/api/sandboxes/{}", sandbox.id())).map_err(Problem::internal)?;
    let scene = axum::Json(In { sandbox: sandbox.id().to_string() });
    let mut response = (StatusCode::CREATED, scene).into_response();
    response.headers_mut().insert(LOCATION, location);
    guest.welcome(&app, response)
}

/// Do a step in the learner's place, by the sandbox's ordinary calls. How far it has come is told
/// by the check.
#[utoipa::path(
    post, path = "/api/lessons/{slug}/steps/{step}/show", tag = "lessons", operation_id = "show_step",
    params(("slug" = String, Path, description = "The lesson"), ("step" = String, Path, description = "Its step")),
    request_body = In,
    responses(
        (status = 202, body = ShowView),
        BadBody,
        NotYours,
        ShowsAlready,
    )
)]
pub async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path((slug, step)): Path<(String, String)>,
    Json(In { sandbox }): Json<In>,
) -> Result<(StatusCode, axum::Json<ShowView>), Problem> {
    let (lesson, step) = named(&app, &slug, &step)?;
    let sandbox = own_sandbox(&app, visitor.actor(), &sandbox).await?;
    let session = visitor.actor().session().ok_or_else(Problem::not_found)?;
    if !app.course.show(Taken { session, lesson, step }, sandbox) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "A step is being shown in this sandbox. Wait until its check says that it is done.",
        ));
    }
    Ok((StatusCode::ACCEPTED, axum::Json(ShowView::Running)))
}

/// Whether a step is done, condition by condition, and how its prediction came out. Nothing is
/// kept of it.
#[utoipa::path(
    get, path = "/api/lessons/{slug}/steps/{step}/check", tag = "lessons", operation_id = "check_step",
    params(
        ("slug" = String, Path, description = "The lesson"),
        ("step" = String, Path, description = "Its step"),
        ("sandbox" = String, Query, description = "The one in which it was begun"),
    ),
    responses(
        (status = 200, body = CheckView),
        BadQuery,
        NotYours,
    )
)]
pub async fn check(
    State(app): State<App>,
    visitor: Visitor,
    Path((slug, step)): Path<(String, String)>,
    Query(In { sandbox }): Query<In>,
) -> Result<axum::Json<CheckView>, Problem> {
    let (lesson, step) = named(&app, &slug, &step)?;
    let sandbox = own_sandbox(&app, visitor.actor(), &sandbox).await?;
    let session = visitor.actor().session().ok_or_else(Problem::not_found)?;
    Ok(axum::Json(app.course.check(Taken { session, lesson, step }, &sandbox).await?))
}

/// The same as by GET; and that it is done, and what came true, is kept, as soon as it is so.
#[utoipa::path(
    post, path = "/api/lessons/{slug}/steps/{step}/check", tag = "lessons", operation_id = "note_step",
    params(("slug" = String, Path, description = "The lesson"), ("step" = String, Path, description = "Its step")),
    request_body = In,
    responses(
        (status = 200, body = CheckView),
        BadBody,
        NotYours,
    )
)]
pub async fn note(
    State(app): State<App>,
    visitor: Visitor,
    Path((slug, step)): Path<(String, String)>,
    Json(In { sandbox }): Json<In>,
) -> Result<axum::Json<CheckView>, Problem> {
    let (lesson, step) = named(&app, &slug, &step)?;
    let sandbox = own_sandbox(&app, visitor.actor(), &sandbox).await?;
    let session = visitor.actor().session().ok_or_else(Problem::not_found)?;
    Ok(axum::Json(app.course.note(Taken { session, lesson, step }, &sandbox).await?))
}

/// Say what will happen. A client without a session gets one.
#[utoipa::path(
    put, path = "/api/lessons/{slug}/steps/{step}/prediction", tag = "lessons", operation_id = "predict",
    params(("slug" = String, Path, description = "The lesson"), ("step" = String, Path, description = "Its step")),
    request_body = Predicted,
    responses(
        (status = 200, body = Predicted, description = "As it is kept"),
        BadBody,
        NotYours,
    )
)]
pub async fn predict(
    State(app): State<App>,
    visitor: Visitor,
    Path((slug, step)): Path<(String, String)>,
    Json(Predicted { answer }): Json<Predicted>,
) -> Result<Response, Problem> {
    let (lesson, step) = named(&app, &slug, &step)?;
    let predict = step.predict.as_ref().ok_or_else(|| Problem::unprocessable("This step asks for no prediction."))?;
    let answer = predict.accept(answer).map_err(Problem::unprocessable)?;
    let (session, guest) = visitor.learner(&app).await?;
    app.course.predict(Taken { session, lesson, step }, &answer).await?;
    guest.welcome(&app, axum::Json(Predicted { answer }).into_response())
}

fn named(app: &App, slug: &str, step: &str) -> Result<(&'static ::lessons::Lesson, &'static ::lessons::Step), Problem> {
    let unknown =
        || Problem::new(StatusCode::NOT_FOUND, "There is no lesson or step of that name. GET /api/lessons lists them.");
    let lesson = app.course.lesson(slug).ok_or_else(unknown)?;
    Ok((lesson, lesson.step(step).ok_or_else(unknown)?))
}
