//! The pages. Who has no sandbox gets one that was rendered and compressed once; who has one
//! gets theirs, with the present picture in it.

use crate::assets::Assets;
use crate::encoding::{self, Encoding};
use crate::error::Problem;
use axum::body::{Body, Bytes};
use axum::response::Response;
use frontend::render::{
    self, CompareView, FeedPageView, LessonEntry, Live, MatrixPageView, MillionPageView, ReplayView, RulePageView,
    RunsView, Shown,
};
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, VARY};
use http::{HeaderMap, StatusCode};
use lessons::Lesson;
use protocol::Name;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub struct Pages {
    assets: render::Assets,
    /// By number.
    lessons: Vec<&'static Lesson>,
    rendered: Mutex<HashMap<Name, Arc<Rendered>>>,
}

#[derive(Clone)]
pub enum Page {
    Home,
    Lessons,
    /// With the steps of it that were done.
    Lesson(&'static Lesson, Vec<&'static str>),
    /// Of this topology.
    Playground(Name),
}

impl Page {
    fn key(&self) -> Name {
        match self {
            Self::Home => "/".into(),
            Self::Lessons => "/lessons".into(),
            Self::Lesson(lesson, _) => format!("/lessons/{}", lesson.slug).into(),
            Self::Playground(topology) => format!("/playground/{topology}").into(),
        }
    }

    /// The topology whose newest sandbox it shows.
    pub fn topology(&self) -> Option<&str> {
        match self {
            Self::Home => Some(render::TOPOLOGY),
            Self::Playground(topology) => Some(topology),
            Self::Lesson(lesson, _) => Some(&lesson.topology),
            Self::Lessons => None,
        }
    }

    /// Whether it is like this for everybody who has no sandbox.
    fn is_shared(&self) -> bool {
        !matches!(self, Self::Lesson(_, done) if !done.is_empty())
    }
}

/// Whose system a living page shows.
pub enum Asked {
    /// Nobody's yet.
    Nobodys,
    Own(Box<Live>),
    /// One that is not there, or somebody else's.
    Missing,
}

struct Rendered {
    etag: HeaderValue,
    plain: Bytes,
    gzip: Bytes,
    brotli: Bytes,
}

impl Pages {
    pub fn new(assets: &Assets, lessons: &[&'static Lesson], dev_reload: bool) -> Self {
        let assets = render::Assets {
            css: assets.url("main.css"),
            start: assets.url("start.js"),
            lesson: assets.url("lesson.js"),
            runs: assets.url("runs.js"),
            matrix: assets.url("matrix.js"),
            million: assets.url("million.js"),
            replay: assets.url("replay.js"),
            feed: assets.url("feed.js"),
            glue: assets.url("frontend.js"),
            wasm: assets.url("frontend_bg.wasm"),
            fonts: assets.urls("fonts/", ".woff2"),
            icon: assets.url("icon.svg"),
            dev_reload,
        };
        Self { assets, lessons: lessons.to_vec(), rendered: Mutex::default() }
    }

    pub fn respond(&self, page: Page, asked: Asked, headers: &HeaderMap) -> Response {
        match asked {
            Asked::Own(live) => own(self.render(page, Shown::Live(&live)), headers),
            Asked::Missing => own(self.render(page, Shown::Missing), headers),
            Asked::Nobodys if page.is_shared() => varying(self.shared(page).respond(headers)),
            Asked::Nobodys => own(self.render(page, Shown::New), headers),
        }
    }

    /// The lessons for who has begun one.
    pub fn lessons(&self, lessons: Vec<LessonEntry>, headers: &HeaderMap) -> Response {
        own(render::lessons(&self.assets, lessons), headers)
    }

    /// The session's kept runs.
    pub fn runs(&self, view: RunsView, headers: &HeaderMap) -> Response {
        own(render::runs(&self.assets, view), headers)
    }

    pub fn compare(&self, view: CompareView, headers: &HeaderMap) -> Response {
        own(render::compare(&self.assets, view), headers)
    }

    pub fn matrix(&self, view: MatrixPageView, headers: &HeaderMap) -> Response {
        own(render::matrix(&self.assets, view), headers)
    }

    pub fn million(&self, view: MillionPageView, headers: &HeaderMap) -> Response {
        own(render::million(&self.assets, view), headers)
    }

    pub fn replay(&self, view: ReplayView, headers: &HeaderMap) -> Response {
        own(render::replay(&self.assets, view), headers)
    }

    pub fn feed(&self, view: FeedPageView, headers: &HeaderMap) -> Response {
        own(render::feed(&self.assets, view), headers)
    }

    pub fn rule(&self, view: RulePageView, headers: &HeaderMap) -> Response {
        own(render::rule(&self.assets, view), headers)
    }

    /// What a person sees of a problem.
    pub fn error(&self, problem: &Problem) -> String {
        match problem.status {
            StatusCode::NOT_FOUND => render::not_found(&self.assets),
            status => render::error_page(&self.assets, status.as_u16(), &problem.detail),
        }
    }

    fn render(&self, page: Page, shown: Shown) -> String {
        match page {
            Page::Home => render::home(&self.assets, shown),
            Page::Lessons => {
                let nothing = |lesson| LessonEntry { lesson, steps_done: 0, answered: 0 };
                render::lessons(&self.assets, self.lessons.iter().copied().map(nothing).collect())
            }
            Page::Lesson(lesson, done) => render::lesson(&self.assets, lesson, done, shown),
            Page::Playground(topology) => render::playground(&self.assets, &topology, shown),
        }
    }

    fn shared(&self, page: Page) -> Arc<Rendered> {
        let lock = || self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        let key = page.key();
        if let Some(rendered) = lock().get(&key) {
            return rendered.clone();
        }
        let rendered = Arc::new(Rendered::new(self.render(page, Shown::New)));
        lock().insert(key, rendered.clone());
        rendered
    }
}

impl Rendered {
    fn new(html: String) -> Self {
        let hash = format!("{:x}", Sha256::digest(&html));
        let etag = HeaderValue::from_str(&format!("W/\"{}\"", &hash[..16])).expect("hex digits are a header");
        let (gzip, brotli) = (encoding::gzip(html.as_bytes()), encoding::brotli(html.as_bytes()));
        Self { etag, plain: html.into(), gzip, brotli }
    }

