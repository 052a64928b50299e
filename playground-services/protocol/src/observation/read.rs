//! Reading an [`Observation`] back.
//!
//! The derived code for a tagged enum first buffers the whole value, then reads each variant
//! from the buffer: a second set of code for every type within, which the browser would have to
//! load, and a copy of every payload. The fields of all variants have one type per name, so they
//! are read flat, once, and the `kind` says which are needed.

use super::Value;
use super::{Isolation, Limits, Observation, RowChange};
use crate::{Command, Envelope, Fault, Name, Position, Topology, Uuid};
use serde::{Deserialize, Deserializer, de};
use std::sync::Arc;

#[derive(Deserialize)]
struct Flat {
    kind: Name,
    address: Option<String>,
    attempt: Option<u32>,
    balance_minor: Option<i64>,
    batch_size: Option<u32>,
    bytes: Option<u64>,
    command: Option<Command>,
    command_id: Option<Uuid>,
    command_type: Option<Name>,
    count: Option<u64>,
    data: Option<Value>,
    duration_us: Option<u64>,
    edge: Option<Name>,
    enabled: Option<bool>,
    entity: Option<Name>,
    envelope: Option<Arc<Envelope>>,
    errors: Option<u64>,
    fault: Option<Box<Fault>>,
    fault_id: Option<Name>,
    format: Option<u32>,
    from: Option<Name>,
    from_version: Option<u64>,
    group: Option<Name>,
    holder: Option<u32>,
    id: Option<i64>,
    isolation: Option<Isolation>,
    lag_us: Option<u64>,
    limits: Option<Limits>,
    message_id: Option<Uuid>,
    method: Option<Name>,
    nacks: Option<u32>,
    name: Option<Name>,
    on: Option<String>,
    p50_us: Option<u64>,
    p99_us: Option<u64>,
    path: Option<Name>,
    pid: Option<u32>,
    protocol: Option<Name>,
    rate: Option<u32>,
    reason: Option<String>,
    replicas: Option<u32>,
    rows: Option<Vec<RowChange>>,
    seed: Option<u64>,
    sent: Option<u64>,
    since: Option<Position>,
    snapshot_every: Option<u64>,
    source_position: Option<Position>,
    stale: Option<u64>,
    status: Option<u16>,
    step: Option<Name>,
    to: Option<Name>,
    token: Option<u64>,
    topic: Option<Name>,
    topology: Option<Box<Topology>>,
    transaction_id: Option<u64>,
    #[serde(default)]
    undone: Vec<RowChange>,
    until: Option<u64>,
    version: Option<u64>,
}

/// A variant of the fields named; one that is missing is an error.
macro_rules! needs {
    ($flat:ident, $variant:ident { $($field:ident),* }) => {
        Observation::$variant { $($field: $flat.$field.ok_or_else(|| de::Error::missing_field(stringify!($field)))?),* }
    };
    ($flat:ident, $variant:ident { $($field:ident),* }, optional $optional:ident) => {
        Observation::$variant {
            $($field: $flat.$field.ok_or_else(|| de::Error::missing_field(stringify!($field)))?,)*
            $optional: $flat.$optional,
        }
    };
}

