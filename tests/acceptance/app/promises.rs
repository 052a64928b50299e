//! What must hold of a sandbox at rest, whatever happened to it.

use super::Sandbox;
use super::sandbox::{Row, places_an_order};
use protocol::{INITIAL_STOCK, Observation, PRICE_MINOR, Recorded, Uuid};
use std::collections::{HashMap, HashSet};

/// A sandbox at rest: its record and its tables.
pub struct Promises {
    record: Vec<Recorded>,
    orders: Vec<Row>,
    payments: Vec<Row>,
    reservations: Vec<Row>,
    on_hand: i64,
}

impl Promises {
    /// Waits until nothing is under way, and checks all of it.
    pub async fn of(sandbox: &Sandbox) -> Self {
        let settled = sandbox.settled().await;
        let broken: Vec<_> = sandbox.invariants().await.into_iter().filter(|invariant| !invariant.holds).collect();
        assert!(broken.is_empty(), "R3, R4 or R5 is broken: {broken:#?}");
        let promises = Promises {
            record: sandbox.record().await,
            orders: sandbox.table("orders", "orders").await,
            payments: sandbox.table("payments", "payments").await,
            reservations: sandbox.table("inventory", "reservations").await,
            on_hand: sandbox.stock().await,
        };
        assert!(promises.record.len() as u64 >= settled.position);
        promises.record_is_gapless();
        promises.answers_follow_what_they_answer();
        promises.every_order_ended_once();
        promises.every_message_was_dealt_with_once();
        promises.stock_adds_up();
        promises.money_adds_up();
        promises
    }

    pub fn confirmed(&self) -> usize {
        self.orders.iter().filter(|order| order["status"] == "CONFIRMED").count()
    }

    pub fn cancelled(&self) -> usize {
        self.orders.iter().filter(|order| order["status"] == "CANCELLED").count()
    }

    pub fn record(&self) -> &[Recorded] {
        &self.record
    }

    /// Nothing came to the same state twice, and nobody paid or was written to twice.
    pub fn effects_happened_once(&self, promise: &str) {
        let (mut entered, mut rows) = (HashSet::new(), HashSet::new());
        for event in &self.record {
            match &event.observation {
                // Parked, and on from there, it may be again and again.
                Observation::StateChanged { entity, from, to, .. }
                    if &**entity == "saga" && (**to == *"PARKED" || from.as_deref() == Some("PARKED")) => {}
                Observation::StateChanged { entity, id, to, .. } => {
                    assert!(entered.insert((entity, id, to)), "{promise}: {entity} {id} became {to} twice");
                }
                Observation::TransactionCommitted { rows: changed, .. } => {
                    for row in changed.iter().filter(|row| row.before.is_none() && &*row.table != "reservations") {
                        let of = row.after.as_ref().and_then(|after| after.get("order_id")).map(ToString::to_string);
                        let Some(of) = of.filter(|_| matches!(&*row.table, "payments" | "notifications")) else {
                            continue;
                        };
                        assert!(
                            rows.insert((&row.table, of.clone())),
                            "{promise}: a second row of order {of}: {row:?}"
                        );
                    }
                }
                _ => {}
            }
        }
        assert!(!entered.is_empty(), "{promise}: nothing happened");
    }

    fn record_is_gapless(&self) {
        for (event, expected) in self.record.iter().zip(1..) {
            assert_eq!(event.position, expected);
        }
        assert!(self.record.is_sorted_by_key(|event| event.at), "time fell");
    }

    /// Whoever hears that an order is there finds it in the record already.
    fn answers_follow_what_they_answer(&self) {
        let mut placed = HashSet::new();
        for event in &self.record {
            match &event.observation {
                Observation::StateChanged { entity, .. } if &**entity == "order" => {
                    placed.insert(event.correlation_id);
                }
                Observation::ResponseReceived { status: 200, from, .. } if &**from == "orders" => {
                    assert!(placed.contains(&event.correlation_id), "answered before it was done: {event:?}");
                }
                _ => {}
            }
        }
    }

    /// Acknowledged orders are in the record, and each of those ended, once.
    pub fn kept(&self, acknowledged: &[Uuid]) {
        let accepted: HashSet<Uuid> = self
            .record
            .iter()
            .filter(|event| matches!(event.observation, Observation::CommandAccepted { .. }))
            .filter_map(|event| event.correlation_id)
            .collect();
        let lost: Vec<_> = acknowledged.iter().filter(|order| !accepted.contains(order)).collect();
        assert!(lost.is_empty(), "R1: acknowledged but not in the record: {lost:?}");
    }

