use super::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::fmt::Debug;

const RECORD: &str = include_str!("../views/fixtures/orders.ndjson");

fn record() -> Vec<Recorded> {
    RECORD.lines().map(|line| serde_json::from_str(line).expect("a line of a record")).collect()
}

/// The names of all observations; one that is missing here does not compile.
macro_rules! all {
    ($($variant:ident)*) => {{
        let _: fn(Observation) = |observation| match observation { $(Observation::$variant { .. } => {})* };
        [$(stringify!($variant)),*]
    }};
}

fn one_of_each() -> Vec<Observation> {
    let kinds = all! {
        SandboxStarted SandboxHibernated SandboxWoken CommandAccepted CommandRejected RequestSent RequestReceived
        ResponseSent ResponseReceived MessagePublished MessageDelivered MessageRedelivered MessageAcked
        MessageRejected MessageDeadLettered TransactionCommitted TransactionRolledBack StateChanged ServiceStarted
        ServicePaused ServiceResumed ServiceScaled SagaStepStarted SagaStepCompleted SagaStepCompensated SagaParked
        LeaseAcquired LeaseLost SwitchSet ServiceStopped ServiceCrashed FaultInstalled FaultTriggered FaultCleared LoadStarted LoadStopped
        Window AccountLoaded CopiesChanged InvariantBroken InvariantRestored
    };
    let id = "6f2c9a1e-0000-4000-8000-00000000000b";
    let mut fields = json!({
        "address": "127.0.0.1:1", "attempt": 2, "batch_size": 3,
        "command": {"id": id, "type": "PlaceOrder", "data": {"item_id": 42}},
        "command_id": id, "command_type": "PlaceOrder", "duration_us": u64::MAX, "entity": "order",
        "envelope": {
            "specversion": "1.0", "id": id, "source": "orders", "type": "OrderCreated", "subject": "order/101",
            "time": "2026-11-22T18:00:00Z", "traceparent": "00-4b-00-01", "correlationid": id, "causationid": id,
            "commandordinal": 4, "fencingtoken": 3, "data": {"a": [1.5, null, true, "é\n\u{1f331}"]},
        },
        "fault": {
            "id": "a", "kind": "decline-payments", "target": "payments", "strength": 50, "seed": 3, "after_ms": 1,
            "ttl_ms": 5, "params": {"every": 2, "ms": 5, "step": "reserve-stock", "when": "after"}, "installed_at": 7,
        },
        "fault_id": "a", "format": 1, "from": "PENDING", "group": "orders", "id": i64::MIN, "isolation": "process",
        "limits": {"commands_per_second": 1, "command_burst": 2, "record_bytes": 3, "faults": u32::MAX},
        "message_id": id, "method": "POST", "nacks": 1, "name": "stock", "on": "order/101", "path": "/commands",
        "pid": 77, "protocol": "http", "rate": 50, "reason": "because", "seed": 9, "sent": 8, "since": 6,
        "rows": [
            {"table": "stock", "key": "42", "before": null, "after": {"on_hand": -1, "price": 29.5}},
            {"table": "stock", "key": "43", "before": {"on_hand": 1}, "after": null},
        ],
        "source_position": 5, "status": 503, "to": "CONFIRMED", "topic": "orders",
        "topology": protocol::topologies().remove(0), "transaction_id": 12,
    });
    for (name, value) in [
        ("balance_minor", json!(-1)),
        ("bytes", json!(4096)),
        ("data", json!({"checked": {"wrong": [1, null]}})),
        ("enabled", json!(false)),
        ("from_version", json!(8)),
        ("holder", json!(1)),
        ("replicas", json!(2)),
        ("snapshot_every", json!(4)),
        ("step", json!("reserve-stock")),
        ("token", json!(3)),
        ("version", json!(9)),
        ("until", json!(5000)),
        ("edge", json!("terrarium->timeline")),
        ("count", json!(49)),
        ("errors", json!(1)),
        ("p50_us", json!(2)),
        ("p99_us", json!(3)),
        ("lag_us", json!(4)),
        ("stale", json!(5)),
        ("undone", json!([{"table": "stock", "key": "43", "before": {"on_hand": 1}, "after": null}])),
    ] {
        fields[name] = value;
    }
    let of_kind = |kind: &&str| {
        let mut fields = fields.clone();
        fields["kind"] = (*kind).into();
        serde_json::from_value(fields).expect("an observation")
    };
    kinds.iter().map(of_kind).collect()
}

/// A picture with everything in it.
fn state() -> DiagramState {
    let mut state = DiagramState::new(&protocol::topologies()[0]);
    let record = record();
    for event in &record[..record.len() * 2 / 3] {
        state.evolve(event);
    }
    for observation in one_of_each() {
        if !matches!(observation, Observation::SandboxStarted { .. } | Observation::FaultCleared { .. }) {
            state.evolve(&Recorded { observation, ..record[9].clone() });
        }
    }
    state.broken.push(Broken { name: "stock".into(), since: 5, detail: "gone".into(), at: 6 });
    state.mended.push(Mended { name: "money".into(), since: 5, until: 7, lasted: 8, times: 2 });
    state.load = Some(Load { command_type: "PlaceOrder".into(), rate: 50, sent: 7 });
    state.commands_waiting.push(Uuid::from_u128(5));
    state
}

