use super::*;
use crate::{Condition, Prediction};
use protocol::{Command, Envelope, Fault, FaultSpec, Observation, Recorded, RowChange};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// A record in the making, as it would be written.
struct Record {
    tally: Tally,
    order: i64,
}

fn command(order: i64) -> Uuid {
    Uuid::from_u128(order.cast_unsigned().into())
}

impl Record {
    fn new() -> Self {
        Record::of("saga-choreography")
    }

    fn of(topology: &str) -> Self {
        let mut record = Record { tally: Tally::since(1), order: 101 };
        record.see(
            "terrarium",
            Observation::SandboxStarted {
                format: 1,
                topology: Box::new(protocol::topology(topology).expect("exists")),
                seed: 7,
                limits: protocol::Limits { commands_per_second: 1, command_burst: 1, record_bytes: 1, faults: 1 },
            },
        );
        record
    }

    fn see(&mut self, service: &str, observation: Observation) -> &mut Self {
        let position = self.tally.position + 1;
        self.tally.see(&Recorded {
            correlation_id: Some(command(self.order)),
            ..Recorded::bare(position, position, service, observation)
        });
        self
    }

    fn asks(&mut self, kind: &str) -> &mut Self {
        let command = Command { id: command(self.order), kind: kind.into(), data: Value::Null };
        self.see("learner", Observation::CommandAccepted { command })
    }

    fn commits(&mut self, service: &str) -> &mut Self {
        let row = RowChange { table: "t".into(), key: "1".into(), before: None, after: Some(Value::Null) };
        self.see(service, Observation::TransactionCommitted { transaction_id: 1, rows: vec![row], batch_size: 1 })
    }

    fn becomes(&mut self, entity: &str, from: Option<&str>, to: &str) -> &mut Self {
        let (entity, from, to, id) = (entity.into(), from.map(Name::from), to.into(), self.order);
        self.see("any", Observation::StateChanged { entity, id, from, to })
    }

    fn publishes(&mut self, service: &str, kind: &str) -> &mut Self {
        let envelope = Envelope {
            specversion: "1.0".into(),
            id: Uuid::nil(),
            source: service.into(),
            kind: kind.into(),
            subject: "order/101".into(),
            time: String::new(),
            traceparent: String::new(),
            correlationid: command(self.order),
            causationid: Uuid::nil(),
            commandordinal: 1,
            fencingtoken: None,
            data: Value::Null,
        };
        self.see(service, Observation::MessagePublished { topic: service.into(), envelope: Arc::new(envelope) })
    }

    fn delivers(&mut self, group: &str, again: bool) -> &mut Self {
        let source_position = self.tally.position;
        let (topic, group, message_id) = (Name::from("orders"), group.into(), Uuid::nil());
        self.see(
            "broker",
            if again {
                Observation::MessageRedelivered { topic, group, message_id, source_position, attempt: 2 }
            } else {
                Observation::MessageDelivered { topic, group, message_id, source_position, attempt: 1 }
            },
        )
    }

    fn installs(&mut self, json: Value) -> &mut Self {
        let spec: FaultSpec = FaultSpec::deserialize(json).expect("a fault");
        self.see(
            "terrarium",
            Observation::FaultInstalled { fault: Box::new(Fault { id: "f".into(), spec, installed_at: 0 }) },
        )
    }

    fn order(&mut self, id: i64, end: &str) -> &mut Self {
        self.order = id;
        self.asks("PlaceOrder").becomes("order", None, "PENDING").becomes("order", Some("PENDING"), end)
    }

    fn holds(&self, condition: &str) -> bool {
        self.at(condition, &Present::default())
    }

    fn at(&self, condition: &str, present: &Present) -> bool {
        let condition: Condition = read(&format!("is = {condition}"));
        condition.holds(&self.tally, present)
    }

    fn truth(&self, truth: &str, options: &[&str]) -> Answer {
        let options = options.iter().map(|id| crate::Choice { id: (*id).into(), text: String::new() }).collect();
        let truth: crate::Truth = read(&format!("is = {truth}"));
        let (ask, ask_html) = (String::new(), String::new());
        let prediction = Prediction { kind: truth.kind(), ask, ask_html, options, unit: None, truth };
        prediction.truth(&self.tally, &Present::default()).expect("a truth")
    }
}

