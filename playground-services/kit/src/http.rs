//! The HTTP side of a service: its listener, and the layer that carries the trace.

use crate::ctx::{Ctx, Span};
use crate::gate::{Gate, spawn};
use crate::query::{self, NoAnswer, Reader};
use crate::service::{Job, Refusal, Service, Work};
use ::http::{HeaderMap, HeaderName, StatusCode};
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use protocol::{Name, Observation, TraceContext, Uuid};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

/// W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// How its flags say that the caller records nothing of it.
pub const NOT_SAMPLED: &str = "-00";
/// The command's id: the same key again is the same command.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("correlation-id");
/// The command's number within its sandbox.
pub const COMMAND_ORDINAL: HeaderName = HeaderName::from_static("command-ordinal");
/// Who asks.
pub const CALLER: HeaderName = HeaderName::from_static("terrarium-caller");

/// What a request handler needs: who it is, and the way to the writer.
pub struct Door<S: Service> {
    pub ctx: Ctx,
    pub service: Arc<S>,
    pub workers: Arc<Semaphore>,
    /// As many commands as there are workers have or wait for one; the others queue for that. So a
    /// message waits behind a few commands and never behind a flood of them, and what has begun comes
    /// to its end beside what is new.
    pub turns: Arc<Semaphore>,
    pub jobs: mpsc::UnboundedSender<Job<S::Outside>>,
    pub(crate) reader: Arc<Reader>,
}

impl<S: Service> Clone for Door<S> {
    fn clone(&self) -> Self {
        Door {
            ctx: self.ctx.clone(),
            service: self.service.clone(),
            workers: self.workers.clone(),
            turns: self.turns.clone(),
            jobs: self.jobs.clone(),
            reader: self.reader.clone(),
        }
    }
}

/// `POST /commands` where the service takes any, `GET /queries/{name}` where it is read, `GET /health`
/// always.
pub fn router<S: Service>(door: Door<S>) -> Router {
    let mut router = Router::new();
    if !door.ctx.spec.commands.is_empty() {
        router = router.route("/commands", post(command::<S>));
    }
    if door.ctx.spec.reads.is_some() {
        router = router.route("/queries/{name}", get(query::<S>));
    }
    let router = router.layer(from_fn_with_state(door.ctx.clone(), observed));
    router.route("/health", get(|| async { "up" })).with_state(door)
}

/// Serves until dropped. Connections are tasks of this future: a crash cuts them off, too.
pub async fn serve(listener: TcpListener, router: Router, gate: Gate) -> anyhow::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                stream.set_nodelay(true)?;
                let service = hyper_util::service::TowerToHyperService::new(router.clone());
                spawn(&mut connections, &gate, async move {
                    let io = hyper_util::rt::TokioIo::new(stream);
                    // A caller that goes away ends its connection: nothing to report.
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The layer: continues the caller's trace and records both ends of the request.
async fn observed(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let headers = request.headers();
    // Reads under load: whoever sends them counts them, and records them by the second.
    if text(headers, &TRACEPARENT).is_some_and(|parent| parent.ends_with(NOT_SAMPLED)) {
        return next.run(request).await;
    }
    let parent = text(headers, &TRACEPARENT).and_then(TraceContext::parse);
    let correlation_id = text(headers, &CORRELATION_ID).and_then(|id| id.parse().ok());
    let caller: Name = text(headers, &CALLER).unwrap_or("unknown").into();
    let span = parent.map_or_else(|| Span::root(correlation_id), |parent| Span::child_of(parent, correlation_id));
    ctx.observe(
        &span,
        Observation::RequestReceived {
            from: caller.clone(),
            protocol: "http".into(),
            method: request.method().as_str().into(),
            path: request.uri().path().into(),
        },
    );
    request.extensions_mut().insert(span);
    let response = next.run(request).await;
    ctx.observe(
        &span,
        Observation::ResponseSent {
            to: caller,
            protocol: "http".into(),
            status: response.status().as_u16(),
            duration_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        },
    );
    response
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Answers a read.
async fn query<S: Service>(
    State(door): State<Door<S>>,
    Path(name): Path<String>,
    Query(params): Query<HashMap<String, String>>,
) -> Response {
    let query = query::Query::new(name, params);
    let told = |status: StatusCode, why: &NoAnswer| (status, Json(json!({"reason": why.to_string()}))).into_response();
    match door.reader.answer(&*door.service, &door.ctx, &door.workers, &query).await {
        Ok(answer) => Json(answer).into_response(),
        Err(why @ NoAnswer::Unknown) => told(StatusCode::NOT_FOUND, &why),
        Err(why @ NoAnswer::Bad(_)) => told(StatusCode::BAD_REQUEST, &why),
        Err(why @ (NoAnswer::Behind { .. } | NoAnswer::Store(_))) => told(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: String,
    data: Value,
}

/// Takes a command: 200 with the reply once its transaction is in the record.
async fn command<S: Service>(
    State(door): State<Door<S>>,
    Extension(span): Extension<Span>,
    headers: HeaderMap,
    Json(body): Json<Body>,
) -> Response {
    let Some(id) = text(&headers, &IDEMPOTENCY_KEY).and_then(|id| id.parse::<Uuid>().ok()) else {
        return (StatusCode::BAD_REQUEST, "an Idempotency-Key with a UUID is missing").into_response();
    };
    let ordinal = text(&headers, &COMMAND_ORDINAL).and_then(|n| n.parse().ok()).unwrap_or(0);
    if !door.ctx.spec.commands.iter().any(|name| **name == *body.kind) {
        return (StatusCode::UNPROCESSABLE_ENTITY, "not a command of this service").into_response();
    }
    let Ok(_turn) = door.turns.clone().acquire_owned().await else { return no_answer().await };
    let Ok(_busy) = door.workers.clone().acquire_owned().await else { return no_answer().await };
    let work = Work::Command { id, kind: body.kind, data: body.data, span, ordinal };
    let outside = door.service.outside(&door.ctx, &work).await;
    let (reply, answered) = oneshot::channel();
    if door.jobs.send(Job { work, outside, reply }).is_err() {
        return no_answer().await;
    }
    match answered.await {
        Ok(Ok(reply)) => Json(reply.0).into_response(),
        Err(_) => no_answer().await,
        Ok(Err(Refusal::Store(_) | Refusal::Struck(_) | Refusal::Busy | Refusal::StandsBy)) => {
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Ok(Err(refusal)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"reason": refusal.to_string()}))).into_response()
        }
    }
}

/// The writer has gone, so the service is ending. Whatever it said now would be final; a lost
/// answer is not, and the caller asks again. The connection is cut as the service ends.
async fn no_answer() -> Response {
    std::future::pending().await
}
