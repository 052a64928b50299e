//! The checkers are tested, too: each wrong turn put into a recorded run turns the right one red,
//! and no other. The runs as they were recorded turn none.

use super::folds::goldens;
use protocol::{Name, Observation, Recorded, RowChange, Value};
use runner::invariants::Checks;
use serde_json::json;
use std::collections::BTreeSet;

/// The checkers that are red at any moment of the run.
fn red(record: &[Recorded]) -> BTreeSet<String> {
    let (mut checks, mut red) = (Checks::default(), BTreeSet::new());
    for event in record {
        checks.evolve(event);
        red.extend(checks.report().iter().filter(|check| !check.holds).map(|check| check.name.clone()));
    }
    red
}

fn golden(topology: &str) -> Vec<Recorded> {
    let found = goldens().into_iter().find(|(path, _)| path.file_stem().is_some_and(|stem| stem == topology));
    found.expect("it is there").1
}

/// A recorded run, to be changed for the worse.
struct Run(Vec<Recorded>);

impl Run {
    fn choreographed() -> Self {
        Run(golden("saga-choreography"))
    }

    fn orchestrated() -> Self {
        Run(golden("saga-orchestration"))
    }

    fn at(&self, what: &str, seen: impl Fn(&Recorded) -> bool) -> usize {
        self.0.iter().position(seen).unwrap_or_else(|| panic!("the run has no {what}"))
    }

    /// Where the state of an entity of an order changes.
    fn change(&self, of: &str, order: i64, becomes: &str) -> usize {
        self.at(&format!("{of} {order} {becomes}"), |event| {
            let Observation::StateChanged { entity, id, to, .. } = &event.observation else { return false };
            (&**entity, *id, &**to) == (of, order, becomes)
        })
    }

    /// Where a row of a table of an order comes to this status.
    fn row(&self, table: &str, key: &str, becomes: &str) -> usize {
        self.at(&format!("row {key} of {table}"), |event| rows(event).iter().any(|row| is(row, table, key, becomes)))
    }

    fn again(&mut self, at: usize) {
        self.0.insert(at + 1, self.0[at].clone());
    }

    #[track_caller]
    fn turns_red(&self, expected: &str) {
        assert_eq!(red(&self.0), BTreeSet::from([expected.to_owned()]));
    }
}

fn rows(event: &Recorded) -> &[RowChange] {
    match &event.observation {
        Observation::TransactionCommitted { rows, .. } => rows,
        _ => &[],
    }
}

fn rows_of(event: &mut Recorded) -> &mut Vec<RowChange> {
    match &mut event.observation {
        Observation::TransactionCommitted { rows, .. } => rows,
        other => panic!("{other:?} changes no rows"),
    }
}

fn is(row: &RowChange, table: &str, key: &str, status: &str) -> bool {
    let after = row.after.as_ref().and_then(|after| after.get("status")).and_then(Value::as_str);
    &*row.table == table && row.key.split('/').next() == Some(key) && after == Some(status)
}

/// Sets a field of the row behind a change.
fn set(row: &mut RowChange, column: &str, value: Value) {
    row.after.as_mut().expect("it is there afterwards")[column] = value;
}

#[test]
fn the_runs_as_they_were_recorded_turn_none_red() {
    for (path, record) in goldens() {
        assert_eq!(red(&record), BTreeSet::new(), "{}", path.display());
    }
}

#[test]
fn a_piece_lost_from_the_shelf() {
    let mut run = Run::choreographed();
    let at = run.row("reservations", "101", "HELD");
    let stock = rows_of(&mut run.0[at]).iter_mut().find(|row| &*row.table == "stock").expect("a shelf");
    set(stock, "on_hand", json!(98));
    run.turns_red("stock-conserved");
}

#[test]
fn more_reserved_than_there_is() {
    let mut run = Run::choreographed();
    let at = run.row("reservations", "101", "HELD");
    let rows = rows_of(&mut run.0[at]);
    for row in rows.iter_mut() {
        let (column, value) = if &*row.table == "stock" { ("on_hand", -20) } else { ("quantity", 120) };
        set(row, column, json!(value));
    }
    // What is sold and taken from the shelf later agrees with it.
    run.0.truncate(at + 1);
    run.turns_red("stock-never-negative");
}

