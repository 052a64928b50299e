//! JSON into the shared types with as little code as will do: one parse into a `Value`, and what
//! is wanted is taken out of that. Serde's derived code would be several times as much.
//!
//! It reads what the server writes: the names of fields and their defaults are those of the derived code.
//! Unlike that, it never minds a field it does not know. What does not fit is `None`.

use diagram::{
    Broken, DiagramState, Health, Held, Instance, Lane, Lease, Load, Mended, Node, Parked, Pipe, RowView, Run,
    SagaView, Sagas, StepState, StepView, Strata, TableView, Waiting,
};
use protocol::{
    CodeLine, Command, Envelope, Fault, FaultKind, FaultSpec, Isolation, Limits, Name, Observation, Outside, Params,
    Reads, Recorded, RowChange, SagaSpec, ServiceSpec, SpanId, StepSpec, Subscription, SwitchSpec, Topology, TraceId,
    Uuid, Value, When,
};
use std::sync::Arc;

/// Reads a text; `None` if it does not fit.
pub fn read<T: Read>(text: &str) -> Option<T> {
    take(&mut parse(text)?)
}

#[inline(never)]
fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn take<T: Read>(value: &mut Value) -> Option<T> {
    let mut fits = true;
    let taken = T::read(Some(value), &mut fits);
    fits.then_some(taken)
}

/// What can be read.
///
/// A misfit is noted, and reading goes on: the way back from the middle of a struct would be most
/// of the code.
pub trait Read: Sized {
    /// Takes it out of the value, which is `None` where a field is missing. Says in `fits` when it
    /// does not fit; what is returned then is worth nothing.
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self;
}

/// The fields of an object.
pub struct Fields<'a> {
    fields: Option<&'a mut Object>,
    fits: &'a mut bool,
}

impl<'a> Fields<'a> {
    #[inline(never)]
    pub fn of(value: Option<&'a mut Value>, fits: &'a mut bool) -> Self {
        let fields = value.and_then(Value::as_object_mut);
        *fits &= fields.is_some();
        Fields { fields, fits }
    }

    #[inline(never)]
    pub fn take<T: Read>(&mut self, name: &str) -> T {
        let value = entry(&mut self.fields, name);
        T::read(value, self.fits)
    }

    /// The same; the default where there is none.
    pub fn take_or_default<T: Read + Default>(&mut self, name: &str) -> T {
        match entry(&mut self.fields, name) {
            None => T::default(),
            value => T::read(value, self.fits),
        }
    }
}

#[inline(never)]
fn entry<'a>(fields: &'a mut Option<&mut Object>, name: &str) -> Option<&'a mut Value> {
    fields.as_mut()?.get_mut(name)
}

type Object = serde_json::Map<String, Value>;

/// A struct by its fields: `field`, `field: "name"` where JSON has another, `field or default`.
macro_rules! fields {
    ($type:ident { $($field:ident $(: $name:literal)? $(or $default:ident)?),* $(,)? }) => {
        impl $crate::json::Read for $type {
            fn read(value: Option<&mut protocol::Value>, fits: &mut bool) -> Self {
                let mut fields = $crate::json::Fields::of(value, fits);
                $type { $($field: $crate::json::fields!(@take fields, $field $(: $name)? $(or $default)?)),* }
            }
        }
    };
    (@take $fields:ident, $field:ident) => { $fields.take(stringify!($field)) };
    (@take $fields:ident, $field:ident : $name:literal) => { $fields.take($name) };
    (@take $fields:ident, $field:ident or default) => { $fields.take_or_default(stringify!($field)) };
}
pub(crate) use fields;

fields!(Recorded {
    position,
    at,
    trace_id,
    span_id,
    parent_span_id,
    service,
    replica,
    code,
    correlation_id,
    observation
});
fields!(CodeLine { file, line });
fields!(Limits { commands_per_second, command_burst, record_bytes, faults });
fields!(RowChange { table, key, before, after });
fields!(Command { id, kind: "type", data });
fields!(Envelope {
    specversion,
    id,
    source,
    kind: "type",
    subject,
    time,
    traceparent,
    correlationid,
    causationid,
    commandordinal or default,
    fencingtoken,
    data,
});
fields!(FaultSpec { kind, target, strength, seed, after_ms, ttl_ms, params });
fields!(Params { every, ms, jitter_ms, status, step, when, only });
fields!(Topology { name, title, services, switches or default, saga });
fields!(SagaSpec { steps, pivot });
fields!(SwitchSpec { name, on });
fields!(StepSpec { name, on, compensates });
fields!(ServiceSpec {
    name,
    commands,
    publishes,
    consumes,
    workers,
    outside,
    stock,
    steps or default,
    standbys or default,
    reads,
    place,
});
fields!(Reads { queries, latency_ms, instead });
fields!(Subscription { topic, types });
fields!(Outside { name, latency_ms });

