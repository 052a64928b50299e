//! The services' own source, embedded, so that what they did can be shown beside the line that
//! did it.

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use std::borrow::Cow;
use std::collections::HashMap;

/// The folder as paths within the repository have it.
const FOLDER: &str = "playground-services/";

#[derive(rust_embed::RustEmbed)]
#[folder = "../playground-services/"]
struct Embedded;

/// Every source file there is, by its path; no other path names anything.
pub struct Sources(HashMap<String, Source>);

struct Source {
    text: Bytes,
    etag: HeaderValue,
}

impl Sources {
    pub fn embedded() -> anyhow::Result<Self> {
        let mut sources = HashMap::new();
        for path in Embedded::iter().filter(|path| is_source(path)) {
            let Some(file) = Embedded::get(&path) else { continue };
            let hash = file.metadata.sha256_hash();
            let etag: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            let text = match file.data {
                Cow::Borrowed(text) => Bytes::from_static(text),
                Cow::Owned(text) => text.into(),
            };
            let source = Source { text, etag: HeaderValue::from_str(&format!("\"{etag}\""))? };
            sources.insert(format!("{FOLDER}{path}"), source);
        }
        Ok(Sources(sources))
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(&self.0.get(path)?.text).ok()
    }

    /// The paths in a folder, in no order.
    pub fn paths<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().map(String::as_str).filter(move |path| path.starts_with(folder))
    }

    pub fn respond(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let source = self.0.get(path)?;
        let mut response = Response::new(Body::empty());
        let answer = response.headers_mut();
        answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        answer.insert(ETAG, source.etag.clone());
        if headers.get(IF_NONE_MATCH) == Some(&source.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Some(response);
        }
        answer.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        *response.body_mut() = Body::from(source.text.clone());
        Some(response)
    }
}

/// `<service>/src/…rs`
fn is_source(path: &str) -> bool {
    path.split('/').nth(1) == Some("src") && path.ends_with(".rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_file_is_sent_once_and_then_only_when_it_changed() {
        let sources = Sources::embedded().expect("embedded");
        let path = "playground-services/inventory/src/reactions.rs";
        let first = sources.respond(path, &HeaderMap::new()).expect("there");
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
        let headers = HeaderMap::from_iter([(IF_NONE_MATCH, first.headers()[ETAG].clone())]);
        assert_eq!(sources.respond(path, &headers).expect("there").status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn nothing_but_source_is_there() {
        let sources = Sources::embedded().expect("embedded");
        for path in [
            "",
            "playground-services/README.md",
            "playground-services/orders/Cargo.toml",
            "playground-services/orders/migrations/0001_orders.sql",
            "playground-services/orders/src",
            "playground-services/orders/src/../src/lib.rs",
            "/etc/passwd",
            "server/src/main.rs",
        ] {
            assert!(sources.respond(path, &HeaderMap::new()).is_none(), "{path}");
        }
    }
}
