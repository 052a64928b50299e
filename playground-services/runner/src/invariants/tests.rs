//! The checkers are tested too: each wrong record turns the right one red.

use super::*;
use protocol::{Name, Observation, RowChange, SpanId, Uuid, Value};
use serde_json::json;
use std::collections::BTreeMap;

struct Record(Checks, Position, BTreeMap<String, u64>);

impl Record {
    fn new() -> Self {
        let mut record = Record(Checks::default(), 0, BTreeMap::new());
        record.rows("inventory", "stock", "42", json!(null), json!({"item_id": 42, "on_hand": 100}));
        record
    }

    fn see(&mut self, service: &str, observation: Observation) -> &mut Self {
        self.see_of(None, service, observation)
    }

    /// As part of what the one command has caused.
    fn command(&mut self, service: &str, observation: Observation) -> &mut Self {
        self.see_of(Some(Uuid::from_u128(1)), service, observation)
    }

    fn see_of(&mut self, correlation_id: Option<Uuid>, service: &str, observation: Observation) -> &mut Self {
        self.1 += 1;
        let line = Recorded { correlation_id, ..self.line(service, observation) };
        self.0.evolve(&line);
        self
    }

    fn line(&self, service: &str, observation: Observation) -> Recorded {
        Recorded::bare(self.1, self.1, service, observation)
    }

    fn rows(&mut self, service: &str, table: &str, key: &str, before: Value, after: Value) -> &mut Self {
        let side = |value: Value| (!value.is_null()).then_some(value);
        let row = RowChange { table: table.into(), key: key.to_owned(), before: side(before), after: side(after) };
        let rows = vec![row];
        let number = self.2.entry(service.to_owned()).or_default();
        *number += 1;
        let transaction_id = *number;
        self.see(service, Observation::TransactionCommitted { transaction_id, rows, batch_size: 1 })
    }

    fn state(&mut self, entity: &str, from: Option<&str>, to: &str) -> &mut Self {
        let (entity, from, to) = (entity.into(), from.map(Name::from), to.into());
        self.see("any", Observation::StateChanged { entity, id: 101, from, to })
    }

    fn order(&mut self, status: &str) -> &mut Self {
        let row = json!({"id": 101, "amount_minor": 2999, "status": status});
        let before = if status == "PENDING" { json!(null) } else { json!({"id": 101}) };
        self.rows("orders", "orders", "101", before, row)
    }

    fn captured(&mut self) -> &mut Self {
        let row = json!({"order_id": 101, "amount_minor": 2999, "status": "CAPTURED"});
        self.rows("payments", "payments", "101", json!(null), row)
    }

    #[track_caller]
    fn broken(&self, expected: &[&str]) {
        let broken: Vec<&str> =
            self.0.report().iter().filter(|invariant| !invariant.holds).map(|invariant| &*invariant.name).collect();
        assert_eq!(broken, expected);
    }
}

#[test]
fn a_saga_that_goes_well_breaks_nothing_at_any_moment() {
    let mut record = Record::new();
    record.order("PENDING").state("order", None, "PENDING").broken(&[]);
    record
        .rows("inventory", "stock", "42", json!({"on_hand": 100}), json!({"on_hand": 99}))
        .broken(&["stock-conserved"]);
    record.rows("inventory", "reservations", "101", json!(null), json!({"quantity": 1, "status": "HELD"})).broken(&[]);
    record.state("reservation", None, "HELD");
    record.captured().state("payment", None, "CAPTURED").broken(&[]);
    record.order("CONFIRMED").state("order", Some("PENDING"), "CONFIRMED").broken(&[]);
    record.state("reservation", Some("HELD"), "SOLD").broken(&[]);
}

#[test]
fn a_leak_of_stock_shows_with_the_position_it_began() {
    let mut record = Record::new();
    record.rows("inventory", "stock", "42", json!({"on_hand": 100}), json!({"on_hand": 99}));
    record.broken(&["stock-conserved"]);
    assert_eq!(record.0.report()[0].since, 2);
}

#[test]
fn stock_below_zero_shows() {
    let mut record = Record::new();
    record.rows("inventory", "stock", "42", json!({"on_hand": 100}), json!({"on_hand": -1}));
    record.broken(&["stock-conserved", "stock-never-negative"]);
}

