//! The checkers are tested too: each wrong record turns the right one red.

use super::*;
use protocol::{Name, Observation, RowChange, SpanId, TraceId, Value};
use serde_json::json;

struct Record(Checks, Position);

impl Record {
    fn new() -> Self {
        let mut record = Record(Checks::default(), 0);
        record.rows("inventory", "stock", "42", json!(null), json!({"item_id": 42, "on_hand": 100}));
        record
    }

    fn see(&mut self, service: &str, observation: Observation) -> &mut Self {
        self.1 += 1;
        self.0.evolve(&Recorded {
            position: self.1,
            at: self.1,
            trace_id: TraceId::default(),
            span_id: SpanId::default(),
            parent_span_id: None,
            service: service.into(),
            replica: 0,
            code: None,
            correlation_id: None,
            observation,
        });
        self
    }

    fn rows(&mut self, service: &str, table: &str, key: &str, before: Value, after: Value) -> &mut Self {
        let side = |value: Value| (!value.is_null()).then_some(value);
        let row = RowChange { table: table.into(), key: key.to_owned(), before: side(before), after: side(after) };
        let rows = vec![row];
        self.see(service, Observation::TransactionCommitted { transaction_id: self.1, rows, batch_size: 1 })
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
    record.captured().broken(&["charged-at-most-once"]);
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
    record.state("order", Some("CONFIRMED"), "CANCELLED").broken(&["legal-transitions"]);
}

#[test]
fn parts_that_end_differently_show() {
    let mut record = Record::new();
    record.state("order", None, "PENDING").state("reservation", None, "HELD").state("payment", None, "CAPTURED");
    record.state("order", Some("PENDING"), "CONFIRMED").broken(&[]);
    record.state("reservation", Some("HELD"), "RELEASED").broken(&["sagas-end-consistent"]);
}
