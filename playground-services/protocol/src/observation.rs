//! What was seen to happen, and its line in the record.

mod read;

use crate::{Command, Envelope, Fault, Name, Position, SpanId, Topology, TraceContext, TraceId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// Any JSON value.
pub type Value = serde_json::Value;

/// One line of the record, and the same JSON in a stream's `data:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Gapless from 1 within a sandbox.
    pub position: Position,
    /// Microseconds since the sandbox was created, never falling.
    pub at: u64,
    pub trace_id: TraceId,
    pub span_id: SpanId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_span_id: Option<SpanId>,
    /// Who did it: a service, `broker`, `terrarium` (the server) or `learner`.
    pub service: Name,
    pub replica: u32,
    /// The line of source that did it, where a service did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeLine>,
    /// The command at the root of it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<Uuid>,
    pub observation: Observation,
}

/// An observation on its way to the recorder: all of [`Recorded`] but the position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    pub at: u64,
    pub trace: TraceContext,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_span_id: Option<SpanId>,
    pub service: Name,
    pub replica: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<Uuid>,
    pub observation: Observation,
}

impl Observed {
    /// The line of the record at `position`. Only the recorder calls this.
    pub fn recorded(self, position: Position, at: u64) -> Recorded {
        Recorded {
            position,
            at,
            trace_id: self.trace.trace_id,
            span_id: self.trace.span_id,
            parent_span_id: self.parent_span_id,
            service: self.service,
            replica: self.replica,
            code: self.code,
            correlation_id: self.correlation_id,
            observation: self.observation,
        }
    }
}

/// The server itself, as the `service` of what it records.
pub const TERRARIUM: &str = "terrarium";

/// The broker: as the `service` of what it records, as a fault's target, and as an end of an edge.
pub const BROKER: &str = "broker";

impl Recorded {
    /// A line of which no more is known: not its trace, not the command at the root of it.
    pub fn bare(position: Position, at: u64, service: impl Into<Name>, observation: Observation) -> Self {
        Recorded {
            position,
            at,
            trace_id: TraceId::default(),
            span_id: SpanId::default(),
            parent_span_id: None,
            service: service.into(),
            replica: 0,
            code: None,
            correlation_id: None,
            observation,
        }
    }

    /// Whether this is the answer to a command, for good. A service whose store failed (503) did
    /// nothing, and is asked again.
    pub fn settles_command(&self) -> bool {
        let settled = matches!(self.observation, Observation::ResponseReceived { status, .. } if is_final(status));
        settled && &*self.service == TERRARIUM
    }
}

/// Whether a service that answers a command with this status means it.
pub fn is_final(status: u16) -> bool {
    status != 503
}

/// A line of source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeLine {
    /// Path within the repository.
    pub file: Name,
    pub line: u32,
}

/// How a sandbox's services run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// As tasks within the server.
    Task,
    /// As operating system processes of their own; a crash is a SIGKILL.
    Process,
}

/// The bounds a sandbox was created with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    pub commands_per_second: u32,
    pub command_burst: u32,
    pub record_bytes: u64,
    pub faults: u32,
}

/// A row before and after a transaction; a side that did not exist is `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowChange {
    pub table: Name,
    /// The primary key, as text.
    pub key: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// What was seen. Durations are in microseconds. How it is read back: [`read`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind")]
pub enum Observation {
    /// Position 1: makes a record explain itself.
    SandboxStarted {
        format: u32,
        topology: Box<Topology>,
        seed: u64,
        limits: Limits,
    },
    SandboxHibernated,
    SandboxWoken,

    /// Durable before the `202`.
    CommandAccepted {
        command: Command,
    },
    /// The service that owns the command refused it.
    CommandRejected {
        command_id: Uuid,
        status: u16,
        reason: String,
    },

    RequestSent {
        to: Name,
        protocol: Name,
        method: Name,
        path: Name,
    },
    RequestReceived {
        from: Name,
        protocol: Name,
        method: Name,
        path: Name,
    },
    ResponseSent {
        to: Name,
        protocol: Name,
        status: u16,
        duration_us: u64,
    },
    ResponseReceived {
        from: Name,
        protocol: Name,
        status: u16,
        duration_us: u64,
    },

    MessagePublished {
        topic: Name,
        envelope: Arc<Envelope>,
    },
    /// Handed to a consumer for the first time. `source_position` is the `MessagePublished`.
    MessageDelivered {
        topic: Name,
        group: Name,
        message_id: Uuid,
        source_position: Position,
        attempt: u32,
    },
    /// Handed to a consumer again.
    MessageRedelivered {
        topic: Name,
        group: Name,
        message_id: Uuid,
        source_position: Position,
        attempt: u32,
    },
    MessageAcked {
        topic: Name,
        group: Name,
        message_id: Uuid,
        source_position: Position,
        attempt: u32,
    },
    /// The consumer said it could not handle it (nack), or kept it too long. `nacks`: how often
    /// consumers have said no to it so far.
    MessageRejected {
        topic: Name,
        group: Name,
        message_id: Uuid,
        source_position: Position,
        attempt: u32,
        nacks: u32,
        reason: String,
    },
    MessageDeadLettered {
        topic: Name,
        group: Name,
        message_id: Uuid,
        source_position: Position,
        attempt: u32,
        reason: String,
    },

    /// One local transaction; its messages carry the same span. More than one command
    /// in it when `batch_size` says so.
    TransactionCommitted {
        transaction_id: u64,
        rows: Vec<RowChange>,
        batch_size: u32,
    },
    /// `undone`: what it had changed by then, and has not after all.
    TransactionRolledBack {
        reason: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        undone: Vec<RowChange>,
    },
    /// `entity`: order, payment, reservation, notification, shipment, saga, …. `from` is null at the beginning.
    StateChanged {
        entity: Name,
        id: i64,
        from: Option<Name>,
        to: Name,
    },

