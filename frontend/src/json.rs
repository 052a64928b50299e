//! JSON into the shared types with as little code as will do: one parse into a `Value`, and what
//! is wanted is taken out of that. Serde's derived code would be half of what the browser loads.
//!
//! It reads what the server writes: the field's names and defaults are those of the derived code.
//! Unlike that, it never minds a field it does not know. What does not fit is `None`.

use diagram::{
    Broken, DiagramState, Health, Held, Lane, Load, Node, Pipe, RowView, Run, SagaView, Sagas, Strata, TableView,
    Waiting,
};
use protocol::{
    CodeLine, Command, Envelope, Fault, FaultKind, FaultSpec, Isolation, Limits, Name, Observation, Outside, Params,
    Recorded, RowChange, ServiceSpec, SpanId, Subscription, Topology, TraceId, Uuid, Value,
};
use std::sync::Arc;

/// Reads a text; `None` if it does not fit.
pub fn read<T: Read>(text: &str) -> Option<T> {
    T::read(&mut parse(text)?)
}

#[inline(never)]
fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// What can be read.
pub trait Read: Sized {
    /// Takes it out of the value.
    fn read(value: &mut Value) -> Option<Self>;

    /// What a missing field means.
    fn missing() -> Option<Self> {
        None
    }
}

/// Takes a field out of an object.
#[inline(never)]
pub fn field<T: Read>(object: &mut Object, name: &str) -> Option<T> {
    entry(object, name).map_or_else(T::missing, T::read)
}

/// The same; the default where there is none.
pub fn field_or_default<T: Read + Default>(object: &mut Object, name: &str) -> Option<T> {
    entry(object, name).map_or_else(|| Some(T::default()), T::read)
}

#[inline(never)]
fn entry<'a>(object: &'a mut Object, name: &str) -> Option<&'a mut Value> {
    object.get_mut(name)
}

type Object = serde_json::Map<String, Value>;

/// A struct by its fields: `field`, `field: "name"` where JSON has another, `field or default`.
macro_rules! fields {
    ($type:ident { $($field:ident $(: $name:literal)? $(or $default:ident)?),* $(,)? }) => {
        impl $crate::json::Read for $type {
            fn read(value: &mut protocol::Value) -> Option<Self> {
                let object = value.as_object_mut()?;
                Some($type { $($field: $crate::json::fields!(@field object, $field $(: $name)? $(or $default)?)),* })
            }
        }
    };
    (@field $object:ident, $field:ident) => { $crate::json::field($object, stringify!($field))? };
    (@field $object:ident, $field:ident : $name:literal) => { $crate::json::field($object, $name)? };
    (@field $object:ident, $field:ident or default) => {
        $crate::json::field_or_default($object, stringify!($field))?
    };
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
    data,
});
fields!(FaultSpec { kind, target, strength, seed, after_ms, ttl_ms, params });
fields!(Params { every });
fields!(Topology { name, title, services });
fields!(ServiceSpec { name, commands, publishes, consumes, workers, outside, stock, place });
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
    load,
    run,
});
fields!(Broken { name, since, detail });
fields!(Load { command_type, rate, sent or default });
fields!(Run { began_at, ended_at });
fields!(Node { name, health, reason, replicas, pid, tables, commits });
fields!(TableView { name, count, rows });
fields!(RowView { key, row, changed_at });
fields!(Pipe { topic, lanes, published });
fields!(Lane { group, types, waiting, in_flight, acked, dead_lettered });
fields!(Waiting { count, tokens });
fields!(Held { position, kind, subject, attempt });
fields!(Sagas { pending, confirmed, cancelled, latest });
fields!(SagaView { order_id, correlation_id, order, reservation, payment, notification, began_at, changed_at });
fields!(Strata { width, layers, end });

impl Read for Fault {
    /// Its spec's fields stand beside its own.
    fn read(value: &mut Value) -> Option<Self> {
        let spec = FaultSpec::read(value)?;
        let object = value.as_object_mut()?;
        Some(Fault { id: field(object, "id")?, spec, installed_at: field(object, "installed_at")? })
    }
}