#[test]
fn a_second_charge_shows_before_and_after_the_order_is_settled() {
    let mut record = Record::new();
    record.order("PENDING").captured().captured();
    record.broken(&["charged-at-most-once"]);
    let mut record = Record::new();
    record.order("PENDING").captured().order("CONFIRMED").broken(&[]);
    record.captured().broken(&["charged-at-most-once", "money-conserved"]);
}

#[test]
fn a_cancelled_order_that_was_charged_shows() {
    let mut record = Record::new();
    record.order("PENDING").captured().order("CANCELLED");
    record.broken(&["money-conserved"]);
}

#[test]
fn an_order_that_ends_twice_shows() {
    let mut record = Record::new();
    record.state("order", None, "PENDING").state("order", Some("PENDING"), "CONFIRMED").broken(&[]);
    record.state("order", Some("CONFIRMED"), "CANCELLED").broken(&["legal-transitions", "one-end-per-saga"]);
}

#[test]
fn parts_that_end_differently_show() {
    let mut record = Record::new();
    record.state("order", None, "PENDING").state("reservation", None, "HELD").state("payment", None, "CAPTURED");
    record.state("order", Some("PENDING"), "CONFIRMED").broken(&[]);
    record.state("reservation", Some("HELD"), "RELEASED").broken(&["sagas-end-consistent"]);
}

fn published(topic: &str, kind: &str, id: Uuid, fencingtoken: Option<u64>) -> Observation {
    let envelope = protocol::Envelope {
        specversion: "1.0".into(),
        id,
        source: topic.into(),
        kind: kind.into(),
        subject: "order/101".into(),
        time: String::new(),
        traceparent: String::new(),
        correlationid: Uuid::nil(),
        causationid: Uuid::nil(),
        commandordinal: 1,
        fencingtoken,
        data: json!({}),
    };
    Observation::MessagePublished { topic: topic.into(), envelope: envelope.into() }
}

fn answer() -> Observation {
    Observation::ResponseReceived { from: "orders".into(), protocol: "http".into(), status: 200, duration_us: 1 }
}

impl Record {
    /// A record that tells who reads what, as all real ones do.
    fn of(topology: &str) -> Self {
        let mut record = Record(Checks::default(), 0, BTreeMap::new());
        let topology = Box::new(protocol::topology(topology).expect("exists"));
        let limits = protocol::Limits { commands_per_second: 1, command_burst: 1, record_bytes: 1, faults: 1 };
        record.see("terrarium", Observation::SandboxStarted { format: 1, topology, seed: 1, limits });
        record
    }

    fn publish(&mut self, topic: &str, kind: &str) -> Position {
        let id = Uuid::from_u128(self.1.into());
        self.see(topic, published(topic, kind, id, None));
        self.1
    }

    fn acked(&mut self, source_position: Position, group: &str) -> &mut Self {
        let (topic, group, message_id) = ("any".into(), group.into(), Uuid::from_u128(u128::from(source_position) - 1));
        self.see("broker", Observation::MessageAcked { topic, group, message_id, source_position, attempt: 1 })
    }

    fn delivered(&mut self, source_position: Position, message_id: u128) -> &mut Self {
        let (topic, group, message_id) = ("any".into(), "any".into(), Uuid::from_u128(message_id));
        self.see("broker", Observation::MessageDelivered { topic, group, message_id, source_position, attempt: 1 })
    }

    fn refunded(&mut self, amount_minor: i64) -> &mut Self {
        let row = json!({"order_id": 101, "amount_minor": amount_minor, "status": "REFUNDED"});
        self.rows("payments", "payments", "101/1", json!({"status": "CAPTURED"}), row)
    }

    fn lease(&mut self, token: u64) -> &mut Self {
        self.see("any", Observation::LeaseAcquired { name: "sagas".into(), holder: 0, token, until: 0 })
    }

    fn completed(&mut self, step: &str) -> &mut Self {
        self.see("any", Observation::SagaStepCompleted { id: 101, step: step.into() })
    }

    fn compensated(&mut self, step: &str) -> &mut Self {
        self.see("any", Observation::SagaStepCompensated { id: 101, step: step.into() })
    }
}

