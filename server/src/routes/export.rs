mod drawn;

use super::Query;
use super::events::lines;
use crate::error::Problem;
use crate::look::Look;
use crate::openapi::{BadCursor, NotYours};
use crate::sandbox::SandboxError;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use protocol::{Position, Uuid};
use serde::Deserialize;

/// What happened, as a file. `ndjson`: the record from its beginning up to a position, one
/// `Recorded` a line, which `POST /api/runs` takes in again, here or on another machine. `svg`:
/// the picture at a position, or the space-time diagram around it. `mermaid`: a sequence diagram
/// of what happened up to it, or of one command and what came of it. What is drawn is drawn of
/// the thousand events before the position and the thousand after it.
#[utoipa::path(
    get, path = "/api/sandboxes/{id}/export/{format}", tag = "sandbox", operation_id = "export_record",
    params(
        ("id" = String, Path, description = "The sandbox"),
        ("format" = String, Path, description = "`ndjson`, `svg` or `mermaid`"),
        ("at" = Option<u64>, Query, description = "The last position wanted; the end where it is left out"),
        ("view" = Option<String>, Query, description = "Of `svg`: `diagram`, unless it is `space-time`"),
        ("trace" = Option<String>, Query, description = "Only the command of this correlation id"),
        ("zoom" = Option<i32>, Query, description = "Of `space-time`: above 0 wider, below it narrower"),
        ("hide" = Option<String>, Query, description = "Of `space-time`: lifelines left out, between commas"),
    ),
    responses(
        (status = 200, content((String = "application/x-ndjson"), (String = "image/svg+xml"), (String = "text/plain"))),
        BadCursor,
        NotYours,
    )
)]
pub async fn download(
    look: Look,
    Path((_, format)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let position = look.state().position;
    let end = wanted.at.unwrap_or(position);
    if end > position {
        return Err(SandboxError::CursorAhead { position }.into());
    }
    match format.as_str() {
        "ndjson" => {
            let file = file_name(&look, end, "ndjson");
            Ok(attachment("application/x-ndjson", &file, Body::from_stream(lines(look, 0, end))))
        }
        "svg" => {
            let svg = drawn::svg(&look, end, &wanted).await?;
            Ok(attachment("image/svg+xml", &file_name(&look, end, "svg"), Body::from(svg)))
        }
        "mermaid" => {
            let text = drawn::mermaid(&look, end, &wanted).await?;
            Ok(attachment("text/plain; charset=utf-8", &file_name(&look, end, "mmd"), Body::from(text)))
        }
        _ => Err(Problem::new(
            http::StatusCode::NOT_FOUND,
            "There is no export in that format. There are ndjson, svg and mermaid.",
        )),
    }
}

/// Which part, and how it is drawn.
#[derive(Deserialize)]
pub struct Wanted {
    at: Option<Position>,
    view: Option<String>,
    trace: Option<Uuid>,
    hide: Option<String>,
    #[serde(default)]
    zoom: i32,
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
