//! The router as one table, and what its handlers share.

use crate::assets::Assets;
use crate::auth::{access, origin};
use crate::config::Config;
use crate::course::Course;
use crate::error::Problem;
use crate::matrix::Matrices;
use crate::metrics::Metrics;
use crate::million::Million;
use crate::pages::Pages;
use crate::routes::*;
use crate::runs::Runs;
use crate::sandbox::Sandboxes;
use crate::sources::Sources;
use crate::store::Store;
use crate::streams::Streams;
use crate::{body, frame, openapi};
use axum::Router;
use axum::body::Bytes;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::StatusCode;
use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Time a handler has until the head of its answer. Streams go on after it.
const ANSWER: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct App(Arc<AppState>);

pub struct AppState {
    pub config: Arc<Config>,
    pub store: Store,
    pub sandboxes: Arc<Sandboxes>,
    pub runs: Arc<Runs>,
    pub matrices: Arc<Matrices>,
    pub million: Arc<Million>,
    pub course: Arc<Course>,
    pub streams: Arc<Streams>,
    pub assets: Assets,
    pub sources: Sources,
    pub pages: Pages,
    pub metrics: Metrics,
    /// The OpenAPI document, as it is served.
    pub openapi: Bytes,
}

impl App {
    pub async fn new(
        config: Arc<Config>,
        store: Store,
        sandboxes: Arc<Sandboxes>,
        runs: Arc<Runs>,
    ) -> anyhow::Result<Self> {
        let streams = Streams::new(config.streams_per_session, config.streams);
        let assets = Assets::embedded()?;
        let matrices = Matrices::new(config.clone(), sandboxes.clone(), runs.clone());
        let course = Course::open(&config, store.clone(), sandboxes.clone(), matrices.clone()).await?;
        Ok(Self(Arc::new(AppState {
            pages: Pages::new(&assets, course.lessons(), config.dev_reload),
            course,
            matrices,
            million: Million::new(config.clone()),
            metrics: Metrics::new(sandboxes.clone(), streams.clone()),
            openapi: described().to_json()?.into(),
            config,
            store,
            sandboxes,
            runs,
            streams,
            assets,
            sources: Sources::embedded()?,
        })))
    }

    pub fn router(&self) -> Router {
        let (api, _) = api().split_for_parts();
        self.guarded(api.merge(pages(self.config.dev_reload)).fallback(nothing))
    }

    /// Ends all that goes on without a request, the sandboxes last.
    pub async fn end(&self) {
        self.course.shutdown().await;
        self.matrices.shutdown().await;
        self.million.shutdown().await;
        self.sandboxes.shutdown().await;
    }

    /// What every request passes, from the last of these to the first.
    fn guarded(&self, routes: Router<Self>) -> Router {
        routes
            .layer(from_fn_with_state(self.clone(), access::check))
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER))
            .layer(from_fn_with_state(self.clone(), body::read_whole))
            .layer(from_fn_with_state(self.clone(), origin::check))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn_with_state(self.clone(), frame::frame))
            .with_state(self.clone())
    }
}

impl Deref for App {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.0
    }
}

/// The interface for programs, each route with its description.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::document())
        .routes(routes!(topologies::list))
        .routes(routes!(lessons::list))
        .routes(routes!(steps::begin))
        .routes(routes!(steps::show))
        .routes(routes!(steps::check, steps::note))
        .routes(routes!(steps::predict))
        .routes(routes!(progress::show))
        .routes(routes!(progress::answer))
        .routes(routes!(sources::show))
        .routes(routes!(sandboxes::list, sandboxes::create))
        .routes(routes!(sandboxes::show, sandboxes::delete))
        .routes(routes!(state::show))
        .routes(routes!(strata::show))
        .routes(routes!(commands::accept))
        .routes(routes!(events::stream))
        .routes(routes!(faults::list, faults::heal))
        .routes(routes!(faults::put, faults::clear))
        .routes(routes!(switches::set))
        .routes(routes!(load::show, load::put, load::stop))
        .routes(routes!(services::crash))
        .routes(routes!(services::restart))
        .routes(routes!(services::resume))
        .routes(routes!(services::scale))
        .routes(routes!(queries::show))
        .routes(routes!(tables::list))
        .routes(routes!(tables::show))
        .routes(routes!(invariants::list))
        .routes(routes!(export::download))
        .routes(routes!(runs::list, runs::create))
        .routes(routes!(compare::show))
        .routes(routes!(runs::show, runs::rename, runs::delete))
        // What one may look at in a kept run as in a sandbox; [`openapi::completed`] describes it.
        .route("/api/runs/{id}/state", get(state::show))
        .route("/api/runs/{id}/events", get(events::stream))
        .route("/api/runs/{id}/strata", get(strata::show))
        .route("/api/runs/{id}/services/{name}/tables", get(tables::list))
        .route("/api/runs/{id}/services/{name}/tables/{table}", get(tables::show))
        .route("/api/runs/{id}/invariants", get(invariants::list))
        .route("/api/runs/{id}/export/{format}", get(export::download))
        .routes(routes!(matrix::start))
        .routes(routes!(matrix::show))
        .routes(routes!(million::store, million::make))
        .routes(routes!(million::copies))
        .routes(routes!(million::load))
        .routes(routes!(million::damage))
        .routes(routes!(million::check))
        .routes(routes!(million::forget))
        .routes(routes!(million::show, million::build))
        .routes(routes!(operations::healthz))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::metrics))
        .routes(routes!(operations::limits))
        .route("/api/openapi.json", get(openapi::show))
}