#[test]
fn what_a_cancelled_order_holds_shows_once_everybody_has_heard_of_its_end_and_until_it_is_released() {
    let mut record = Record::of("saga-choreography");
    record.state("order", None, "PENDING").state("reservation", None, "HELD").state("payment", None, "DECLINED");
    let failed = record.publish("payments", "PaymentFailed");
    record.acked(failed, "orders").state("order", Some("PENDING"), "CANCELLED").broken(&[]);
    record.acked(failed, "inventory").broken(&["nothing-held-by-ended-sagas"]);
    record.state("reservation", Some("HELD"), "RELEASED").broken(&[]);
}

#[test]
fn a_gift_still_in_its_paper_when_its_order_is_cancelled_shows_until_it_is_unwrapped() {
    let mut record = Record::of("saga-choreography-gift");
    record.state("order", None, "PENDING").state("reservation", None, "HELD").state("wrapping", None, "WRAPPED");
    let failed = record.state("payment", None, "DECLINED").publish("payments", "PaymentFailed");
    record.acked(failed, "orders").state("order", Some("PENDING"), "CANCELLED");
    record.state("reservation", Some("HELD"), "RELEASED").broken(&[]);
    record.acked(failed, "gift-wrapping").broken(&["nothing-held-by-ended-sagas"]);
    record.state("wrapping", Some("WRAPPED"), "UNWRAPPED").broken(&[]);
}

#[test]
fn money_of_a_cancelled_order_shows_once_everybody_has_heard_and_until_it_is_refunded() {
    let mut record = Record::of("saga-challenge");
    record.order("PENDING").captured();
    let rejected = record.publish("inventory", "StockRejected");
    record.acked(rejected, "orders").order("CANCELLED").broken(&[]);
    record.acked(rejected, "payments").broken(&["money-conserved"]);
    record.refunded(2999).broken(&[]);
}

#[test]
fn a_second_refund_shows() {
    let mut record = Record::new();
    record.order("PENDING").captured().refunded(2999).order("CANCELLED").broken(&[]);
    record.refunded(2999).broken(&["money-conserved", "refunded-at-most-once"]);
}

#[test]
fn a_refund_that_came_before_its_charge_gives_nothing_back() {
    let mut record = Record::new();
    record.order("PENDING").refunded(0).order("CANCELLED").broken(&[]);
}

#[test]
fn a_message_dealt_with_twice_shows() {
    let mut record = Record::new();
    record.state("payment", None, "CAPTURED").broken(&[]);
    record.state("payment", None, "CAPTURED").broken(&["one-effect-per-message"]);
}

#[test]
fn a_parcel_of_a_cancelled_order_shows_whichever_came_first() {
    let mut record = Record::new();
    record.state("order", None, "PENDING").state("shipment", None, "SHIPPED").broken(&[]);
    record.state("order", Some("PENDING"), "CANCELLED").broken(&["shipped-only-if-not-cancelled"]);
}

#[test]
fn compensations_in_the_order_of_the_steps_show() {
    let mut record = Record::new();
    record.completed("reserve-stock").completed("charge-card");
    record.compensated("charge-card").compensated("reserve-stock").broken(&[]);
    record.completed("reserve-stock").completed("charge-card");
    record.compensated("reserve-stock").broken(&["compensations-in-reverse"]);
}

#[test]
fn a_delivery_of_what_nobody_published_shows() {
    let mut record = Record::of("saga-choreography");
    let created = record.publish("orders", "OrderCreated");
    record.delivered(created, u128::from(created) - 1).broken(&[]);
    record.delivered(created, 77).broken(&["consumed-was-published"]);
    let mut record = Record::of("saga-choreography");
    record.delivered(9, 77).broken(&["consumed-was-published"]);
}

#[test]
fn a_transaction_that_is_missing_shows() {
    let mut record = Record::new();
    record.order("PENDING").broken(&[]);
    record.2.insert("orders".to_owned(), 2);
    record.order("CANCELLED").broken(&["transactions-gapless"]);
}

#[test]
fn a_token_that_does_not_rise_shows() {
    let mut record = Record::new();
    record.lease(1).lease(2).broken(&[]);
    record.lease(2).broken(&["fencing-never-falls"]);
}