fields!(DiagramState {
    position,
    at,
    topology,
    hibernated,
    nodes,
    pipes,
    sagas,
    faults,
    commands_waiting,
    broken or default,
    mended or default,
    load,
    switches or default,
    run,
});
fields!(Instance { replica, health });
fields!(Lease { holder, token, until });
fields!(StepView { name, state, attempt, since or default });
fields!(Parked { order_id, step, attempt, reason, at, since, reservation, payment });
fields!(Broken { name, since, detail, at or default });
fields!(Mended { name, since, until, lasted, times });
fields!(Load { command_type, rate, sent or default });
fields!(Run { began_at, ended_at });
fields!(Node {
    name,
    health,
    reason,
    replicas,
    instances or default,
    lease,
    pid,
    tables,
    commits,
});
fields!(TableView { name, count, rows });
fields!(RowView { key, row, changed_at });
fields!(Pipe { topic, lanes, published });
fields!(Lane { group, types, waiting, in_flight, flying or default, acked, dead_lettered });
fields!(Waiting { count, tokens });
fields!(Held { position, kind, subject, attempt });
fields!(Sagas {
    pending,
    confirmed,
    cancelled,
    led or default,
    leader or default,
    latest,
    parked or default,
    parked_count or default,
});
fields!(SagaView {
    order_id,
    correlation_id,
    order,
    reservation,
    payment,
    notification,
    shipment,
    saga,
    steps or default,
    began_at,
    changed_at,
});
fields!(Strata { width, layers, end });

impl Read for Fault {
    /// Its spec's fields stand beside its own.
    fn read(mut value: Option<&mut Value>, fits: &mut bool) -> Self {
        let spec = FaultSpec::read(value.as_deref_mut(), fits);
        let mut fields = Fields::of(value, fits);
        Fault { id: fields.take("id"), spec, installed_at: fields.take("installed_at") }
    }
}

/// An enum without content, by its names.
macro_rules! names {
    ($type:ident { $first:ident: $first_name:literal, $($variant:ident: $name:literal),* }) => {
        impl Read for $type {
            fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
                match text(value, fits) {
                    $($name => $type::$variant,)*
                    name => {
                        *fits &= name == $first_name;
                        $type::$first
                    }
                }
            }
        }
    };
}
names!(Health { Stopped: "stopped", Up: "up", Crashed: "crashed", Paused: "paused" });
names!(StepState { Asked: "asked", Done: "done", Failed: "failed", Compensated: "compensated", Parked: "parked" });
names!(When { Before: "before", After: "after" });
names!(Isolation { Task: "task", Process: "process" });
impl Read for FaultKind {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        let name = text(value, fits);
        let known = FaultKind::ALL.into_iter().find(|kind| kind.name() == name);
        *fits &= known.is_some();
        known.unwrap_or(FaultKind::Crash)
    }
}

