use ::lessons::Lesson;

/// The lessons with their steps.
#[utoipa::path(get, path = "/api/lessons", tag = "catalogue", operation_id = "list_lessons", responses((status = 200, body = Vec<Object>)))]
pub async fn list() -> axum::Json<&'static [Lesson]> {
    axum::Json(::lessons::lessons())
}
