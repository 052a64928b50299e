//! Brings accepted commands to the services that own them: over HTTP, with the command's id
//! as Idempotency-Key. A refused connection, a lost answer or a failed store is tried again;
//! any other answer is final.

use super::keeper::Addresses;
use super::load::Meter;
use super::replicas::Replicas;
use crate::recorder::{Accepted, Entry, Recorder, within};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kit::Clock;
use kit::ctx::Span;
use kit::fault::{self, Leg, Passing, Standing, Verdict};
use kit::http::{CALLER, COMMAND_ORDINAL, CORRELATION_ID, IDEMPOTENCY_KEY, TRACEPARENT};
use protocol::{Fault, Observation, Observed, TERRARIUM, Target, Topology, is_final};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub type Client = hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>;

/// One client for all sandboxes; it keeps a few connections for a short time.
pub fn client() -> Client {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    hyper_util::client::legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(Duration::from_secs(5))
        .pool_timer(hyper_util::rt::TokioTimer::new())
        .build(connector)
}

/// Before a lost answer is asked for again; doubled each time, up to [`RETRY_MAX`].
const RETRY: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(10);
/// How long a request that is to be overtaken is held back, in microseconds.
const OVERTAKING_US: u64 = 500_000;

/// So long an answer is waited for where another replica could give it, in microseconds.
const PATIENCE_US: u64 = 2_000_000;

type Answer = (StatusCode, Bytes);

/// A service's answer to a command is short.
const ANSWER_BYTES: usize = 64 << 10;

#[expect(clippy::too_many_arguments, reason = "all that a sandbox has, once")]
/// Dispatches until aborted; commands under way end with it and go on when the sandbox wakes.
pub async fn run(
    client: Client,
    recorder: Recorder,
    clock: Clock,
    topology: Topology,
    services: Arc<Vec<Replicas>>,
    meter: Arc<Meter>,
    unanswered: Vec<Accepted>,
    mut accepted: mpsc::UnboundedReceiver<Accepted>,
) {
    let mut commands = JoinSet::new();
    let spawn = |commands: &mut JoinSet<()>, accepted: Accepted| {
        let owner = topology.owner_of(&accepted.command.kind);
        let service = owner.and_then(|owner| services.iter().find(|service| service.name == owner.name));
        let Some(service) = service else { return };
        let dispatch = Dispatch {
            client: client.clone(),
            recorder: recorder.clone(),
            clock,
            owner: service.name.clone(),
            addresses: service.addresses.clone(),
            faults: recorder.faults.clone(),
            meter: meter.clone(),
            accepted,
        };
        commands.spawn(dispatch.run());
    };
    for accepted in unanswered {
        spawn(&mut commands, accepted);
    }
    loop {
        tokio::select! {
            next = accepted.recv() => match next {
                Some(accepted) => spawn(&mut commands, accepted),
                None => return,
            },
            Some(_) = commands.join_next() => {}
        }
    }
}

struct Dispatch {
    client: Client,
    recorder: Recorder,
    clock: Clock,
    owner: protocol::Name,
    addresses: watch::Receiver<Addresses>,
    faults: Standing,
    meter: Arc<Meter>,
    accepted: Accepted,
}