    fn every_order_ended_once(&self) {
        let mut accepted = HashSet::new();
        let mut states: HashMap<Uuid, Vec<&str>> = HashMap::new();
        for event in &self.record {
            let order = event.correlation_id.unwrap_or_default();
            match &event.observation {
                accepting if places_an_order(accepting) => {
                    assert!(accepted.insert(order), "{order} was accepted twice");
                }
                Observation::CommandRejected { reason, .. } => panic!("{order} was rejected: {reason}"),
                Observation::StateChanged { entity, to, .. } if &**entity == "order" => {
                    states.entry(order).or_default().push(to);
                }
                _ => {}
            }
        }
        for order in &accepted {
            let states = states.get(order).map(Vec::as_slice);
            assert!(
                matches!(states, Some(["PENDING", "CONFIRMED" | "CANCELLED"])),
                "R3: {order} went through {states:?}"
            );
        }
        assert_eq!(accepted.len(), states.len(), "orders nobody asked for");
        assert_eq!(accepted.len(), self.orders.len(), "orders and their table");
        let numbered: Vec<i64> = self.orders.iter().map(|order| number(order, "id")).collect();
        let expected: Vec<i64> = (protocol::FIRST_ORDER..).take(numbered.len()).collect();
        assert_eq!(numbered, expected);
    }

    /// By each group that reads it. Only a fault publishes one a second time, or an orchestrator
    /// that had no answer.
    fn every_message_was_dealt_with_once(&self) {
        let (mut published, mut repeats, mut strikes) = (HashSet::new(), vec![], 0);
        let mut acked: HashMap<u64, Vec<&str>> = HashMap::new();
        for event in &self.record {
            match &event.observation {
                Observation::MessagePublished { envelope, .. } if !published.insert(envelope.id) => {
                    repeats.push((&envelope.kind, &envelope.subject));
                }
                Observation::SagaStepStarted { attempt: 2.., .. } => strikes += 1,
                // What strikes a service as a whole is part of no command, and repeats nothing.
                Observation::FaultTriggered { .. } if event.correlation_id.is_some() => strikes += 1,
                Observation::MessageAcked { source_position, group, .. } => {
                    let groups = acked.entry(*source_position).or_default();
                    assert!(!groups.contains(&&**group), "{source_position} was acked twice by {group}");
                    groups.push(group);
                }
                // What an earlier leader still had to say.
                Observation::MessageDeadLettered { reason, source_position, group, .. }
                    if reason.contains("fencing token") =>
                {
                    acked.entry(*source_position).or_default().push(group);
                }
                Observation::MessageDeadLettered { .. } => panic!("{event:?}"),
                _ => {}
            }
        }
        assert!(repeats.len() <= strikes, "published twice: {repeats:?}");
        let Some(Observation::SandboxStarted { topology, .. }) = self.record.first().map(|event| &event.observation)
        else {
            panic!("a record begins with its topology");
        };
        for event in &self.record {
            let Observation::MessagePublished { topic, envelope } = &event.observation else { continue };
            let readers = topology.readers(topic).filter(|(_, types)| types.contains(&envelope.kind)).count();
            let acked = acked.get(&event.position).map_or(0, Vec::len);
            if acked != readers {
                let end = &self.record[self.record.len().saturating_sub(30)..];
                let of_it = self.record.iter().filter(|other| other.correlation_id == event.correlation_id);
                panic!(
                    "acked by {acked} of {readers}: {} {}\nIts saga: {:#?}\nThe record ends: {end:#?}",
                    envelope.kind,
                    envelope.subject,
                    of_it.collect::<Vec<_>>()
                );
            }
        }
    }

    fn stock_adds_up(&self) {
        let of = |status: &str| sum(&self.reservations, status, "quantity");
        assert_eq!(of("HELD"), 0, "R5: a reservation of an ended saga remains");
        assert_eq!(self.on_hand + of("SOLD"), INITIAL_STOCK, "R5: stock is conserved");
        assert_eq!(of("SOLD"), sum(&self.orders, "CONFIRMED", "quantity"), "R5: what was sold");
    }

    fn money_adds_up(&self) {
        let mut captured: Vec<(i64, i64)> = self
            .payments
            .iter()
            .filter(|payment| payment["status"] == "CAPTURED")
            .map(|payment| (number(payment, "order_id"), number(payment, "amount_minor")))
            .collect();
        let mut confirmed: Vec<(i64, i64)> = self
            .orders
            .iter()
            .filter(|order| order["status"] == "CONFIRMED")
            .map(|order| (number(order, "id"), number(order, "quantity") * PRICE_MINOR))
            .collect();
        captured.sort_unstable();
        confirmed.sort_unstable();
        assert_eq!(captured, confirmed, "R4: what was captured, and what confirmed orders cost");
    }
}

fn number(row: &Row, column: &str) -> i64 {
    row[column].as_i64().expect("a number")
}

fn sum(rows: &[Row], status: &str, column: &str) -> i64 {
    rows.iter().filter(|row| row["status"] == status).map(|row| number(row, column)).sum()
}