impl<'de> Deserialize<'de> for Observation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let flat = Flat::deserialize(deserializer)?;
        Ok(match &*flat.kind {
            "SandboxStarted" => needs!(flat, SandboxStarted { format, topology, seed, limits }),
            "SandboxHibernated" => Observation::SandboxHibernated,
            "SandboxWoken" => Observation::SandboxWoken,
            "CommandAccepted" => needs!(flat, CommandAccepted { command }),
            "CommandRejected" => needs!(flat, CommandRejected { command_id, status, reason }),
            "RequestSent" => needs!(flat, RequestSent { to, protocol, method, path }),
            "RequestReceived" => needs!(flat, RequestReceived { from, protocol, method, path }),
            "ResponseSent" => needs!(flat, ResponseSent { to, protocol, status, duration_us }),
            "ResponseReceived" => needs!(flat, ResponseReceived { from, protocol, status, duration_us }),
            "MessagePublished" => needs!(flat, MessagePublished { topic, envelope }),
            "MessageDelivered" => {
                needs!(flat, MessageDelivered { topic, group, message_id, source_position, attempt })
            }
            "MessageRedelivered" => {
                needs!(flat, MessageRedelivered { topic, group, message_id, source_position, attempt })
            }
            "MessageAcked" => needs!(flat, MessageAcked { topic, group, message_id, source_position, attempt }),
            "MessageRejected" => {
                needs!(flat, MessageRejected { topic, group, message_id, source_position, attempt, nacks, reason })
            }
            "MessageDeadLettered" => {
                needs!(flat, MessageDeadLettered { topic, group, message_id, source_position, attempt, reason })
            }
            "TransactionCommitted" => needs!(flat, TransactionCommitted { transaction_id, rows, batch_size }),
            "TransactionRolledBack" => {
                let reason = flat.reason.ok_or_else(|| de::Error::missing_field("reason"))?;
                Observation::TransactionRolledBack { reason, undone: flat.undone }
            }
            "StateChanged" => needs!(flat, StateChanged { entity, id, to }, optional from),
            "ServiceStarted" => needs!(flat, ServiceStarted { isolation, address }, optional pid),
            "ServiceStopped" => needs!(flat, ServiceStopped { reason }),
            "ServiceCrashed" => needs!(flat, ServiceCrashed { reason }),
            "ServicePaused" => needs!(flat, ServicePaused { reason }),
            "ServiceResumed" => needs!(flat, ServiceResumed { reason }),
            "ServiceScaled" => needs!(flat, ServiceScaled { replicas }),
            "SagaStepStarted" => needs!(flat, SagaStepStarted { id, step, attempt }),
            "SagaStepCompleted" => needs!(flat, SagaStepCompleted { id, step }),
            "SagaStepCompensated" => needs!(flat, SagaStepCompensated { id, step }),
            "SagaParked" => needs!(flat, SagaParked { id, step, attempt, reason }),
            "LeaseAcquired" => needs!(flat, LeaseAcquired { name, holder, token, until }),
            "LeaseLost" => needs!(flat, LeaseLost { name, holder, token, reason }),
            "SwitchSet" => needs!(flat, SwitchSet { name, enabled }),
            "FaultInstalled" => needs!(flat, FaultInstalled { fault }),
            "FaultTriggered" => needs!(flat, FaultTriggered { fault_id, on }),
            "FaultCleared" => needs!(flat, FaultCleared { fault_id, reason }),
            "LoadStarted" => needs!(flat, LoadStarted { command_type, rate }),
            "LoadStopped" => needs!(flat, LoadStopped { command_type, sent, reason }),
            "Window" => {
                needs!(flat, Window { edge, method, rate, count, errors, p50_us, p99_us, lag_us, stale })
            }
            "AccountLoaded" => needs!(
                flat,
                AccountLoaded { version, from_version, snapshot_every, count, bytes, duration_us, balance_minor }
            ),
            "CopiesChanged" => needs!(flat, CopiesChanged { reason }, optional data),
            "InvariantBroken" => needs!(flat, InvariantBroken { name, since, reason }),
            "InvariantRestored" => needs!(flat, InvariantRestored { name, since }),
            other => return Err(de::Error::custom(format_args!("there is no observation of the kind `{other}`"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FaultKind, FaultSpec, Params};
    use serde_json::json;

    fn one_of_each() -> Vec<Observation> {
        use Observation::*;
        let id = Uuid::from_u128(7);
        let name = || Name::from("n");
        let text = || String::from("t");
        let envelope: Envelope = serde_json::from_value(json!({
            "specversion": "1.0", "id": id, "source": "orders", "type": "OrderCreated", "subject": "order/101",
            "time": "2026-11-22T18:00:00Z", "traceparent": "", "correlationid": id, "causationid": id, "data": {"a": [1.5]},
        }))
        .expect("an envelope");
        let spec = FaultSpec {
            kind: FaultKind::DeclinePayments,
            target: name(),
            strength: 50,
            seed: 3,
            after_ms: 1,
            ttl_ms: None,
            params: Params { every: Some(2), ..Params::default() },
        };
        let row = RowChange { table: name(), key: text(), before: None, after: Some(json!({"id": 1})) };
        let limits = Limits { commands_per_second: 1, command_burst: 2, record_bytes: 3, faults: 4 };
        let command = Command { id, kind: "PlaceOrder".into(), data: json!({"item_id": 42}) };
        vec![
            SandboxStarted { format: 1, topology: Box::new(crate::topologies().remove(0)), seed: 9, limits },
            SandboxHibernated,
            SandboxWoken,
            CommandAccepted { command },
            CommandRejected { command_id: id, status: 409, reason: text() },
            RequestSent { to: name(), protocol: name(), method: name(), path: name() },
            RequestReceived { from: name(), protocol: name(), method: name(), path: name() },
            ResponseSent { to: name(), protocol: name(), status: 200, duration_us: 5 },
            ResponseReceived { from: name(), protocol: name(), status: 200, duration_us: 5 },
            MessagePublished { topic: name(), envelope: Arc::new(envelope) },
            MessageDelivered { topic: name(), group: name(), message_id: id, source_position: 1, attempt: 1 },
            MessageRedelivered { topic: name(), group: name(), message_id: id, source_position: 1, attempt: 2 },
            MessageAcked { topic: name(), group: name(), message_id: id, source_position: 1, attempt: 1 },
            MessageRejected {
                topic: name(),
                group: name(),
                message_id: id,
                source_position: 1,
                attempt: 1,
                nacks: 1,
                reason: text(),
            },
            MessageDeadLettered {
                topic: name(),
                group: name(),
                message_id: id,
                source_position: 1,
                attempt: 1,
                reason: text(),
            },
            TransactionCommitted { transaction_id: 1, rows: vec![row.clone()], batch_size: 1 },
            TransactionRolledBack { reason: text(), undone: vec![] },
            TransactionRolledBack { reason: text(), undone: vec![row] },
            StateChanged { entity: name(), id: -1, from: None, to: name() },
            StateChanged { entity: name(), id: 1, from: Some(name()), to: name() },
            ServiceStarted { isolation: Isolation::Process, address: text(), pid: Some(1) },
            ServiceStarted { isolation: Isolation::Task, address: text(), pid: None },
            ServiceStopped { reason: text() },
            ServiceCrashed { reason: text() },
            ServicePaused { reason: text() },
            ServiceResumed { reason: text() },
            ServiceScaled { replicas: 2 },
            SagaStepStarted { id: 101, step: name(), attempt: 1 },
            SagaStepCompleted { id: 101, step: name() },
            SagaStepCompensated { id: 101, step: name() },
            SagaParked { id: 101, step: name(), attempt: 5, reason: text() },
            LeaseAcquired { name: name(), holder: 1, token: 2, until: 3 },
            LeaseLost { name: name(), holder: 1, token: 2, reason: text() },
            SwitchSet { name: name(), enabled: false },
            FaultInstalled { fault: Box::new(Fault { id: name(), spec, installed_at: 4 }) },
            FaultTriggered { fault_id: name(), on: text() },
            FaultCleared { fault_id: name(), reason: text() },
            LoadStarted { command_type: name(), rate: 50 },
            LoadStopped { command_type: name(), sent: 7, reason: text() },
            Window {
                edge: name(),
                method: name(),
                rate: 50,
                count: 49,
                errors: 1,
                p50_us: 2,
                p99_us: 3,
                lag_us: 4,
                stale: 5,
            },
            AccountLoaded {
                version: 9,
                from_version: 8,
                snapshot_every: 4,
                count: 2,
                bytes: 4096,
                duration_us: 7,
                balance_minor: -1,
            },
            CopiesChanged { reason: text(), data: None },
            CopiesChanged { reason: text(), data: Some(json!({"checked": {"wrong": []}})) },
            InvariantBroken { name: name(), since: 4, reason: text() },
            InvariantRestored { name: name(), since: 5 },
        ]
    }

    #[test]
    fn every_kind_reads_back_as_it_was_written() {
        for observation in one_of_each() {
            let text = serde_json::to_string(&observation).expect("writes");
            assert_eq!(serde_json::from_str::<Observation>(&text).expect("reads"), observation, "{text}");
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        for (text, part) in [
            (r#"{"kind":"ServiceCrashed"}"#, "missing field `reason`"),
            (r#"{"kind":"Sneezed"}"#, "no observation of the kind `Sneezed`"),
            (r#"{"reason":"x"}"#, "missing field `kind`"),
        ] {
            let error = serde_json::from_str::<Observation>(text).expect_err("refused").to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
