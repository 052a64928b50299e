//! What a service is given: who it is, the time, the faults, and its sandbox.

use crate::{Clock, FromHost, Gate, Host, Start, ToHost, fault};
use protocol::{Fault, Name, Observation, Observed, ServiceSpec, SpanId, SwitchSpec, TraceContext, TraceId, Uuid};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};
use tokio::sync::watch;

/// Cheap to clone; one per service and replica.
#[derive(Clone)]
pub struct Ctx {
    pub spec: Arc<ServiceSpec>,
    pub replica: u32,
    pub clock: Clock,
    pub batch: usize,
    pub lease_us: u64,
    pub faults: fault::Standing,
    switches: watch::Receiver<Arc<Vec<SwitchSpec>>>,
    pub(crate) gate: Gate,
    folder: Arc<PathBuf>,
    host: Arc<dyn Host>,
}

impl Ctx {
    /// The context of a service that starts, and the way to keep it up to date.
    pub fn new(start: Start, host: Arc<dyn Host>, gate: Gate) -> (Self, Standing) {
        let (faults_tx, faults) = watch::channel(Arc::new(start.faults));
        let (switches_tx, switches) = watch::channel(Arc::new(start.switches));
        let ctx = Ctx {
            spec: Arc::new(start.spec),
            replica: start.replica,
            clock: start.clock,
            batch: start.batch.max(1),
            lease_us: start.lease_us.max(1),
            faults,
            switches,
            gate,
            folder: Arc::new(start.folder),
            host,
        };
        (ctx, Standing { faults: faults_tx, switches: switches_tx })
    }

    /// Whether a protection is on. One that the topology does not know is.
    pub fn is_on(&self, switch: &str) -> bool {
        self.switches.borrow().iter().find(|known| &*known.name == switch).is_none_or(|known| known.on)
    }

    pub fn name(&self) -> &Name {
        &self.spec.name
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// This service's own database file.
    pub fn database(&self) -> PathBuf {
        database(&self.folder, &self.spec.name)
    }

    pub fn send(&self, message: ToHost) {
        self.host.send(message);
    }

    /// An observation of the wire, sent directly.
    pub fn observe(&self, span: &Span, observation: Observation) {
        self.send(ToHost::Observe(vec![self.observed(span, observation)]));
    }

    pub fn observed(&self, span: &Span, observation: Observation) -> Observed {
        Observed {
            at: self.clock.now_us(),
            trace: span.trace,
            parent_span_id: span.parent,
            service: self.spec.name.clone(),
            replica: self.replica,
            code: None,
            correlation_id: span.correlation_id,
            observation,
        }
    }
}

/// The faults and switches of the sandbox, as the host tells them.
pub struct Standing {
    faults: watch::Sender<Arc<Vec<Fault>>>,
    switches: watch::Sender<Arc<Vec<SwitchSpec>>>,
}

impl Standing {
    /// Takes in what the host says of them.
    pub fn hear(&self, message: FromHost) {
        match message {
            FromHost::Faults(all) => drop(self.faults.send_replace(Arc::new(all))),
            FromHost::Switches(all) => drop(self.switches.send_replace(Arc::new(all))),
            _ => {}
        }
    }
}

/// The database file of a service in its sandbox's folder.
pub fn database(folder: &std::path::Path, service: &str) -> PathBuf {
    folder.join(format!("{service}.db"))
}

/// One piece of work within a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    pub trace: TraceContext,
    pub parent: Option<SpanId>,
    pub correlation_id: Option<Uuid>,
}

impl Span {
    /// The first span of a new trace.
    pub fn root(correlation_id: Option<Uuid>) -> Self {
        let trace_id = TraceId(fastrand::u128(1..).to_be_bytes());
        Span { trace: TraceContext { trace_id, span_id: new_span_id() }, parent: None, correlation_id }
    }

    /// A span caused by another, here or on the other side of a wire.
    pub fn child_of(parent: TraceContext, correlation_id: Option<Uuid>) -> Self {
        let trace = TraceContext { trace_id: parent.trace_id, span_id: new_span_id() };
        Span { trace, parent: Some(parent.span_id), correlation_id }
    }
}

fn new_span_id() -> SpanId {
    SpanId(fastrand::u64(1..).to_be_bytes())
}
