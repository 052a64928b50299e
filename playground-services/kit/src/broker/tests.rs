//! The broker against a plain model, and its rules one by one.

use super::*;
use proptest::prelude::*;
use protocol::Uuid;

fn envelope(kind: &str) -> Arc<Envelope> {
    Arc::new(Envelope {
        specversion: "1.0".into(),
        id: Uuid::nil(),
        source: "orders".into(),
        kind: kind.into(),
        subject: "order/101".into(),
        time: String::new(),
        traceparent: String::new(),
        correlationid: Uuid::nil(),
        causationid: Uuid::nil(),
        commandordinal: 1,
        data: serde_json::Value::Null,
    })
}

fn broker() -> Broker {
    let topology = protocol::topology("saga-choreography").expect("exists");
    Broker::new(&topology, Settings { visibility_us: 1000, nacks_max: 3, backoff_us: 10 })
}

fn positions(handouts: &[Handout]) -> Vec<Position> {
    handouts.iter().map(|handout| handout.position).collect()
}

#[test]
fn a_message_goes_to_every_group_that_reads_its_type_once() {
    let mut broker = broker();
    broker.connect("orders", 1, 10);
    broker.connect("inventory", 2, 10);
    broker.connect("payments", 3, 10);
    broker.publish(7, &"payments".into(), &envelope("PaymentFailed"));
    let mut groups: Vec<Name> = broker.take(0).into_iter().map(|handout| handout.group).collect();
    groups.sort();
    assert_eq!(groups, ["inventory".into(), "orders".into()] as [Name; 2]);
    assert!(broker.take(0).is_empty());
}

#[test]
fn messages_wait_for_a_crashed_consumer_and_come_again_in_order() {
    let mut broker = broker();
    broker.connect("inventory", 1, 2);
    for position in 1..=3 {
        broker.publish(position, &"orders".into(), &envelope("OrderCreated"));
    }
    assert_eq!(positions(&broker.take(0)), [1, 2]);
    broker.disconnect(1);
    assert!(broker.take(0).is_empty());
    broker.connect("inventory", 2, 10);
    let again = broker.take(0);
    assert_eq!(positions(&again), [1, 2, 3]);
    assert_eq!(again.iter().map(|handout| handout.attempt).collect::<Vec<_>>(), [2, 2, 1]);
}

#[test]
fn a_consumer_that_keeps_a_message_too_long_loses_it_without_a_nack() {
    let mut broker = broker();
    broker.connect("inventory", 1, 10);
    broker.publish(1, &"orders".into(), &envelope("OrderCreated"));
    for round in 0..10_u64 {
        assert_eq!(broker.take(round * 1000).len(), 1, "round {round}");
        assert_eq!(broker.next_deadline(), Some((round + 1) * 1000));
        assert_eq!(broker.expire((round + 1) * 1000).len(), 1);
    }
    assert!(broker.changes().iter().all(|change| change.row.is_some_and(|row| !row.dead && row.nacks == 0)));
}

#[test]
fn only_the_consumers_own_nacks_lead_to_the_dead_letter_queue() {
    let mut broker = broker();
    broker.connect("inventory", 1, 10);
    broker.publish(1, &"orders".into(), &envelope("OrderCreated"));
    let mut now = 0;
    for nack in 1..=3 {
        assert_eq!(broker.take(now).len(), 1);
        let settled = broker.nack(1, 1, now).expect("it has it");
        assert_eq!(settled.dead, nack == 3);
        assert!(broker.take(now).is_empty(), "it waits after a nack");
        now = broker.next_deadline().unwrap_or(now);
        assert!(broker.expire(now).is_empty());
    }
    assert!(broker.take(now + 1_000_000).is_empty());
}