#[test]
fn an_effect_under_an_older_token_shows() {
    let obey = |token: u64, n: u8, record: &mut Record| {
        record.1 += 1;
        let mut ask = record.line(
            "saga-orchestrator",
            published("saga-orchestrator", "ChargePayment", Uuid::from_u128(n.into()), Some(token)),
        );
        ask.span_id = SpanId([n; 8]);
        record.0.evolve(&ask);
        record.1 += 1;
        let (entity, to) = ("payment".into(), "CAPTURED".into());
        let mut done =
            record.line("payments", Observation::StateChanged { entity, id: 100 + i64::from(n), from: None, to });
        done.parent_span_id = Some(ask.span_id);
        record.0.evolve(&done);
    };
    let mut record = Record::of("saga-orchestration");
    obey(1, 1, &mut record);
    obey(2, 2, &mut record);
    obey(2, 3, &mut record);
    record.broken(&[]);
    obey(1, 4, &mut record);
    record.broken(&["fencing-never-falls"]);
}

#[test]
fn a_message_that_a_fault_keeps_is_under_way_until_it_is_published_but_only_with_an_outbox() {
    for outbox in [true, false] {
        let mut record = Record::of("saga-choreography");
        record.see("learner", Observation::SwitchSet { name: "outbox".into(), enabled: outbox });
        let spec = serde_json::from_value(json!({"kind": "drop", "target": "topic:orders"})).expect("a fault");
        let fault = Box::new(protocol::Fault { id: "lossy".into(), spec, installed_at: 0 });
        record.see("learner", Observation::FaultInstalled { fault });
        let from = || Observation::StateChanged { entity: "order".into(), id: 101, from: None, to: "PENDING".into() };
        record.command("orders", from());
        record.command("orders", Observation::FaultTriggered { fault_id: "lossy".into(), on: "order/101".into() });
        record.command("terrarium", answer());
        record.broken(if outbox { &[] } else { &["every-saga-ends"] });
        let created = record.publish("orders", "OrderCreated");
        record.acked(created, "inventory").broken(&["every-saga-ends"]);
    }
}

#[test]
fn a_saga_that_is_led_waits_for_its_leader() {
    let mut record = Record::of("saga-orchestration");
    let pending = Observation::StateChanged { entity: "order".into(), id: 101, from: None, to: "PENDING".into() };
    record.command("orders", pending);
    let created = record.publish("orders", "OrderCreated");
    record.state("saga", None, "RUNNING").acked(created, "saga-orchestrator").command("terrarium", answer());
    record.broken(&[]);
    record.state("saga", Some("RUNNING"), "COMPENSATED").broken(&["every-saga-ends"]);
}

#[test]
fn a_checkpoint_from_before_there_were_so_many_promises_goes_on() {
    let mut record = Record::new();
    let mut stored = serde_json::to_value(&record.0).expect("writes");
    for newer in ["flight", "effects", "order_of_things", "ledger"] {
        stored.as_object_mut().expect("an object").remove(newer);
    }
    stored["verdicts"].as_array_mut().expect("a list").truncate(6);
    record.0 = serde_json::from_value(stored).expect("reads");
    record.order("PENDING").broken(&[]);
    assert_eq!(record.0.report().len(), 18);
}

#[test]
fn an_order_that_waits_for_nothing_shows_once_its_command_is_answered() {
    let mut record = Record::of("saga-choreography");
    record.command(
        "orders",
        Observation::StateChanged { entity: "order".into(), id: 101, from: None, to: "PENDING".into() },
    );
    record.broken(&[]);
    record.command("terrarium", answer()).broken(&["every-saga-ends"]);
    record.state("order", Some("PENDING"), "CONFIRMED").broken(&[]);
    let mut record = Record::of("saga-choreography");
    record.command(
        "orders",
        Observation::StateChanged { entity: "order".into(), id: 101, from: None, to: "PENDING".into() },
    );
    let created = record.publish("orders", "OrderCreated");
    record.command("terrarium", answer()).broken(&[]);
    record.acked(created, "inventory").broken(&["every-saga-ends"]);
}