/// An enum without content, by its names.
macro_rules! names {
    ($type:ident { $($variant:ident: $name:literal),* }) => {
        impl Read for $type {
            fn read(value: &mut Value) -> Option<Self> {
                match value.as_str()? {
                    $($name => Some($type::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
names!(Health { Stopped: "stopped", Up: "up", Crashed: "crashed" });
names!(Isolation { Task: "task", Process: "process" });
names!(FaultKind { DeclinePayments: "decline-payments", Crash: "crash" });

/// An enum whose `kind` says which fields there are.
macro_rules! kinds {
    ($type:ident { $($variant:ident { $($field:ident),* })* }) => {
        impl Read for $type {
            fn read(value: &mut Value) -> Option<Self> {
                let object = value.as_object_mut()?;
                let kind: String = field(object, "kind")?;
                Some(match &*kind {
                    $(stringify!($variant) => $type::$variant { $($field: field(object, stringify!($field))?),* },)*
                    _ => return None,
                })
            }
        }
    };
}
kinds!(Observation {
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
    TransactionRolledBack { reason }
    StateChanged { entity, id, from, to }
    ServiceStarted { isolation, address, pid }
    ServiceStopped { reason }
    ServiceCrashed { reason }
    FaultInstalled { fault }
    FaultTriggered { fault_id, on }
    FaultCleared { fault_id, reason }
    LoadStarted { command_type, rate }
    LoadStopped { command_type, sent, reason }
    InvariantBroken { name, since, reason }
    InvariantRestored { name, since }
});

impl Read for Value {
    fn read(value: &mut Value) -> Option<Self> {
        Some(value.take())
    }
}

impl Read for bool {
    fn read(value: &mut Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Read for i64 {
    fn read(value: &mut Value) -> Option<Self> {
        value.as_i64()
    }
}

impl Read for u64 {
    fn read(value: &mut Value) -> Option<Self> {
        value.as_u64()
    }
}

impl Read for u32 {
    fn read(value: &mut Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }
}

impl Read for u16 {
    fn read(value: &mut Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }
}

impl Read for u8 {
    fn read(value: &mut Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }
}

impl Read for String {
    fn read(value: &mut Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(std::mem::take(text)),
            _ => None,
        }
    }
}

impl Read for Name {
    fn read(value: &mut Value) -> Option<Self> {
        value.as_str().map(Name::from)
    }
}

impl Read for Uuid {
    fn read(value: &mut Value) -> Option<Self> {
        let mut bytes = [0; 16];
        hex(value, &mut bytes, true)?;
        Some(Uuid::from_bytes(bytes))
    }
}

impl Read for TraceId {
    fn read(value: &mut Value) -> Option<Self> {
        let mut id = TraceId::default();
        hex(value, &mut id.0, false)?;
        Some(id)
    }
}

impl Read for SpanId {
    fn read(value: &mut Value) -> Option<Self> {
        let mut id = SpanId::default();
        hex(value, &mut id.0, false)?;
        Some(id)
    }
}

/// Bytes as hex digits, with a UUID's hyphens or without any.
#[inline(never)]
fn hex(value: &Value, bytes: &mut [u8], hyphens: bool) -> Option<()> {
    let mut text = value.as_str()?.bytes();
    for (i, byte) in bytes.iter_mut().enumerate() {
        if hyphens && matches!(i, 4 | 6 | 8 | 10) && text.next()? != b'-' {
            return None;
        }
        for _ in 0..2 {
            let digit = match text.next()? {
                digit @ b'0'..=b'9' => digit - b'0',
                letter @ b'a'..=b'f' => letter - b'a' + 10,
                _ => return None,
            };
            *byte = *byte << 4 | digit;
        }
    }
    text.next().is_none().then_some(())
}

impl<T: Read> Read for Option<T> {
    fn read(value: &mut Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::read(value).map(Some) }
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Box<T> {
    fn read(value: &mut Value) -> Option<Self> {
        T::read(value).map(Box::new)
    }
}

impl<T: Read> Read for Arc<T> {
    fn read(value: &mut Value) -> Option<Self> {
        T::read(value).map(Arc::new)
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: &mut Value) -> Option<Self> {
        let items = value.as_array_mut()?;
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            all.push(T::read(item)?);
        }
        Some(all)
    }
}

impl<T: Read + Copy + Default, const N: usize> Read for [T; N] {
    fn read(value: &mut Value) -> Option<Self> {
        let items = value.as_array_mut().filter(|items| items.len() == N)?;
        let mut all = [T::default(); N];
        for (to, item) in all.iter_mut().zip(items) {
            *to = T::read(item)?;
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests;