/// Calls with each text that one change makes: a value of another type, or a field less.
fn altered(value: &Value, check: &mut dyn FnMut(&Value)) {
    fn at(path: &mut Vec<String>, value: &Value, whole: &Value, check: &mut dyn FnMut(&Value)) {
        let pointer: String = path.iter().map(|step| format!("/{step}")).collect();
        let others = json!([
            null,
            true,
            0,
            -1,
            1.5,
            1e300,
            70_000,
            5_000_000_000_u64,
            u64::MAX,
            i64::MIN,
            "",
            "x",
            "up",
            [[]],
            {}
        ]);
        for other in others.as_array().into_iter().flatten() {
            let mut altered = whole.clone();
            *altered.pointer_mut(&pointer).expect("there") = other.clone();
            check(&altered);
        }
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let mut altered = whole.clone();
                    altered.pointer_mut(&pointer).and_then(Value::as_object_mut).expect("there").remove(name);
                    check(&altered);
                    path.push(name.clone());
                    at(path, field, whole, check);
                    path.pop();
                }
            }
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate().take(2) {
                    path.push(i.to_string());
                    at(path, item, whole, check);
                    path.pop();
                }
            }
            _ => {}
        }
    }
    at(&mut vec![], value, value, check);
}

/// A value, what is not quite that value, and parts of its text.
fn reads_like_serde_json<T: Read + Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).expect("writes");
    assert_eq!(read::<T>(&text).as_ref(), Some(value), "{text}");
    for (end, _) in text.char_indices().step_by(text.len() / 500 + 1) {
        assert_eq!(read::<T>(&text[..end]), None, "{}", &text[..end]);
    }
    altered(&serde_json::from_str(&text).expect("reads"), &mut |altered| {
        let expected = T::deserialize(altered).ok();
        assert_eq!(take::<T>(&mut altered.clone()), expected, "{altered}");
    });
}

#[test]
fn every_observation_reads_like_serde_json() {
    let first = record().remove(0);
    for observation in one_of_each() {
        reads_like_serde_json(&observation);
        let id = Uuid::from_u128(u128::MAX / 3);
        let code = CodeLine { file: "reactions.rs".into(), line: 31 };
        let recorded = Recorded {
            parent_span_id: Some(first.span_id),
            code: Some(code),
            correlation_id: Some(id),
            observation,
            ..first.clone()
        };
        let text = serde_json::to_string(&recorded).expect("writes");
        assert_eq!(read(&text), Some(recorded), "{text}");
    }
}

#[test]
fn a_record_reads_like_serde_json() {
    for (line, event) in RECORD.lines().zip(record()) {
        assert_eq!(read(line), Some(event));
    }
    reads_like_serde_json(&record()[20]);
}

#[test]
fn a_picture_reads_like_serde_json() {
    reads_like_serde_json(&DiagramState::default());
    let state = state();
    assert!(state.run.is_some() && !state.faults.is_empty() && !state.commands_waiting.is_empty());
    assert!(state.nodes.iter().any(|node| !node.tables.is_empty()));
    assert!(state.pipes.iter().flat_map(|pipe| &pipe.lanes).any(|lane| !lane.waiting.tokens.is_empty()));
    assert!(!state.sagas.latest.is_empty());
    reads_like_serde_json(&state);
}

#[test]
fn strata_read_like_serde_json() {
    let (mut strata, mut state) = (Strata::default(), DiagramState::default());
    for event in record() {
        strata.evolve(&state, &event);
        state.evolve(&event);
    }
    assert!(strata.layers.len() > 2);
    reads_like_serde_json(&strata);
}

#[test]
fn an_id_is_exactly_its_digits() {
    let id = "6f2c9a1e-0000-4000-8000-00000000000b";
    assert_eq!(take::<Uuid>(&mut id.into()), Uuid::parse_str(id).ok());
    for text in [&id[1..], &format!("{id}0"), "6f2c9a1e-0000-4000-80000-0000000000b", &id.replace('-', ""), "é"] {
        assert_eq!(take::<Uuid>(&mut text.into()), None, "{text}");
    }
    assert_eq!(take::<SpanId>(&mut "00f067aa0ba902b7".into()).map(|id| id.0[7]), Some(0xb7));
    assert_eq!(take::<SpanId>(&mut "00F067AA0BA902B7".into()), None);
    assert_eq!(take::<SpanId>(&mut "00f067aa-0ba902b7".into()), None);
}

#[test]
fn what_is_quoted_reads_back() {
    let text: String = (0..0x100).filter_map(char::from_u32).chain(['\u{2028}', '\u{1f331}']).collect();
    let mut quoted = String::new();
    crate::views::markup::quote(&mut quoted, &text);
    assert_eq!(serde_json::from_str::<String>(&quoted).ok(), Some(text));
}