#[test]
fn an_order_that_begins_confirmed() {
    let mut run = Run::choreographed();
    let at = run.change("shipment", 101, "SHIPPED");
    let Observation::StateChanged { from, .. } = &mut run.0[at].observation else { unreachable!() };
    *from = Some("LOST".into());
    run.turns_red("legal-transitions");
}

#[test]
fn a_card_declined_for_a_confirmed_order() {
    let mut run = Run::choreographed();
    let at = run.change("payment", 101, "CAPTURED");
    let Observation::StateChanged { to, .. } = &mut run.0[at].observation else { unreachable!() };
    *to = "DECLINED".into();
    run.turns_red("sagas-end-consistent");
}

#[test]
fn a_second_charge() {
    let mut run = Run::choreographed();
    let at = run.row("payments", "101", "CAPTURED");
    let charge = rows(&run.0[at])[0].clone();
    rows_of(&mut run.0[at]).push(charge);
    // Given back at once: it is the second charge that is wrong, not the sum.
    let mut refund = rows(&run.0[at])[0].clone();
    refund.before = refund.after.clone();
    set(&mut refund, "status", json!("REFUNDED"));
    rows_of(&mut run.0[at]).push(refund);
    run.turns_red("charged-at-most-once");
}

#[test]
fn a_charge_of_another_sum() {
    let mut run = Run::choreographed();
    let at = run.row("payments", "101", "CAPTURED");
    set(&mut rows_of(&mut run.0[at])[0], "amount_minor", json!(1));
    run.turns_red("money-conserved");
}

#[test]
fn a_second_refund() {
    let mut run = Run::orchestrated();
    let at = run.at("refund", |event| {
        rows(event).iter().any(|row| {
            let status = row.after.as_ref().and_then(|after| after.get("status")).and_then(Value::as_str);
            &*row.table == "payments" && status == Some("REFUNDED")
        })
    });
    let mut refund = rows(&run.0[at])[0].clone();
    set(&mut refund, "amount_minor", json!(1));
    // More given back than was taken, and taken again.
    rows_of(&mut run.0[at]).push(refund.clone());
    run.0.truncate(at + 1);
    run.turns_red("refunded-at-most-once");
}

#[test]
fn a_release_that_was_dropped() {
    let mut run = Run::choreographed();
    let at = run.change("reservation", 102, "RELEASED");
    run.0.remove(at);
    run.turns_red("nothing-held-by-ended-sagas");
}

#[test]
fn an_order_that_ends_both_ways() {
    let mut run = Run::choreographed();
    let at = run.change("order", 101, "CONFIRMED");
    run.again(at);
    let Observation::StateChanged { from, to, .. } = &mut run.0[at + 1].observation else { unreachable!() };
    (*from, *to) = (Some("PENDING".into()), "CANCELLED".into());
    let red = red(&run.0);
    assert!(red.contains("one-end-per-saga"), "{red:?}");
    // That it is no legal turn, and that its parts contradict each other, is seen as well.
    let also = BTreeSet::from(["legal-transitions", "sagas-end-consistent", "shipped-only-if-not-cancelled"]);
    assert!(red.iter().all(|name| name == "one-end-per-saga" || also.contains(name.as_str())), "{red:?}");
}

#[test]
fn compensations_the_wrong_way_round() {
    let mut run = Run::orchestrated();
    let undone: Vec<usize> = (0..run.0.len())
        .filter(|at| matches!(run.0[*at].observation, Observation::SagaStepCompensated { .. }))
        .collect();
    let of = |at: usize| match &run.0[at].observation {
        Observation::SagaStepCompensated { id, .. } => *id,
        _ => unreachable!("they were looked for"),
    };
    let pair = undone.windows(2).find(|pair| of(pair[0]) == of(pair[1])).expect("a saga takes two steps back");
    let (first, second) = (pair[0], pair[1]);
    let step = |run: &Run, at: usize| run.0[at].observation.clone();
    let (one, other) = (step(&run, first), step(&run, second));
    (run.0[first].observation, run.0[second].observation) = (other, one);
    run.turns_red("compensations-in-reverse");
}

#[test]
fn a_customer_written_to_twice() {
    let mut run = Run::choreographed();
    let at = run.change("notification", 101, "SENT");
    run.again(at);
    run.turns_red("one-effect-per-message");
}

