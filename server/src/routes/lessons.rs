use crate::app::App;
use ::lessons::Lesson;
use axum::extract::State;

/// The lessons with their steps and questions, the answers left out.
#[utoipa::path(get, path = "/api/lessons", tag = "lessons", operation_id = "list_lessons", responses((status = 200, body = Vec<Object>)))]
pub async fn list(State(app): State<App>) -> axum::Json<Vec<&'static Lesson>> {
    axum::Json(app.course.lessons().to_vec())
}