    ServiceStarted {
        isolation: Isolation,
        address: String,
        pid: Option<u32>,
    },
    ServiceStopped {
        reason: String,
    },
    ServiceCrashed {
        reason: String,
    },

    /// It stands still; `replica` of the line says which of them.
    ServicePaused {
        reason: String,
    },
    ServiceResumed {
        reason: String,
    },
    /// So many of it run from now on.
    ServiceScaled {
        replicas: u32,
    },

    /// From the orchestrator: it has asked for this step of the saga of order `id`.
    SagaStepStarted {
        id: i64,
        step: Name,
        /// 1 the first time it asks.
        attempt: u32,
    },
    SagaStepCompleted {
        id: i64,
        step: Name,
    },
    /// The step was taken back, by its compensation.
    SagaStepCompensated {
        id: i64,
        step: Name,
    },
    /// A compensation could not be had: the case waits for a person.
    SagaParked {
        id: i64,
        step: Name,
        attempt: u32,
        reason: String,
    },
    /// A replica leads from now on, until `until` (microseconds since the sandbox was created)
    /// unless it renews. Tokens only rise.
    LeaseAcquired {
        name: Name,
        holder: u32,
        token: u64,
        until: u64,
    },
    LeaseLost {
        name: Name,
        holder: u32,
        token: u64,
        reason: String,
    },

    /// A protection was switched on or off.
    SwitchSet {
        name: Name,
        enabled: bool,
    },
    FaultInstalled {
        fault: Box<Fault>,
    },
    FaultTriggered {
        fault_id: Name,
        on: String,
    },
    FaultCleared {
        fault_id: Name,
        reason: String,
    },

    /// Commands of one type begin to arrive at a steady rate, whatever becomes of them.
    LoadStarted {
        command_type: Name,
        /// Commands a second.
        rate: u32,
    },
    LoadStopped {
        command_type: Name,
        /// Commands that were accepted.
        sent: u64,
        reason: String,
    },

    /// A second of a load that reads, measured by who sends it. Times count from when a request
    /// was planned, and an error counts with its time, too.
    Window {
        /// `terrarium->timeline`
        edge: Name,
        /// `GET` of reads, `POST` of commands.
        method: Name,
        /// Requests planned for a second.
        rate: u32,
        /// Requests that ended in it.
        count: u64,
        /// Those of them that were refused, or not answered in time.
        errors: u64,
        p50_us: u64,
        p99_us: u64,
        /// By how much answers lagged behind what was written, at the 99th percentile: the age of
        /// the oldest post that one lacked.
        lag_us: u64,
        /// Answers that lacked what was written before they were asked for.
        stale: u64,
    },

    /// The account of the million events was loaded. They lie outside the record; what it took does not.
    AccountLoaded {
        /// As of this event.
        version: u64,
        /// Of the snapshot it began with; 0 without one.
        from_version: u64,
        /// It could use a snapshot at each so many events; 0 where it was to use none.
        snapshot_every: u64,
        /// How many of them there are.
        count: u64,
        /// What they take up.
        bytes: u64,
        duration_us: u64,
        balance_minor: i64,
    },

    /// Something became of what a sandbox has made of the million events, its snapshots and read models.
    CopiesChanged {
        /// What, in a sentence.
        reason: String,
        /// Its figures.
        data: Option<Value>,
    },

    /// A promise of the services was seen broken; `since` is the position that broke it.
    InvariantBroken {
        name: Name,
        since: Position,
        reason: String,
    },
    /// It holds again, since the position `since`.
    InvariantRestored {
        name: Name,
        since: Position,
    },
}

impl Observation {
    /// The message that was published, if this says so.
    pub fn message(&self) -> Option<&Arc<Envelope>> {
        match self {
            Observation::MessagePublished { envelope, .. } => Some(envelope),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_record_has_the_documented_shape() {
        let line = r#"{"position":17,"at":48211,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","parent_span_id":"00f067aa0ba902b6","service":"inventory","replica":0,"code":{"file":"playground-services/inventory/src/reactions.rs","line":31},"correlation_id":"6f2c9a1e-0000-4000-8000-000000000001","observation":{"kind":"MessagePublished","topic":"inventory","envelope":{"specversion":"1.0","id":"6f2c9a1e-0000-4000-8000-000000000002","source":"inventory","type":"StockReserved","subject":"order/101","time":"2026-11-22T18:00:00.000000Z","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","correlationid":"6f2c9a1e-0000-4000-8000-000000000001","causationid":"6f2c9a1e-0000-4000-8000-000000000003","commandordinal":1,"data":{"item_id":42,"order_id":101,"quantity":1}}}}"#;
        let recorded: Recorded = serde_json::from_str(line).expect("reads");
        assert_eq!(serde_json::to_string(&recorded).expect("writes"), line);
    }

    #[test]
    fn a_fault_reads_back_with_its_defaults() {
        let spec: crate::FaultSpec =
            serde_json::from_str(r#"{"kind":"decline-payments","target":"payments"}"#).expect("reads");
        assert_eq!((spec.strength, spec.ttl_ms, spec.after_ms), (100, Some(60_000), 0));
        let fault = Fault { id: "a".into(), spec, installed_at: 5 };
        let text = serde_json::to_string(&fault).expect("writes");
        assert_eq!(serde_json::from_str::<Fault>(&text).expect("reads"), fault);
    }
}