/// What may happen to a broker with one group of two consumers.
#[derive(Clone, Debug)]
enum Step {
    Publish,
    Take,
    Ack(usize),
    Nack(usize),
    Crash(bool),
    Wait(u64),
    /// Store, forget everything in memory, load.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Publish),
        3 => Just(Step::Take),
        3 => any::<usize>().prop_map(Step::Ack),
        1 => any::<usize>().prop_map(Step::Nack),
        1 => any::<bool>().prop_map(Step::Crash),
        1 => (0..3000_u64).prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    /// Model: the set of unacked messages. Whatever happens, each is handed out again until it
    /// is acked or dead, never to two consumers at a time, and what is stored is what is there.
    #[test]
    fn nothing_is_lost_and_nothing_is_with_two_consumers(steps in prop::collection::vec(step(), 1..200)) {
        let mut broker = broker();
        let mut stored: BTreeMap<Position, Row> = BTreeMap::new();
        let mut unacked: BTreeSet<Position> = BTreeSet::new();
        let mut dead: BTreeSet<Position> = BTreeSet::new();
        let mut held: Vec<(ConsumerId, Position, u64)> = vec![];
        let (mut next, mut now) = (1, 0);
        let mut consumers = [1, 2];
        for id in consumers {
            broker.connect("inventory", id, 3);
        }
        for step in steps {
            match step {
                Step::Publish => {
                    broker.publish(next, &"orders".into(), &envelope("OrderCreated"));
                    unacked.insert(next);
                    next += 1;
                }
                Step::Take => {
                    for handout in broker.take(now) {
                        prop_assert!(unacked.contains(&handout.position));
                        prop_assert!(!held.iter().any(|(_, position, _)| *position == handout.position));
                        held.push((handout.consumer, handout.position, now + 1000));
                    }
                    for id in consumers {
                        prop_assert!(held.iter().filter(|(holder, ..)| *holder == id).count() <= 3);
                    }
                }
                Step::Ack(pick) if !held.is_empty() => {
                    let (consumer, position, _) = held.swap_remove(pick % held.len());
                    prop_assert!(broker.ack(consumer, position).is_some());
                    prop_assert!(broker.ack(consumer, position).is_none(), "acked twice");
                    unacked.remove(&position);
                }
                Step::Nack(pick) if !held.is_empty() => {
                    let (consumer, position, _) = held.swap_remove(pick % held.len());
                    let settled = broker.nack(consumer, position, now);
                    prop_assert!(settled.is_some());
                    if settled.is_some_and(|settled| settled.dead) {
                        unacked.remove(&position);
                        dead.insert(position);
                    }
                }
                Step::Crash(which) => {
                    let id = &mut consumers[usize::from(which)];
                    broker.disconnect(*id);
                    held.retain(|(holder, ..)| holder != id);
                    *id += 2;
                    broker.connect("inventory", *id, 3);
                }
                Step::Wait(us) => {
                    now += us;
                    let late: BTreeSet<Position> = broker.expire(now).iter().map(|settled| settled.position).collect();
                    let expected: BTreeSet<Position> =
                        held.iter().filter(|(.., until)| *until <= now).map(|(_, position, _)| *position).collect();
                    prop_assert_eq!(late, expected);
                    held.retain(|(.., until)| *until > now);
                }
                Step::Restart => {
                    broker = self::broker();
                    for (position, row) in &stored {
                        broker.restore("inventory", *position, *row, "orders".into(), envelope("OrderCreated"));
                    }
                    held.clear();
                    for id in &mut consumers {
                        *id += 2;
                        broker.connect("inventory", *id, 3);
                    }
                }
                Step::Ack(_) | Step::Nack(_) => {}
            }
            for change in broker.changes() {
                match change.row {
                    Some(row) => stored.insert(change.position, row),
                    None => stored.remove(&change.position),
                };
            }
            let all: BTreeSet<Position> = unacked.union(&dead).copied().collect();
            prop_assert_eq!(stored.keys().copied().collect::<BTreeSet<_>>(), all);
        }
        // Then everything calms down: all that is unacked comes, and can be acked.
        for _ in 0..200 {
            now += 10_000_000;
            broker.expire(now);
            for handout in broker.take(now) {
                broker.ack(handout.consumer, handout.position);
                unacked.remove(&handout.position);
            }
        }
        prop_assert!(unacked.is_empty(), "never came again: {:?}", unacked);
    }
}