/// An enum whose `kind` says which fields there are.
macro_rules! kinds {
    ($type:ident or $otherwise:ident { $($variant:ident { $($field:ident $(or $default:ident)?),* })* }) => {
        impl Read for $type {
            fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
                let mut fields = Fields::of(value, &mut *fits);
                let kind: String = fields.take("kind");
                match &*kind {
                    $(stringify!($variant) => $type::$variant {
                        $($field: $crate::json::fields!(@take fields, $field $(or $default)?)),*
                    },)*
                    _ => {
                        *fields.fits = false;
                        $type::$otherwise
                    }
                }
            }
        }
    };
}
kinds!(Observation or SandboxWoken {
    SandboxStarted { format, topology, seed, limits }
    SandboxHibernated {}
    SandboxWoken {}
    CommandAccepted { command }
    CommandRejected { command_id, status, reason }
    RequestSent { to, protocol, method, path }
    RequestReceived { from, protocol, method, path }
    ResponseSent { to, protocol, status, duration_us }
    ResponseReceived { from, protocol, status, duration_us }
    MessagePublished { topic, envelope }
    MessageDelivered { topic, group, message_id, source_position, attempt }
    MessageRedelivered { topic, group, message_id, source_position, attempt }
    MessageAcked { topic, group, message_id, source_position, attempt }
    MessageRejected { topic, group, message_id, source_position, attempt, nacks, reason }
    MessageDeadLettered { topic, group, message_id, source_position, attempt, reason }
    TransactionCommitted { transaction_id, rows, batch_size }
    TransactionRolledBack { reason, undone or default }
    StateChanged { entity, id, from, to }
    ServiceStarted { isolation, address, pid }
    ServiceStopped { reason }
    ServiceCrashed { reason }
    ServicePaused { reason }
    ServiceResumed { reason }
    ServiceScaled { replicas }
    SagaStepStarted { id, step, attempt }
    SagaStepCompleted { id, step }
    SagaStepCompensated { id, step }
    SagaParked { id, step, attempt, reason }
    LeaseAcquired { name, holder, token, until }
    LeaseLost { name, holder, token, reason }
    SwitchSet { name, enabled }
    FaultInstalled { fault }
    FaultTriggered { fault_id, on }
    FaultCleared { fault_id, reason }
    LoadStarted { command_type, rate }
    LoadStopped { command_type, sent, reason }
    Window { edge, method, rate, count, errors, p50_us, p99_us, lag_us, stale }
    AccountLoaded { version, from_version, snapshot_every, count, bytes, duration_us, balance_minor }
    CopiesChanged { reason, data }
    InvariantBroken { name, since, reason }
    InvariantRestored { name, since }
});

impl Read for Value {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        found(value.map(Value::take), fits)
    }
}

impl Read for bool {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        found(value.and_then(|value| value.as_bool()), fits)
    }
}

impl Read for i64 {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        found(value.and_then(|value| value.as_i64()), fits)
    }
}

impl Read for u64 {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        found(value.and_then(|value| value.as_u64()), fits)
    }
}

macro_rules! narrower {
    ($($type:ident)*) => {$(
        impl Read for $type {
            fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
                found(u64::read(value, fits).try_into().ok(), fits)
            }
        }
    )*};
}
narrower!(u8 u16 u32);

impl Read for String {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        match value {
            Some(Value::String(text)) => std::mem::take(text),
            _ => found(None, fits),
        }
    }
}

impl Read for Name {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        text(value, fits).into()
    }
}

impl Read for Uuid {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        found(protocol::parse_uuid(text(value, fits)), fits)
    }
}

impl Read for TraceId {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        TraceId(found(protocol::unhex(text(value, fits)), fits))
    }
}

impl Read for SpanId {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        SpanId(found(protocol::unhex(text(value, fits)), fits))
    }
}

fn found<T: Default>(found: Option<T>, fits: &mut bool) -> T {
    *fits &= found.is_some();
    found.unwrap_or_default()
}

fn text<'a>(value: Option<&'a mut Value>, fits: &mut bool) -> &'a str {
    found(value.and_then(|value| value.as_str()), fits)
}

impl<T: Read> Read for Option<T> {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        value.filter(|value| !value.is_null()).map(|value| T::read(Some(value), fits))
    }
}

impl<T: Read> Read for Box<T> {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        Box::new(T::read(value, fits))
    }
}

impl<T: Read> Read for Arc<T> {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        Arc::new(T::read(value, fits))
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        items(value, fits).iter_mut().map(|item| T::read(Some(item), fits)).collect()
    }
}

impl<T: Read + Copy + Default, const N: usize> Read for [T; N] {
    fn read(value: Option<&mut Value>, fits: &mut bool) -> Self {
        let items = items(value, fits);
        *fits &= items.len() == N;
        let mut all = [T::default(); N];
        for (to, item) in all.iter_mut().zip(items) {
            *to = T::read(Some(item), fits);
        }
        all
    }
}

#[inline(never)]
fn items<'a>(value: Option<&'a mut Value>, fits: &mut bool) -> &'a mut [Value] {
    let items = value.and_then(Value::as_array_mut);
    *fits &= items.is_some();
    items.map_or_else(Default::default, Vec::as_mut_slice)
}

#[cfg(test)]
mod tests;
