//! Brings reads to the services that answer them: over HTTP, to their replicas in turn. A read
//! changes nothing, so nothing is tried again.

use super::dispatch::Client;
use super::replicas::Replicas;
use crate::recorder::within;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use kit::Clock;
use kit::ctx::Span;
use kit::http::{CALLER, NOT_SAMPLED, TRACEPARENT};
use protocol::{Name, Observation, Observed, TERRARIUM};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Longer than a reader waits for its own write.
const PATIENCE: Duration = Duration::from_secs(5);
/// An answer is a page of rows.
const ANSWER_BYTES: usize = 1 << 20;

/// What a service said to a read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

impl Answer {
    /// Why it has none, in the service's words.
    pub fn reason(&self) -> String {
        let reason = |body: Value| Some(body.get("reason")?.as_str()?.to_owned());
        serde_json::from_slice(&self.body).ok().and_then(reason).unwrap_or_else(|| format!("It said {}.", self.status))
    }
}

/// A read of one service.
pub struct Asking<'a> {
    pub client: &'a Client,
    pub clock: Clock,
    pub service: &'a Replicas,
    /// `newest`
    pub query: &'a str,
    /// As it stands in an address, behind the `?`.
    pub params: &'a str,
}

impl Asking<'_> {
    /// Asks, and has `observe` record both ends of it. `None`: nobody is up, or the answer was lost.
    pub async fn recorded(&self, observe: impl Fn(Observed)) -> Option<Answer> {
        let address = self.service.next()?;
        let (span, began) = (Span::root(None), Instant::now());
        let path: Name = format!("/queries/{}", self.query).into();
        let (to, protocol) = (self.service.name.clone(), Name::from("http"));
        let method = "GET".into();
        observe(self.observed(&span, Observation::RequestSent { to, protocol: protocol.clone(), method, path }));
        let answer = self.ask(address, &span.trace.traceparent()).await?;
        let duration_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (from, status) = (self.service.name.clone(), answer.status.as_u16());
        observe(self.observed(&span, Observation::ResponseReceived { from, protocol, status, duration_us }));
        Some(answer)
    }

    /// The same without a word in the record.
    pub async fn unrecorded(&self, address: SocketAddr) -> Option<Answer> {
        let parent = Span::root(None).trace.traceparent();
        let parent = parent.strip_suffix("-01").unwrap_or(&parent);
        self.ask(address, &format!("{parent}{NOT_SAMPLED}")).await
    }

    async fn ask(&self, address: SocketAddr, traceparent: &str) -> Option<Answer> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(format!("http://{address}/queries/{}?{}", self.query, self.params))
            .header(TRACEPARENT, traceparent)
            .header(CALLER, TERRARIUM)
            .body(Full::default())
            .ok()?;
        let asking = async {
            let answer = self.client.request(request).await.ok()?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await.ok()?;
            Some(Answer { status, body: body.to_bytes() })
        };
        tokio::time::timeout(PATIENCE, asking).await.ok()?
    }

    fn observed(&self, span: &Span, observation: Observation) -> Observed {
        within(span, self.clock, TERRARIUM.into(), observation)
    }
}