impl Dispatch {
    async fn run(mut self) {
        let body = json!({ "type": self.accepted.command.kind, "data": self.accepted.command.data }).to_string();
        let body = Bytes::from(body);
        let mut retry = RETRY;
        for attempt in 1.. {
            self.faults.mark_unchanged();
            // While the service is down there is nobody to ask; its start wakes this up.
            let Ok(addresses) = self.addresses.wait_for(|up| !up.is_empty()).await.map(|up| up.clone()) else { return };
            let Some(address) = self.turn(&addresses, attempt) else { continue };
            let span = Span::child_of(self.accepted.span.trace, self.accepted.span.correlation_id);
            let began = Instant::now();
            let sent = Observation::RequestSent {
                to: self.owner.clone(),
                protocol: "http".into(),
                method: "POST".into(),
                path: "/commands".into(),
            };
            if self.recorder.send(Entry::Observe(vec![self.observed(&span, sent)])).is_err() {
                return;
            }
            match self.send(&span, address, body.clone(), attempt).await {
                Ok(Some((status, answer))) => {
                    self.answered(&span, status, &answer, began);
                    if is_final(status.as_u16()) {
                        return;
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(service = %self.owner, %error, "a command's answer was lost");
                }
            }
            tokio::select! {
                // A crashed service has another address when it is back; a mere hiccup has not.
                _ = self.addresses.changed() => retry = RETRY,
                // What stood in the way may do so no longer.
                _ = self.faults.changed() => retry = RETRY,
                () = tokio::time::sleep(retry) => retry = (retry * 2).min(RETRY_MAX),
            }
        }
    }

    /// The one that leads is asked first, if one does, and every other time; in between one of those
    /// that stand by. Else replicas are asked in turn, and another one when an answer is lost.
    fn turn(&self, addresses: &Addresses, attempt: u32) -> Option<SocketAddr> {
        let leader = self.leader().filter(|leader| addresses.contains_key(leader));
        if let Some(leader) = leader.filter(|_| attempt % 2 == 1 || addresses.len() == 1) {
            return addresses.get(&leader).copied();
        }
        let others: Vec<&SocketAddr> =
            addresses.iter().filter(|(replica, _)| Some(**replica) != leader).map(|(_, address)| address).collect();
        let turn = self.accepted.ordinal + u64::from(attempt);
        let turn = turn.checked_rem(u64::try_from(others.len()).ok()?)?;
        others.get(usize::try_from(turn).ok()?).map(|address| **address)
    }

    fn leader(&self) -> Option<u32> {
        self.recorder.history.with_picture(|picture| Some(picture.state.node(&self.owner)?.lease.as_ref()?.holder))
    }

    /// Asks, unless a fault of the wire has it otherwise. `None`: it was lost on its way.
    async fn send(
        &self,
        span: &Span,
        address: SocketAddr,
        body: Bytes,
        attempt: u32,
    ) -> anyhow::Result<Option<Answer>> {
        let faults = self.recorder.faults();
        let passing = Passing {
            leg: Leg::Request,
            from: TERRARIUM,
            to: &self.owner,
            topic: None,
            ordinal: self.accepted.ordinal,
            what: &self.accepted.command.kind,
            attempt,
        };
        let now = self.clock.now_us();
        // A service cut off from all others still hears the learner, who is none of them.
        let between = |fault: &&Fault| matches!(Target::parse(&fault.spec.target), Target::Edge(..));
        if let Some(fault) = fault::severed(&faults, &passing, now).filter(between) {
            self.triggered(span, fault);
            return Ok(None);
        }
        let verdict = fault::verdict(&faults, &passing, now);
        if let Some(fault) = verdict.fault() {
            self.triggered(span, fault);
        }
        match verdict {
            Verdict::Pass => self.ask(span, address, body).await.map(Some),
            Verdict::Drop { .. } => Ok(None),
            Verdict::Fail { status, .. } => Ok(Some((StatusCode::from_u16(status)?, Bytes::new()))),
            Verdict::Delay { fault, us } => {
                fault::sleep_under(self.clock, self.faults.clone(), fault, now.saturating_add(us)).await;
                self.ask(span, address, body).await.map(Some)
            }
            Verdict::Reorder { fault } => {
                fault::sleep_under(self.clock, self.faults.clone(), fault, now + OVERTAKING_US).await;
                self.ask(span, address, body).await.map(Some)
            }
            Verdict::Duplicate { .. } => {
                let first = self.ask(span, address, body.clone()).await;
                // What the second is answered is no matter: it is the same command.
                let second = self.ask(span, address, body).await;
                first.or(second).map(Some)
            }
        }
    }

    /// The fault struck this request.
    fn triggered(&self, span: &Span, fault: &Fault) {
        let struck =
            Observation::FaultTriggered { fault_id: fault.id.clone(), on: self.accepted.command.kind.as_str().into() };
        let _ = self.recorder.send(Entry::Observe(vec![self.observed(span, struck)]));
    }

    /// Asks, and waits no longer than makes sense.
    async fn ask(&self, span: &Span, address: SocketAddr, body: Bytes) -> anyhow::Result<Answer> {
        let answer = self.asked(span, address, body);
        if self.addresses.borrow().len() < 2 {
            return answer.await;
        }
        tokio::select! {
            answer = answer => answer,
            () = self.clock.sleep_until(self.clock.now_us() + PATIENCE_US) => {
                anyhow::bail!("it has not answered in time")
            }
        }
    }

    async fn asked(&self, span: &Span, address: SocketAddr, body: Bytes) -> anyhow::Result<Answer> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://{address}/commands"))
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(TRACEPARENT, span.trace.traceparent())
            .header(CORRELATION_ID, span.correlation_id.unwrap_or_default().to_string())
            .header(IDEMPOTENCY_KEY, self.accepted.command.id.to_string())
            .header(COMMAND_ORDINAL, self.accepted.ordinal)
            .header(CALLER, TERRARIUM)
            .body(Full::new(body))?;
        let answer = self.client.request(request).await?;
        let status = answer.status();
        let body =
            Limited::new(answer.into_body(), ANSWER_BYTES).collect().await.map_err(|error| anyhow::anyhow!(error))?;
        Ok((status, body.to_bytes()))
    }

    fn answered(&self, span: &Span, status: StatusCode, answer: &[u8], began: Instant) {
        let received = Observation::ResponseReceived {
            from: self.owner.clone(),
            protocol: "http".into(),
            status: status.as_u16(),
            duration_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        let command_id = self.accepted.command.id;
        if is_final(status.as_u16()) {
            let post = || serde_json::from_slice::<Value>(answer).ok()?.get("post_id")?.as_i64();
            self.meter.written(&command_id, || status.is_success().then(post)?, self.clock.now_us());
        }
        let mut observed = vec![self.observed(span, received)];
        if !status.is_success() && is_final(status.as_u16()) {
            let reason = serde_json::from_slice::<Value>(answer)
                .ok()
                .and_then(|answer| Some(answer.get("reason")?.as_str()?.to_owned()))
                .unwrap_or_else(|| status.to_string());
            let rejected = Observation::CommandRejected { command_id, status: status.as_u16(), reason };
            observed.push(self.observed(span, rejected));
        }
        let _ = self.recorder.send(Entry::Observe(observed));
    }

    fn observed(&self, span: &Span, observation: Observation) -> Observed {
        within(span, self.clock, TERRARIUM.into(), observation)
    }
}
