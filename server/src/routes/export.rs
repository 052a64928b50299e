use super::Query;
use super::events::lines;
use super::state::At;
use crate::error::Problem;
use crate::look::Look;
use crate::openapi::{BadCursor, NotYours};
use crate::sandbox::SandboxError;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};

/// The record as a file, from its beginning up to a position. `ndjson`: one `Recorded` a line,
/// which `POST /api/runs` takes in again, here or on another machine.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/export/{format}", tag = "sandbox", operation_id = "export_record",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("format" = String, Path, description = "`ndjson`"),
        ("at" = Option<u64>, Query, description = "The last position wanted; the end where it is left out"),
    ),
    responses(
        (status = 200, content((String = "application/x-ndjson"))),
        BadCursor,
        NotYours,
    )
)]
pub async fn download(
    look: Look,
    Path((_, format)): Path<(String, String)>,
    Query(At { at }): Query<At>,
) -> Result<Response, Problem> {
    let position = look.state().position;
    let end = at.unwrap_or(position);
    if end > position {
        return Err(SandboxError::CursorAhead { position }.into());
    }
    match format.as_str() {
        "ndjson" => {
            let file = file_name(&look, end, "ndjson");
            Ok(attachment("application/x-ndjson", &file, Body::from_stream(lines(look, 0, end))))
        }
        _ => Err(Problem::new(
            http::StatusCode::NOT_FOUND,
            "There is no export in that format. GET …/export/ndjson has the record, one event a line.",
        )),
    }
}

fn attachment(media_type: &'static str, file: &str, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{file}\"");
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
        (CONTENT_DISPOSITION, disposition),
    ];
    (headers, body).into_response()
}

/// What it is of and how far it goes: `saga-choreography-at-812.ndjson`.
fn file_name(look: &Look, end: u64, extension: &str) -> String {
    let name = match look {
        Look::Sandbox(sandbox) => plain(&sandbox.topology().name),
        Look::Run(run) => plain(&run.row.name),
    };
    format!("{name}-at-{end}.{extension}")
}

/// Lower-case letters, digits and hyphens: safe in a header and on every file system.
fn plain(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let plain: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    if plain.is_empty() { "run".into() } else { plain.join("-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_run_in_plain_letters() {
        assert_eq!(plain("Card declined, twice"), "card-declined-twice");
        assert_eq!(plain("../../etc/passwd\";\r\n"), "etc-passwd");
        assert_eq!(plain("Ünïcode ☃"), "n-code");
        assert_eq!(plain("☃"), "run");
    }
}
