use crate::app::App;
use crate::auth::Actor;
use crate::auth::session::Visitor;
use crate::body::Json;
use crate::course::LessonProgress;
use crate::error::Problem;
use crate::openapi::{BadBody, NoQuestion};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a session has come.
#[derive(Serialize, ToSchema)]
pub struct Progress {
    /// By number, each lesson with what was done of it.
    lessons: Vec<LessonProgress>,
}

/// An answer to a question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuizAnswer, example = json!({"choice": "committed"}))]
pub struct Chosen {
    /// The id of one of its choices.
    choice: String,
}

/// How an answer came out, and why every choice is right or wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = QuizOutcome)]
pub struct Outcome {
    right: bool,
    choices: Vec<Explained>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = QuizExplanation)]
struct Explained {
    id: &'static str,
    right: bool,
    because: &'static str,
    /// The same, as HTML that is safe to show.
    because_html: &'static str,
}

/// What this session has done, predicted and answered.
#[utoipa::path(get, path = "/api/progress", tag = "lessons", operation_id = "show_progress", responses((status = 200, body = Progress)))]
pub async fn show(State(app): State<App>, actor: Actor) -> Result<axum::Json<Progress>, Problem> {
    Ok(axum::Json(Progress { lessons: app.course.progress(actor.session()).await? }))
}

/// Answer a question of a lesson's quiz; the last answer is kept. A client without a session gets
/// one.
#[utoipa::path(
    put, path = "/api/progress/lessons/{slug}/quiz/{question}", tag = "lessons", operation_id = "answer",
    params(("slug" = String, Path, description = "The lesson"), ("question" = String, Path, description = "Its question")),
    request_body = Chosen,
    responses(
        (status = 200, body = Outcome),
        BadBody,
        NoQuestion,
    )
)]
pub async fn answer(
    State(app): State<App>,
    visitor: Visitor,
    Path((slug, question)): Path<(String, String)>,
    Json(Chosen { choice }): Json<Chosen>,
) -> Result<Response, Problem> {
    let unknown = || {
        Problem::new(StatusCode::NOT_FOUND, "There is no lesson or question of that name. GET /api/lessons lists them.")
    };
    let lesson = app.course.lesson(&slug).ok_or_else(unknown)?;
    let question = lesson.question(&question).ok_or_else(unknown)?;
    let Some(chosen) = question.choices.iter().find(|known| known.id == choice) else {
        let ids: Vec<&str> = question.choices.iter().map(|choice| choice.id.as_str()).collect();
        return Err(Problem::unprocessable(format!("The choice is one of {}.", ids.join(", "))));
    };
    let (session, guest) = visitor.learner(&app).await?;
    app.store.answer(&session, &lesson.slug, &question.id, &chosen.id).await?;
    let choices = question.choices.iter().map(|choice| Explained {
        id: &choice.id,
        right: choice.right,
        because: &choice.because,
        because_html: &choice.because_html,
    });
    let outcome = Outcome { right: chosen.right, choices: choices.collect() };
    guest.welcome(&app, axum::Json(outcome).into_response())
}