/// The OpenAPI document.
fn described() -> utoipa::openapi::OpenApi {
    openapi::completed(api().into_openapi())
}

/// The pages for people, and what they load.
fn pages(dev_reload: bool) -> Router<App> {
    let router = Router::new()
        .route("/", get(page::home))
        .route("/lessons", get(page::lessons))
        .route("/lessons/{slug}", get(page::lesson))
        .route("/playground", get(page::playground))
        .route("/runs", get(runs_page::show))
        .route("/runs/compare", get(runs_page::compare))
        .route("/matrix", get(matrix_page::show))
        .route("/million", get(million_page::show))
        .route("/rule", get(rule_page::show))
        .route("/replay", get(replay_page::show))
        .route("/feed", get(feed_page::show))
        .route("/assets/{*path}", get(asset::show));
    if dev_reload { router.route("/dev/reload", get(page::reload)) } else { router }
}

async fn nothing() -> Problem {
    Problem::not_found()
}

/// The panic itself was printed where it happened; the client learns that it was one of ours.
fn panicked(_: Box<dyn Any + Send + 'static>) -> axum::response::Response {
    use axum::response::IntoResponse;
    Problem::of(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

#[cfg(test)]
pub fn openapi() -> serde_json::Value {
    serde_json::to_value(described()).expect("plain data")
}

/// Method and path of every route in the OpenAPI document.
#[cfg(test)]
pub fn documented_routes() -> Vec<(String, String)> {
    let document = openapi();
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("operations").keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TempDir;
    use axum::body::Body;
    use axum::response::Response;
    use http::Request;
    use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    struct TestApp {
        app: App,
        _dir: TempDir,
    }

    impl TestApp {
        async fn new() -> Self {
            let dir = TempDir::new();
            let config = Config::from_args(["--data-dir".as_ref(), dir.path().as_os_str()]).expect("valid");
            let config = Arc::new(config);
            let store = Store::open(&config.data_dir).await.expect("opens");
            let sandboxes = Sandboxes::open(config.clone(), store.clone()).await.expect("opens");
            let runs = Runs::open(config.clone(), store.clone()).await.expect("opens");
            Self { app: App::new(config, store, sandboxes, runs).await.expect("assets"), _dir: dir }
        }

        async fn answer(&self, method: &str, path: &str, body: impl Into<Body>) -> Response {
            send(self.app.router(), method, path, body).await
        }
    }

    async fn send(router: Router, method: &str, path: &str, body: impl Into<Body>) -> Response {
        let request = Request::builder().method(method).uri(path).header(HOST, "localhost").body(body.into());
        router.oneshot(request.expect("a request")).await.expect("an answer")
    }

    async fn problem(response: Response) -> serde_json::Value {
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        serde_json::from_slice(&body).expect("JSON")
    }

    #[tokio::test]
    async fn every_kind_of_response_has_the_security_headers() {
        let app = TestApp::new().await;
        for (method, path, status) in [
            ("GET", "/", 200),
            ("GET", "/healthz", 200),
            ("GET", "/api/topologies", 200),
            ("GET", "/nothing", 404),
            ("GET", "/assets/nothing.js", 404),
            ("GET", "/api/sandboxes/x", 404),
            ("POST", "/", 405),
            ("POST", "/api/sandboxes", 415),
        ] {
            let response = app.answer(method, path, Body::empty()).await;
            assert_eq!(response.status().as_u16(), status, "{method} {path}");
            assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY), "{method} {path}");
        }
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_refused_whatever_the_path() {
        let app = TestApp::new().await;
        for path in ["/api/sandboxes", "/nothing"] {
            let response = app.answer("POST", path, vec![b' '; 1_000_000]).await;
            assert_eq!(problem(response).await["status"], 413);
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_500_and_tells_nothing() {
        let app = TestApp::new().await;
        let routes = Router::new().route("/healthz", get(async || -> () { panic!("a secret") }));
        let problem = problem(send(app.app.guarded(routes), "GET", "/healthz", Body::empty()).await).await;
        assert_eq!(problem["status"], 500);
        assert!(!problem.to_string().contains("secret"));
    }

    #[tokio::test]
    async fn a_route_nobody_gave_a_row_is_closed() {
        let app = TestApp::new().await;
        let routes = Router::new().route("/api/secrets", get(async || "secret"));
        let response = send(app.app.guarded(routes), "GET", "/api/secrets", Body::empty()).await;
        assert_eq!(problem(response).await["status"], 404);
    }

    #[tokio::test]
    async fn a_handler_that_never_answers_is_given_up() {
        let app = TestApp::new().await;
        let routes = Router::new().route("/healthz", get(async || std::future::pending::<()>().await));
        let router = app.app.guarded(routes);
        tokio::time::pause();
        assert_eq!(problem(send(router, "GET", "/healthz", Body::empty()).await).await["status"], 503);
    }
}