    fn respond(&self, headers: &HeaderMap) -> Response {
        let mut response = if names(headers, &self.etag) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            let encoding = Encoding::best(headers);
            let body = match encoding {
                Encoding::Brotli => &self.brotli,
                Encoding::Gzip => &self.gzip,
                Encoding::Identity => &self.plain,
            };
            html(body.clone(), encoding)
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response.headers_mut().insert(ETAG, self.etag.clone());
        response
    }
}

/// A page with somebody's own sandbox in it.
fn own(page: String, headers: &HeaderMap) -> Response {
    let mut response = match Encoding::best(headers) {
        Encoding::Identity => html(page.into(), Encoding::Identity),
        // Whoever takes brotli takes gzip, which is quicker to make.
        Encoding::Brotli | Encoding::Gzip => html(encoding::gzip(page.as_bytes()), Encoding::Gzip),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    varying(response)
}

fn varying(mut response: Response) -> Response {
    response.headers_mut().insert(VARY, HeaderValue::from_static("Cookie, Accept-Encoding"));
    response
}

fn html(body: Bytes, encoding: Encoding) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Some(encoding) = encoding.header() {
        response.headers_mut().insert(CONTENT_ENCODING, encoding);
    }
    response
}

/// Whether `If-None-Match` names this ETag, or any.
fn names(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(etag) = etag.to_str() else { return false };
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|named| named == "*" || named.trim_start_matches("W/") == etag.trim_start_matches("W/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::ACCEPT_ENCODING;

    fn pages() -> Pages {
        Pages::new(&Assets::embedded().expect("assets"), &[], false)
    }

    #[test]
    fn a_page_without_a_sandbox_is_the_same_for_everybody_and_not_sent_twice() {
        let pages = pages();
        let first = pages.respond(Page::Lessons, Asked::Nobodys, &HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[CACHE_CONTROL], "no-cache");
        assert_eq!(first.headers()[VARY], "Cookie, Accept-Encoding");
        let headers = HeaderMap::from_iter([(IF_NONE_MATCH, first.headers()[ETAG].clone())]);
        let again = pages.respond(Page::Lessons, Asked::Nobodys, &headers);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn the_page_names_each_promise_that_is_checked() {
        let mut checks = runner::invariants::Checks::default();
        checks.evolve(&protocol::Recorded::bare(1, 0, protocol::TERRARIUM, protocol::Observation::SandboxWoken));
        let checked: Vec<_> = checks.report().iter().map(|promise| promise.name.as_str()).collect();
        assert_eq!(checked, frontend::texts::promises::LIST.map(|(name, _)| name));
    }

    #[test]
    fn a_page_with_a_sandbox_is_kept_by_nobody() {
        let state = diagram::DiagramState::default();
        let live = Box::new(Live { sandbox_id: "0".repeat(32), state, kept: false, end: 0 });
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"))]);
        let response = pages().respond(Page::Home, Asked::Own(live), &headers);
        assert_eq!(response.headers()[CACHE_CONTROL], "private, no-store");
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
        assert!(!response.headers().contains_key(ETAG));
    }
}