#[test]
fn a_message_that_was_never_published() {
    let mut run = Run::choreographed();
    let at = run.at("delivery", |event| matches!(event.observation, Observation::MessageDelivered { .. }));
    let Observation::MessageDelivered { message_id, .. } = &mut run.0[at].observation else { unreachable!() };
    *message_id = protocol::Uuid::nil();
    run.turns_red("consumed-was-published");
}

#[test]
fn a_gap_in_the_transactions() {
    let mut run = Run::choreographed();
    let sent = run.change("notification", 102, "SENT");
    let at = run.at("its transaction", |event| event.span_id == run.0[sent].span_id && !rows(event).is_empty());
    run.0.remove(at);
    run.turns_red("transactions-gapless");
}

#[test]
fn a_token_used_once_more() {
    let mut run = Run::orchestrated();
    let takeover = |event: &Recorded| matches!(event.observation, Observation::LeaseAcquired { token: 2, .. });
    let at = run.at("takeover", takeover);
    let Observation::LeaseAcquired { token, .. } = &mut run.0[at].observation else { unreachable!() };
    *token = 1;
    run.turns_red("fencing-never-falls");
}

#[test]
fn a_command_of_the_old_leader_that_was_obeyed() {
    let mut run = Run::orchestrated();
    let last = run.0.iter().rposition(|event| fenced(event) == Some(2)).expect("a command of the new leader");
    let Observation::MessagePublished { envelope, .. } = &mut run.0[last].observation else { unreachable!() };
    std::sync::Arc::make_mut(envelope).fencingtoken = Some(1);
    run.turns_red("fencing-never-falls");
}

fn fenced(event: &Recorded) -> Option<u64> {
    event.observation.message()?.fencingtoken
}

#[test]
fn a_parcel_of_a_cancelled_order() {
    let mut run = Run::choreographed();
    let at = run.change("shipment", 101, "SHIPPED");
    let Observation::StateChanged { id, .. } = &mut run.0[at].observation else { unreachable!() };
    *id = 102;
    run.turns_red("shipped-only-if-not-cancelled");
}

#[test]
fn an_order_nobody_hears_of() {
    let mut run = Run::choreographed();
    let topic: Name = "orders".into();
    let begun = run.change("order", 101, "PENDING");
    let ended = run.row("orders", "101", "CONFIRMED");
    // Its saga stops behind the first transaction: the message is gone, and so is the rest.
    let command = run.0[begun].correlation_id;
    let kept: Vec<Recorded> = run.0[..ended]
        .iter()
        .filter(|event| match &event.observation {
            Observation::MessagePublished { topic: to, .. } => *to != topic,
            _ => event.correlation_id != command || matches!(&*event.service, "orders" | "terrarium" | "learner"),
        })
        .cloned()
        .collect();
    run.0 = kept;
    run.turns_red("every-saga-ends");
}

/// The line of the first deposit of the run, in account 42.
fn deposited(run: &mut Run) -> &mut RowChange {
    let is_it = |row: &RowChange| &*row.table == "statement" && row.key == "42/5";
    let at = run.at("deposit", |event| rows(event).iter().any(is_it));
    rows_of(&mut run.0[at]).iter_mut().find(|row| is_it(row)).expect("a line")
}

#[test]
fn an_event_that_is_missing_from_a_stream() {
    let mut run = Run(golden("event-sourced-account"));
    set(deposited(&mut run), "sequence", json!(6));
    run.turns_red("streams-gapless");
}

#[test]
fn an_event_that_was_changed_later() {
    let mut run = Run(golden("event-sourced-account"));
    let line = deposited(&mut run);
    line.before = line.after.clone();
    run.turns_red("streams-gapless");
}

#[test]
fn money_that_no_event_accounts_for() {
    let mut run = Run(golden("event-sourced-account"));
    set(deposited(&mut run), "balance_minor", json!(99_999));
    run.turns_red("balances-add-up");
}

#[test]
fn every_checker_has_its_mutant() {
    let tests = include_str!("mutants.rs");
    let mut checks = Checks::default();
    checks.evolve(&golden("saga-choreography")[0]);
    for check in checks.report() {
        assert!(tests.matches(&format!("\"{}\"", check.name)).count() > 0, "{} has no mutant", check.name);
    }
}
