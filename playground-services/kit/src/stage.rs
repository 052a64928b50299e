//! What a handler wants to say, staged until its transaction commits.

use crate::Origin;
use crate::ctx::{Ctx, Span};
use protocol::{CodeLine, Envelope, FaultKind, Name, Observation, Observed, Uuid};
use std::panic::Location;
use std::sync::Arc;

/// Messages and observations of one piece of work. Nothing staged is seen by anyone unless
/// the transaction commits; then all of it is, in this order.
pub struct Stage<'a> {
    pub ctx: &'a Ctx,
    span: Span,
    /// The message or command that causes what is staged.
    cause: Uuid,
    ordinal: u64,
    time: String,
    /// Of the lease by which this replica leads.
    token: Option<u64>,
    observed: Vec<Observed>,
    published: u32,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(ctx: &'a Ctx, origin: Origin, token: Option<u64>) -> Self {
        let Origin { cause, span, ordinal } = origin;
        Stage { ctx, span, cause, ordinal, time: ctx.clock.rfc3339(), token, observed: vec![], published: 0 }
    }

    /// RFC 3339, UTC: one time for the whole piece of work.
    pub fn time(&self) -> &str {
        &self.time
    }

    /// Puts an event in the outbox, for the topic this service publishes.
    ///
    /// A plain function, so that `#[track_caller]` finds the line that published.
    #[track_caller]
    pub fn publish(&mut self, kind: &str, subject: String, data: serde_json::Value) {
        self.published += 1;
        let origin = Origin { cause: self.cause, span: self.span, ordinal: self.ordinal };
        self.put(origin, self.published, kind, subject, data, Location::caller());
    }

    /// The same on behalf of an earlier piece of work, to which it belongs. The `nth` of its kind
    /// is the same message each time.
    #[track_caller]
    pub fn publish_for(&mut self, origin: Origin, n: u32, kind: &str, subject: String, data: serde_json::Value) {
        self.put(origin, n, kind, subject, data, Location::caller());
    }

    fn put(
        &mut self,
        origin: Origin,
        n: u32,
        kind: &str,
        subject: String,
        data: serde_json::Value,
        caller: &Location<'_>,
    ) {
        let Some(topic) = self.ctx.spec.publishes.clone() else {
            debug_assert!(false, "{} publishes nothing", self.ctx.name());
            return;
        };
        let envelope = Envelope {
            specversion: "1.0".into(),
            id: message_id(origin.cause, kind, n),
            source: self.ctx.name().clone(),
            kind: kind.into(),
            subject: subject.into(),
            time: self.time.clone(),
            traceparent: self.span.trace.traceparent(),
            correlationid: origin.span.correlation_id.unwrap_or_default(),
            causationid: self.cause,
            commandordinal: origin.ordinal,
            fencingtoken: self.token,
            data,
        };
        self.note(Observation::MessagePublished { topic, envelope: Arc::new(envelope) }, caller);
    }

    /// Says that something went from one state to another, states as the domain writes them.
    #[track_caller]
    pub fn state_changed(&mut self, entity: &str, id: i64, from: Option<&str>, to: &str) {
        let (entity, from, to) = (entity.into(), from.map(Name::from), to.into());
        self.note(Observation::StateChanged { entity, id, from, to }, Location::caller());
    }

    /// Says that a fault struck here.
    #[track_caller]
    pub fn fault_triggered(&mut self, fault_id: &Name, on: &str) {
        self.note(Observation::FaultTriggered { fault_id: fault_id.clone(), on: on.to_owned() }, Location::caller());
    }

    /// Says anything else that is to be in the record.
    #[track_caller]
    pub fn saw(&mut self, observation: Observation) {
        self.note(observation, Location::caller());
    }

    /// Says it as done at another line than the one that says so: where what is done is written.
    pub fn saw_at(&mut self, line: &Location<'_>, observation: Observation) {
        self.note(observation, line);
    }

    fn note(&mut self, observation: Observation, caller: &Location<'_>) {
        let code = CodeLine { file: caller.file().into(), line: caller.line() };
        self.observed.push(Observed { code: Some(code), ..self.ctx.observed(&self.span, observation) });
    }

    pub(crate) fn into_observed(self) -> Vec<Observed> {
        self.observed
    }
}

/// The same cause, type and number give the same id, so a repeat is recognisable.
fn message_id(cause: Uuid, kind: &str, n: u32) -> Uuid {
    Uuid::new_v5(&cause, format!("{kind}/{n}").as_bytes())
}

/// The id of the fault of this kind that strikes a piece of work of this service, if one does.
pub fn fault_striking(ctx: &Ctx, kind: FaultKind, ordinal: u64, what: &str) -> Option<Name> {
    let faults = ctx.faults.borrow();
    let now = ctx.clock.now_us();
    crate::fault::striking(&faults, kind, ctx.name(), ordinal, what, now).map(|fault| fault.id.clone())
}