fn read<T: serde::de::DeserializeOwned>(toml: &str) -> T {
    #[derive(serde::Deserialize)]
    struct One<T> {
        is: T,
    }
    toml::from_str::<One<T>>(toml).unwrap_or_else(|error| panic!("{error}")).is
}

fn names(names: &[&str]) -> Answer {
    Answer::Names(names.iter().map(|name| Name::from(*name)).collect())
}

#[test]
fn nothing_has_happened_at_first_and_every_promise_holds() {
    let record = Record::new();
    for condition in [
        "{ order-placed = {} }",
        r#"{ order-ended = { status = "CONFIRMED" } }"#,
        r#"{ orders-waited = { service = "payments" } }"#,
        "{ charged = {} }",
        "{ refunded = {} }",
        "{ stock-released = {} }",
        r#"{ event-published = { type = "OrderCreated" } }"#,
        r#"{ invariant-broken = { name = "stock-conserved" } }"#,
        "{ parked = {} }",
        "{ lease-taken-over = {} }",
        r#"{ matrix-green = { topology = "saga-choreography" } }"#,
        r#""at-rest""#,
    ] {
        assert!(!record.holds(condition), "{condition}");
    }
    assert!(record.holds(r#"{ invariant-holds = {} }"#) && record.holds(r#""healed""#));
    assert!(record.holds(r#"{ not = { charged = {} } }"#));
}

#[test]
fn what_was_before_the_scene_began_does_not_count() {
    let mut record = Record::new();
    record.tally.began = 4;
    record.order(101, "CANCELLED");
    assert!(!record.holds("{ order-placed = {} }"));
    record.order(102, "CANCELLED");
    assert!(record.holds(r#"{ order-ended = { status = "CANCELLED" } }"#));
    assert!(!record.holds(r#"{ order-ended = { status = "CANCELLED", count = 2 } }"#));
}

#[test]
fn orders_that_wait_for_a_service_are_counted_at_their_most() {
    let mut record = Record::new();
    record.see("payments", Observation::ServiceCrashed { reason: "crashed".into() });
    for order in [101, 102] {
        record.order = order;
        record.becomes("order", None, "PENDING");
    }
    let present = Present { at_rest: true, ..Present::default() };
    assert!(record.at("{ orders-stuck = { count = 2 } }", &present) && !record.holds("{ orders-stuck = {} }"));
    record.see(
        "payments",
        Observation::ServiceStarted { isolation: protocol::Isolation::Task, address: String::new(), pid: None },
    );
    record.becomes("order", Some("PENDING"), "CONFIRMED");
    assert!(record.holds(r#"{ orders-waited = { service = "payments", count = 2 } }"#));
    assert!(!record.holds(r#"{ orders-waited = { service = "payments", count = 3 } }"#));
    assert!(!record.holds(r#"{ orders-waited = { service = "inventory" } }"#));
    assert!(record.holds(r#"{ all = [{ service-crashed = { service = "payments" } }, { service-recovered = { service = "payments" } }] }"#));
}

#[test]
fn nobody_waits_for_a_service_of_which_a_replica_is_up() {
    let started =
        || Observation::ServiceStarted { isolation: protocol::Isolation::Task, address: String::new(), pid: None };
    let mut record = Record::new();
    record.see("payments", started());
    let position = record.tally.position + 1;
    record.tally.see(&Recorded { replica: 1, ..Recorded::bare(position, position, "payments", started()) });
    record.see("payments", Observation::ServiceCrashed { reason: "crashed".into() });
    record.becomes("order", None, "PENDING");
    assert!(!record.holds(r#"{ orders-waited = { service = "payments" } }"#));
    let (position, crashed) = (record.tally.position + 1, Observation::ServiceCrashed { reason: "crashed".into() });
    record.tally.see(&Recorded { replica: 1, ..Recorded::bare(position, position, "payments", crashed) });
    assert!(record.holds(r#"{ orders-waited = { service = "payments" } }"#));
}

#[test]
fn a_second_charge_is_seen() {
    let mut record = Record::new();
    let present = Present { at_rest: true, ..Present::default() };
    record.order(101, "CONFIRMED").becomes("payment", None, "CAPTURED");
    assert!(record.at("{ no-order-charged-twice = { orders = 1 } }", &present));
    assert!(!record.holds("{ no-order-charged-twice = { orders = 1 } }"), "something may still be under way");
    let under = r#"{ no-order-charged-twice = { orders = 1, under = "duplicate" } }"#;
    assert!(!record.at(under, &present));
    record.installs(json!({"kind": "duplicate", "target": "payments"}));
    record.see("broker", Observation::FaultTriggered { fault_id: "f".into(), on: "order/101".into() });
    assert!(record.at(under, &present) && record.holds(r#"{ fault-struck = { kind = "duplicate" } }"#));
    record.becomes("payment", None, "CAPTURED");
    assert!(!record.at(under, &present) && record.holds("{ charged = { times = 2 } }"));
    assert_eq!(record.truth(r#""count-of-charges""#, &[]), Answer::Number(2));
}

#[test]
fn what_stands_is_told_from_what_happened() {
    let mut record = Record::new();
    record.see("terrarium", Observation::SwitchSet { name: "inbox".into(), enabled: false });
    record.see("terrarium", Observation::SwitchSet { name: "inbox".into(), enabled: true });
    assert!(record.holds(r#"{ switched = { name = "inbox", on = false } }"#));
    assert!(!record.holds(r#"{ switch = { name = "inbox", on = false } }"#));
    assert!(record.holds(r#"{ switch = { name = "outbox", on = true } }"#), "as the topology says");

    record.installs(json!({"kind": "drop", "target": "topic:orders"}));
    assert!(record.holds(r#"{ fault-installed = { kind = "drop", target = "topic:orders" } }"#));
    assert!(!record.holds(r#"{ fault-installed = { kind = "drop", target = "payments" } }"#));
    assert!(!record.holds(r#""healed""#));
    record.see("terrarium", Observation::FaultCleared { fault_id: "f".into(), reason: "cleared".into() });
    assert!(record.holds(r#""healed""#) && record.holds(r#"{ fault-installed = { kind = "drop" } }"#));

    let name = Name::from("money-conserved");
    record.see("terrarium", Observation::InvariantBroken { name: name.clone(), since: 1, reason: String::new() });
    assert!(!record.holds("{ invariant-holds = {} }"));
    record.see("terrarium", Observation::InvariantRestored { name, since: 2 });
    assert!(record.holds(r#"{ all = [{ invariant-broken = { name = "money-conserved" } }, { invariant-holds = { name = "money-conserved" } }] }"#));
}

#[test]
fn who_acts_again_after_a_failure_is_who_acted_before() {
    let mut record = Record::new();
    record.asks("PlaceOrder").commits("orders").publishes("orders", "OrderCreated");
    record.commits("inventory").publishes("inventory", "StockReserved");
    record.commits("payments").publishes("payments", "PaymentFailed").delivers("orders", false);
    record.commits("inventory").commits("orders").publishes("orders", "OrderCancelled").commits("notifications");
    let all = ["orders", "inventory", "payments", "notifications"];
    let after = record.truth(r#"{ committed-after = { type = "PaymentFailed" } }"#, &all);
    assert_eq!(after, names(&["orders", "inventory", "notifications"]));
    let again = record.truth(r#"{ committed-again-after = { type = "PaymentFailed" } }"#, &all);
    assert_eq!(again, names(&["orders", "inventory"]));
    assert_eq!(record.truth(r#"{ delivered-to = { type = "PaymentFailed" } }"#, &all), names(&["orders"]));
    assert_eq!(record.truth(r#""published""#, &all), names(&["orders", "inventory", "payments"]));
    let order = record.truth(r#""order-of-events""#, &["PaymentFailed", "OrderConfirmed", "OrderCreated"]);
    assert_eq!(order, names(&["OrderCreated", "PaymentFailed"]));
    assert_eq!(record.truth(r#""order-of-commits""#, &["inventory", "orders"]), names(&["orders", "inventory"]));
    assert_eq!(record.truth(r#"{ count-of-transactions = { service = "orders" } }"#, &[]), Answer::Number(2));
    record.publishes("orders", "OrderCancelled").delivers("notifications", true);
    assert!(record.holds(r#"{ redelivered = { group = "notifications" } }"#));
}

#[test]
fn a_load_that_reads_is_measured_by_who_answers_and_a_second_shared_by_two_counts_for_none() {
    let mut record = Record::new();
    let window = |to: &str, method: &str, p99_us| Observation::Window {
        edge: format!("terrarium->{to}").into(),
        method: method.into(),
        rate: 4,
        count: 4,
        errors: 0,
        p50_us: 1,
        p99_us,
        lag_us: 0,
        stale: 0,
    };
    for (reader, writers_p99_us) in [("feed", 1), ("feed", 90), ("feed", 90), ("timeline", 9_000), ("timeline", 20)] {
        record.see("terrarium", window(reader, "GET", 5)).see("terrarium", window("feed", "POST", writers_p99_us));
    }
    let measured = |record: &Record, reader: &str, seconds: u64| {
        record.holds(&format!(r#"{{ load-measured = {{ reader = "{reader}", seconds = {seconds} }} }}"#))
    };
    assert!(measured(&record, "feed", 2) && !measured(&record, "feed", 3));
    assert!(measured(&record, "timeline", 1) && !measured(&record, "timeline", 2));
    assert!(record.holds(r#"{ writers-waited-longer = { reader = "feed", than = "timeline" } }"#));
    assert!(!record.holds(r#"{ writers-waited-longer = { reader = "timeline", than = "feed" } }"#));
}

#[test]
fn reads_count_for_who_answered_them_and_commands_are_none() {
    let mut record = Record::new();
    let answered = |status| Observation::ResponseReceived {
        from: "timeline".into(),
        protocol: "http".into(),
        status,
        duration_us: 1,
    };
    record.asks("PlaceOrder").see("terrarium", answered(200));
    let (read, refused) =
        (r#"{ read-answered = { service = "timeline" } }"#, r#"{ read-refused = { service = "timeline" } }"#);
    assert!(!record.holds(read), "it is the answer to a command");
    let see = |record: &mut Record, status| {
        let position = record.tally.position + 1;
        record.tally.see(&Recorded::bare(position, position, "terrarium", answered(status)));
    };
    see(&mut record, 503);
    assert!(record.holds(refused) && !record.holds(read));
    see(&mut record, 200);
    assert!(record.holds(read));
    record.see("timeline", Observation::ServiceScaled { replicas: 3 });
    assert!(record.holds(r#"{ scaled = { service = "timeline", replicas = 3 } }"#));
    assert!(!record.holds(r#"{ scaled = { service = "timeline", replicas = 4 } }"#));
}

#[test]
fn orchestrated_sagas_have_conditions_of_their_own() {
    let mut record = Record::new();
    let lease = |holder| Observation::LeaseAcquired { name: "sagas".into(), holder, token: 1, until: 1 };
    record.see("saga-orchestrator", lease(0)).see("saga-orchestrator", lease(0));
    assert!(!record.holds("{ lease-taken-over = {} }"));
    record.see("saga-orchestrator", lease(1));
    assert!(record.holds("{ lease-taken-over = {} }"));
    assert_eq!(record.truth(r#""count-of-leaders""#, &[]), Answer::Number(2));
    for step in ["reserve-stock", "charge-card"] {
        record.see("saga-orchestrator", Observation::SagaStepStarted { id: 101, step: step.into(), attempt: 1 });
    }
    for step in ["charge-card", "reserve-stock"] {
        record.see("saga-orchestrator", Observation::SagaStepCompensated { id: 101, step: step.into() });
    }
    let steps = ["reserve-stock", "charge-card"];
    assert_eq!(record.truth(r#""order-of-steps""#, &steps), names(&steps));
    assert_eq!(record.truth(r#""order-of-compensations""#, &steps), names(&["charge-card", "reserve-stock"]));
    let parked = Observation::SagaParked { id: 101, step: "charge-card".into(), attempt: 5, reason: "no".into() };
    record.see("saga-orchestrator", parked).becomes("saga", Some("PARKED"), "COMPENSATING");
    assert!(record.holds("{ all = [{ parked = {} }, { resumed = {} }] }"));
    assert!(record.holds(r#"{ saga-state = { state = "COMPENSATING" } }"#));
    assert!(record.holds(r#"{ step-compensated = { step = "charge-card" } }"#));
    assert_eq!(record.tally.last_parked(), Some(101));
}

#[test]
fn shipped_and_cancelled_is_seen_whichever_came_first() {
    let mut record = Record::new();
    record.order(101, "CANCELLED");
    assert!(!record.holds("{ shipped-and-cancelled = {} }"));
    record.becomes("shipment", None, "SHIPPED");
    assert!(record.holds("{ all = [{ shipped-and-cancelled = {} }, { order-shipped = {} }] }"));
}

#[test]
fn what_had_to_be_touched_is_found_by_comparing_what_runs_with_what_ran() {
    let options = ["orders", "inventory", "payments", "saga-orchestrator"];
    for (style, changed) in
        [("saga-choreography", &["inventory", "payments"][..]), ("saga-orchestration", &["saga-orchestrator"])]
    {
        let (before, after) = (Record::of(style), Record::of(&format!("{style}-gift")));
        let truth = format!("{{ touched-since = {{ topology = \"{style}\" }} }}");
        let names = changed.iter().map(|name| Name::from(*name)).collect();
        assert_eq!(after.truth(&truth, &options), Answer::Names(names));
        assert_eq!(before.truth(&truth, &options), Answer::Names(vec![]));
    }
}

#[test]
fn a_refused_command_is_known_by_its_type() {
    let mut record = Record::new();
    record.asks("ShipOrder");
    let command_id = command(record.order);
    record.see("orders", Observation::CommandRejected { command_id, status: 422, reason: "PENDING".into() });
    assert!(record.holds(r#"{ command-refused = { type = "ShipOrder" } }"#));
    assert!(!record.holds(r#"{ command-refused = { type = "PlaceOrder" } }"#));
}

#[test]
fn tables_and_matrices_are_looked_up() {
    let record = Record::new();
    let row = |status: &str, quantity: i64| {
        BTreeMap::from([("status".into(), json!(status)), ("quantity".into(), json!(quantity))])
    };
    let tables = BTreeMap::from([(
        ("inventory".into(), "reservations".into()),
        vec![row("HELD", 2), row("SOLD", 3), row("HELD", 4)],
    )]);
    let matrices = [MatrixSeen {
        topology: "saga-choreography".into(),
        switches: BTreeMap::from([("outbox".into(), true)]),
        green: true,
        was_red: false,
    }];
    let present = Present { at_rest: true, tables: Some(&tables), matrices: &matrices };
    let held = |count| {
        format!(
            r#"{{ rows = {{ service = "inventory", table = "reservations", where = {{ status = "HELD" }}, count = {count} }} }}"#
        )
    };
    assert!(record.at(&held(2), &present) && !record.at(&held(3), &present));
    assert!(
        record.at(r#"{ matrix-green = { topology = "saga-choreography", switches = { outbox = true } } }"#, &present)
    );
    assert!(
        !record.at(r#"{ matrix-green = { topology = "saga-choreography", switches = { inbox = true } } }"#, &present)
    );
    assert!(!record.at(r#"{ matrix-green = { topology = "saga-orchestration" } }"#, &present));
    assert!(!record.at(r#"{ matrix-red = { topology = "saga-choreography" } }"#, &present));
    let closed = [MatrixSeen { was_red: true, ..matrices[0].clone() }];
    let present = Present { matrices: &closed, ..present };
    assert!(record.at(r#"{ matrix-red = { topology = "saga-choreography" } }"#, &present));
    assert!(record.at(r#"{ matrix-green = { topology = "saga-choreography" } }"#, &present));
}
