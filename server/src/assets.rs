//! What the browser gets beside the pages: made by `cargo xtask assets`, embedded in the binary,
//! compressed at build, named by the hash of its content and so good for ever.

use crate::encoding::Encoding;
use anyhow::Context;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, VARY};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

#[derive(rust_embed::RustEmbed)]
#[folder = "assets/"]
struct Embedded;

/// The files the manifest lists, and no others.
pub struct Assets {
    /// By the name the source knows: `main.css`.
    paths: BTreeMap<String, String>,
    /// By the hashed path: `main.0123456789ab.css`.
    files: HashMap<String, File>,
}

struct File {
    media_type: HeaderValue,
    etag: HeaderValue,
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

#[derive(Deserialize)]
struct Manifest {
    files: BTreeMap<String, Listed>,
}

#[derive(Deserialize)]
struct Listed {
    path: String,
    #[serde(rename = "type")]
    media_type: String,
}

impl Assets {
    pub fn embedded() -> anyhow::Result<Self> {
        Self::load(|path| Embedded::get(path).map(|file| file.data))
    }

    fn load(read: impl Fn(&str) -> Option<Cow<'static, [u8]>>) -> anyhow::Result<Self> {
        let manifest = read("manifest.json").context("server/assets has no manifest.json; run `cargo xtask assets`")?;
        let manifest: Manifest =
            serde_json::from_slice(&manifest).context("server/assets/manifest.json does not fit")?;
        let mut assets = Self { paths: BTreeMap::new(), files: HashMap::new() };
        for (name, Listed { path, media_type }) in manifest.files {
            let file = File {
                plain: bytes(
                    read(&path).with_context(|| format!("server/assets lacks {path}; run `cargo xtask assets`"))?,
                ),
                brotli: read(&format!("{path}.br")).map(bytes),
                gzip: read(&format!("{path}.gz")).map(bytes),
                etag: HeaderValue::from_str(&format!("W/\"{path}\""))?,
                media_type: HeaderValue::from_str(&with_charset(&media_type))?,
            };
            assets.files.insert(path.clone(), file);
            assets.paths.insert(name, path);
        }
        Ok(assets)
    }

    /// Where a page finds the asset: `/assets/main.0123456789ab.css`; empty when it was not built.
    pub fn url(&self, name: &str) -> String {
        self.paths.get(name).map(|path| format!("/assets/{path}")).unwrap_or_default()
    }

    /// The addresses of all assets whose name has this beginning and end, in order of name.
    pub fn urls(&self, beginning: &str, end: &str) -> Vec<String> {
        self.paths
            .iter()
            .filter(|(name, _)| name.starts_with(beginning) && name.ends_with(end))
            .map(|(_, path)| format!("/assets/{path}"))
            .collect()
    }

    /// The file at a hashed path.
    pub fn respond(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let file = self.files.get(path)?;
        let mut response = Response::new(Body::empty());
        let answer = response.headers_mut();
        answer.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        answer.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        answer.insert(ETAG, file.etag.clone());
        if headers.get(IF_NONE_MATCH) == Some(&file.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Some(response);
        }
        answer.insert(CONTENT_TYPE, file.media_type.clone());
        let (body, encoding) = match (Encoding::best(headers), &file.brotli, &file.gzip) {
            (Encoding::Brotli, Some(body), _) => (body, Encoding::Brotli),
            (Encoding::Gzip, _, Some(body)) => (body, Encoding::Gzip),
            _ => (&file.plain, Encoding::Identity),
        };
        if let Some(encoding) = encoding.header() {
            answer.insert(CONTENT_ENCODING, encoding);
        }
        *response.body_mut() = Body::from(body.clone());
        Some(response)
    }
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

fn with_charset(media_type: &str) -> Cow<'_, str> {
    if media_type.starts_with("text/") { format!("{media_type}; charset=utf-8").into() } else { media_type.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::ACCEPT_ENCODING;

    fn assets() -> Assets {
        Assets::load(|path| {
            let text: &'static str = match path {
                "manifest.json" => r#"{"files":{"main.css":{"path":"main.1.css","type":"text/css"},"fonts/a.woff2":{"path":"fonts/a.2.woff2","type":"font/woff2"}}}"#,
                "main.1.css" => "plain",
                "main.1.css.br" => "brotli",
                "main.1.css.gz" => "gzip",
                "fonts/a.2.woff2" => "font",
                _ => return None,
            };
            Some(Cow::Borrowed(text.as_bytes()))
        })
        .expect("loads")
    }

    fn accepting(encodings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(encodings))])
    }

    #[test]
    fn an_asset_is_sent_in_the_form_the_client_takes_and_kept_for_ever() {
        for (encodings, expected) in [("br, gzip", Some("br")), ("gzip", Some("gzip")), ("", None)] {
            let response = assets().respond("main.1.css", &accepting(encodings)).expect("there");
            assert_eq!(response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().expect("text")), expected);
            assert_eq!(response.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
            assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        }
        let font = assets().respond("fonts/a.2.woff2", &accepting("br")).expect("there");
        assert_eq!(font.headers().get(CONTENT_ENCODING), None);
    }

    #[test]
    fn an_asset_the_client_has_is_not_sent_again() {
        let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static("W/\"main.1.css\""))]);
        assert_eq!(assets().respond("main.1.css", &headers).expect("there").status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn only_what_the_manifest_lists_is_served() {
        for path in ["manifest.json", "main.css", "main.1.css.br", "../Cargo.toml", "", "/etc/passwd"] {
            assert!(assets().respond(path, &HeaderMap::new()).is_none(), "{path}");
        }
    }

    #[test]
    fn a_page_finds_its_assets_by_name() {
        assert_eq!(assets().url("main.css"), "/assets/main.1.css");
        assert_eq!(assets().url("missing.js"), "");
        assert_eq!(assets().urls("fonts/", ".woff2"), ["/assets/fonts/a.2.woff2"]);
    }

    #[test]
    fn what_is_embedded_loads() {
        Assets::embedded().expect("the manifest fits what lies beside it");
    }
}
