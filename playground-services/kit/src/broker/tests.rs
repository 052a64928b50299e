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
        fencingtoken: None,
        data: serde_json::Value::Null,
    })
}

fn broker() -> Broker {
    let topology = protocol::topology("saga-choreography").expect("exists");
    Broker::new(&topology, Settings { visibility_us: 1000, nacks_max: 3, backoff_us: 10, overtaking_us: 500 })
}

fn positions(handouts: &[Handout]) -> Vec<Position> {
    handouts.iter().map(|handout| handout.delivery.position).collect()
}

#[test]
fn a_message_goes_to_every_group_that_reads_its_type_once() {
    let mut broker = broker();
    broker.connect("orders", 1, 10);
    broker.connect("inventory", 2, 10);
    broker.connect("payments", 3, 10);
    broker.publish(7, &"payments".into(), &envelope("PaymentFailed"));
    let mut groups: Vec<Name> = broker.take(0, &[]).into_iter().map(|handout| handout.group).collect();
    groups.sort();
    assert_eq!(groups, ["inventory".into(), "orders".into()] as [Name; 2]);
    assert!(broker.take(0, &[]).is_empty());
}

#[test]
fn messages_wait_for_a_crashed_consumer_and_come_again_in_order() {
    let mut broker = broker();
    broker.connect("inventory", 1, 2);
    for position in 1..=3 {
        broker.publish(position, &"orders".into(), &envelope("OrderCreated"));
    }
    assert_eq!(positions(&broker.take(0, &[])), [1, 2]);
    broker.disconnect(1);
    assert!(broker.take(0, &[]).is_empty());
    broker.connect("inventory", 2, 10);
    let again = broker.take(0, &[]);
    assert_eq!(positions(&again), [1, 2, 3]);
    assert_eq!(again.iter().map(|handout| handout.delivery.attempt).collect::<Vec<_>>(), [2, 2, 1]);
}

#[test]
fn a_consumer_that_keeps_a_message_too_long_loses_it_without_a_nack() {
    let mut broker = broker();
    broker.connect("inventory", 1, 10);
    broker.publish(1, &"orders".into(), &envelope("OrderCreated"));
    for round in 0..10_u64 {
        assert_eq!(broker.take(round * 1000, &[]).len(), 1, "round {round}");
        assert_eq!(broker.next_deadline(), Some((round + 1) * 1000));
        assert_eq!(broker.expire((round + 1) * 1000).len(), 1);
    }
    assert!(broker.waiting().iter().all(|waiting| !waiting.dead && waiting.nacks == 0));
}

#[test]
fn only_the_consumers_own_nacks_lead_to_the_dead_letter_queue() {
    let mut broker = broker();
    broker.connect("inventory", 1, 10);
    broker.publish(1, &"orders".into(), &envelope("OrderCreated"));
    let mut now = 0;
    for nack in 1..=3 {
        assert_eq!(broker.take(now, &[]).len(), 1);
        let settled = broker.nack(1, 1, now).expect("it has it");
        assert_eq!(settled.dead, nack == 3);
        assert!(broker.take(now, &[]).is_empty(), "it waits after a nack");
        now = broker.next_deadline().unwrap_or(now);
        assert!(broker.expire(now).is_empty());
    }
    assert!(broker.take(now + 1_000_000, &[]).is_empty());
}

fn fault(kind: &str, more: &str) -> Vec<Fault> {
    let spec = serde_json::from_str(&format!(r#"{{"kind":"{kind}","target":"inventory","ttl_ms":null{more}}}"#));
    vec![Fault { id: "f".into(), spec: spec.expect("a spec"), installed_at: 0 }]
}

/// A broker whose inventory is there, with so many messages for it.
fn with_messages(count: u64) -> Broker {
    let mut broker = broker();
    broker.connect("inventory", 1, 10);
    for position in 1..=count {
        broker.publish(position, &"orders".into(), &envelope("OrderCreated"));
    }
    broker
}

fn fates(handouts: &[Handout]) -> Vec<(Position, u32, Fate)> {
    handouts.iter().map(|handout| (handout.delivery.position, handout.delivery.attempt, handout.fate)).collect()
}

#[test]
fn a_dropped_delivery_is_offered_again_when_its_time_is_up() {
    let mut broker = with_messages(1);
    let dropped = broker.take(0, &fault("drop", ""));
    assert_eq!(fates(&dropped), [(1, 1, Fate::Lost)]);
    assert_eq!(dropped[0].fault.as_deref(), Some("f"));
    assert!(broker.take(999, &[]).is_empty());
    assert_eq!(broker.expire(1000).len(), 1);
    assert_eq!(fates(&broker.take(1000, &[])), [(1, 2, Fate::To(1))]);
}

#[test]
fn a_refused_delivery_comes_back_after_a_pause_and_never_counts_to_the_dead_letters() {
    let mut broker = with_messages(1);
    for round in 0..10 {
        let now = round * 1000;
        broker.expire(now);
        let refused = broker.take(now, &fault("fail", ""));
        assert_eq!(fates(&refused), [(1, u32::try_from(round + 1).expect("small"), Fate::Refused)]);
        assert!(broker.take(now, &[]).is_empty(), "it waits");
    }
    assert!(broker.waiting().iter().all(|waiting| !waiting.dead && waiting.nacks == 0));
    broker.expire(10_000);
    assert_eq!(broker.take(10_000, &[]).len(), 1);
}

#[test]
fn what_a_fault_refuses_is_offered_ever_more_seldom_and_at_once_when_it_is_over() {
    let mut broker = broker();
    broker.connect("inventory", 1, 10);
    broker.publish(1, &"orders".into(), &envelope("OrderCreated"));
    let (mut now, mut pauses) = (0, vec![]);
    for _ in 0..8 {
        assert_eq!(broker.take(now, &fault("fail", "")).len(), 1);
        let next = broker.next_deadline().expect("it is offered again");
        pauses.push(next - now);
        broker.expire(next);
        now = next;
    }
    assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 320, 320]);
    let refused = fault("fail", "");
    broker.take(now, &refused);
    assert!(broker.take(now, &[]).is_empty(), "it waits");
    broker.release(&refused[0].id);
    assert_eq!(positions(&broker.take(now, &[])), [1]);
}

#[test]
fn a_delayed_delivery_is_late_by_that_much_and_judged_once() {
    let mut broker = with_messages(1);
    let delay = fault("delay", r#","params":{"ms":3}"#);
    assert_eq!(fates(&broker.take(0, &delay)), [(1, 0, Fate::Held)]);
    assert_eq!(broker.next_deadline(), Some(3000));
    assert!(broker.expire(3000).is_empty(), "nobody has given it back");
    assert_eq!(fates(&broker.take(3000, &delay)), [(1, 1, Fate::To(1))]);
}

#[test]
fn a_reordered_delivery_is_overtaken_by_the_next() {
    let mut broker = with_messages(2);
    let first_only = fault("reorder", r#","strength":50"#);
    let order: Vec<Position> = broker
        .take(0, &first_only)
        .iter()
        .filter(|handout| matches!(handout.fate, Fate::To(_)))
        .map(|handout| handout.delivery.position)
        .collect();
    // The same command number, so the same verdict: both wait, until their time is up.
    assert!(order.is_empty() || order == [1, 2]);
    let mut broker = with_messages(1);
    broker.take(0, &fault("reorder", ""));
    broker.publish(2, &"orders".into(), &envelope("OrderCreated"));
    assert_eq!(positions(&broker.take(0, &[])), [2, 1]);
}

#[test]
fn what_a_fault_holds_up_goes_once_the_fault_is_gone() {
    for (kind, more) in [("delay", r#","params":{"ms":3600000}"#), ("reorder", "")] {
        let mut broker = with_messages(1);
        assert_eq!(fates(&broker.take(0, &fault(kind, more))), [(1, 0, Fate::Held)]);
        broker.release("another");
        assert!(broker.take(1, &[]).is_empty(), "{kind}");
        broker.release("f");
        assert_eq!((broker.next_deadline(), fates(&broker.take(2, &[]))), (None, vec![(1, 1, Fate::To(1))]), "{kind}");
        // What a consumer said no to is no business of the fault's any more.
        broker.nack(1, 1, 3).expect("it has it");
        broker.release("f");
        assert!(broker.take(4, &[]).is_empty(), "{kind}");
    }
}

#[test]
fn a_delay_may_be_longer_than_time_lasts() {
    let mut broker = with_messages(1);
    let delay = fault("delay", &format!(r#","params":{{"ms":{}}}"#, u64::MAX));
    assert_eq!(fates(&broker.take(1, &delay)), [(1, 0, Fate::Held)]);
    assert!(broker.expire(u64::MAX - 1).is_empty());
}

#[test]
fn who_waits_to_be_overtaken_does_not_wait_for_ever() {
    let mut broker = with_messages(1);
    broker.take(0, &fault("reorder", ""));
    assert_eq!(broker.next_deadline(), Some(500));
    broker.expire(500);
    assert_eq!(positions(&broker.take(500, &[])), [1]);
}

#[test]
fn a_duplicate_is_handed_over_twice_and_settled_when_both_are() {
    let mut broker = with_messages(1);
    let twice = broker.take(0, &fault("duplicate", ""));
    assert_eq!(fates(&twice), [(1, 1, Fate::To(1)), (1, 2, Fate::To(1))]);
    assert_eq!(twice.iter().map(|handout| handout.fault.is_some()).collect::<Vec<_>>(), [false, true]);
    assert!(broker.ack(1, 1).is_none(), "there is another one");
    assert!(broker.ack(1, 1).is_some());
    assert!(broker.waiting().is_empty());
}

#[test]
fn what_is_cut_off_waits_and_comes_when_it_is_not() {
    for spec in [
        r#"{"kind":"partition","target":"inventory","ttl_ms":null}"#,
        r#"{"kind":"broker-outage","target":"broker","ttl_ms":null}"#,
    ] {
        let spec = serde_json::from_str(spec).expect("a spec");
        let faults = [Fault { id: "f".into(), spec, installed_at: 0 }];
        let mut broker = with_messages(2);
        assert_eq!(fates(&broker.take(0, &faults)), [(1, 0, Fate::Held), (2, 0, Fate::Held)], "noted once");
        assert!(broker.take(9_000_000, &faults).is_empty());
        assert_eq!(positions(&broker.take(9_000_000, &[])), [1, 2]);
    }
}

#[test]
fn who_stands_by_gets_nothing_until_it_leads_and_then_all_of_it() {
    let mut broker = broker();
    broker.connect("inventory", 1, 2);
    broker.connect("inventory", 2, 0);
    for position in 1..=3 {
        broker.publish(position, &"orders".into(), &envelope("OrderCreated"));
    }
    let handed = broker.take(0, &[]);
    assert_eq!((positions(&handed), handed.iter().all(|handout| handout.fate == Fate::To(1))), (vec![1, 2], true));

    let taken: Vec<Position> = broker.lead(2, 5).iter().map(|settled| settled.position).collect();
    assert_eq!(taken, [1, 2]);
    let again = broker.take(0, &[]);
    assert_eq!((positions(&again), again.iter().all(|handout| handout.fate == Fate::To(2))), (vec![1, 2, 3], true));
    // What the former leader still says of them counts: it has done it.
    assert!(broker.nack(1, 1, 0).is_none());
    assert!(broker.ack(1, 1).is_some());
    assert!(broker.ack(2, 1).is_none());
}

#[test]
fn a_leader_that_has_something_to_do_again_is_watched_by_those_that_stand_by() {
    let topology = protocol::topology("saga-orchestration").expect("exists");
    let mut broker = Broker::new(&topology, Settings::default());
    for id in 1..=2 {
        broker.connect("saga-orchestrator", id, 0);
        assert!(broker.is_vacant(id));
    }
    assert!(broker.lead(1, 2).is_empty() && !broker.is_vacant(2));
    for position in 1..=2 {
        broker.publish(position, &"orders".into(), &envelope("OrderCreated"));
        broker.take(0, &[]);
        assert_eq!(broker.roused(), if position == 1 { vec![2] } else { vec![] });
    }
    assert_eq!(broker.standbys(1), [2]);
    broker.disconnect(1);
    assert!(broker.is_vacant(2));
}

#[test]
fn what_is_refused_is_dead_at_once() {
    let mut broker = broker();
    broker.connect("inventory", 1, 1);
    broker.publish(1, &"orders".into(), &envelope("OrderCreated"));
    broker.take(0, &[]);
    assert!(broker.refuse(2, 1).is_none(), "another one has it");
    assert_eq!(broker.refuse(1, 1).map(|refused| (refused.dead, refused.nacks)), Some((true, 0)));
    assert!(broker.take(9_000_000, &[]).is_empty());
}

#[test]
fn what_one_of_two_consumers_had_goes_to_the_other_and_is_told() {
    let mut broker = broker();
    broker.connect("inventory", 1, 1);
    broker.connect("inventory", 2, 1);
    broker.publish(1, &"orders".into(), &envelope("OrderCreated"));
    let holder = |broker: &mut Broker| match broker.take(0, &[]).remove(0).fate {
        Fate::To(consumer) => consumer,
        other => panic!("{other:?}"),
    };
    let first = holder(&mut broker);
    assert_eq!(broker.disconnect(first).iter().map(|had| (had.position, had.nacks)).collect::<Vec<_>>(), [(1, 0)]);
    let second = holder(&mut broker);
    assert_ne!(first, second);
    assert!(broker.disconnect(second).is_empty(), "its end says it");
}

/// What may happen to a broker with one group of two consumers.
#[derive(Clone, Debug)]
enum Step {
    Publish,
    Take,
    Ack(usize),
    Nack(usize),
    Crash(bool),
    Lead(bool),
    Wait(u64),
    Checkpoint,
    /// Forget everything in memory, go on from the last checkpoint and the record behind it.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Publish),
        3 => Just(Step::Take),
        3 => any::<usize>().prop_map(Step::Ack),
        1 => any::<usize>().prop_map(Step::Nack),
        1 => any::<bool>().prop_map(Step::Crash),
        1 => any::<bool>().prop_map(Step::Lead),
        1 => (0..3000_u64).prop_map(Step::Wait),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Restart),
    ]
}

/// The record, as its owner writes it.
#[derive(Default)]
struct Record(Vec<Recorded>);

impl Record {
    fn next(&self) -> Position {
        self.0.len() as u64 + 1
    }

    fn push(&mut self, observation: Observation) {
        let observed = protocol::Observed {
            at: 0,
            trace: protocol::TraceContext::default(),
            parent_span_id: None,
            service: "broker".into(),
            replica: 0,
            code: None,
            correlation_id: None,
            observation,
        };
        self.0.push(observed.recorded(self.next(), 0));
    }

    fn rejected(&mut self, settled: Settled) {
        let Settled { group, topic, position: source_position, attempt, nacks, envelope, dead } = settled;
        let (message_id, reason) = (envelope.id, String::new());
        self.push(Observation::MessageRejected {
            topic: topic.clone(),
            group: group.clone(),
            message_id,
            source_position,
            attempt,
            nacks,
            reason: reason.clone(),
        });
        if dead {
            self.push(Observation::MessageDeadLettered { topic, group, message_id, source_position, attempt, reason });
        }
    }
}

fn count(held: &[(ConsumerId, Position, u64)], id: ConsumerId) -> usize {
    held.iter().filter(|(holder, ..)| *holder == id).count()
}

proptest! {
    /// Model: the set of unacked messages. Whatever happens, each is handed out again until it
    /// is acked or dead, never to two consumers at a time, and who follows the record knows them all.
    #[test]
    fn nothing_is_lost_and_nothing_is_with_two_consumers(steps in prop::collection::vec(step(), 1..200)) {
        let mut broker = broker();
        let mut record = Record::default();
        let mut checkpoint: (Vec<Waiting>, usize) = (vec![], 0);
        let mut unacked: BTreeSet<Position> = BTreeSet::new();
        let mut dead: BTreeSet<Position> = BTreeSet::new();
        let mut held: Vec<(ConsumerId, Position, u64)> = vec![];
        let mut now = 0;
        let mut consumers = [1, 2];
        let mut rooms = [3, 3];
        for id in consumers {
            broker.connect("inventory", id, 3);
        }
        for step in steps {
            match step {
                Step::Publish => {
                    let (position, topic, envelope) = (record.next(), Name::from("orders"), envelope("OrderCreated"));
                    broker.publish(position, &topic, &envelope);
                    record.push(Observation::MessagePublished { topic, envelope });
                    unacked.insert(position);
                }
                Step::Take => {
                    let had = held.clone();
                    for Handout { group, delivery, fate, .. } in broker.take(now, &[]) {
                        let Fate::To(consumer) = fate else { panic!("no fault stands") };
                        let Delivery { position, topic, attempt, envelope } = delivery;
                        prop_assert!(unacked.contains(&position));
                        prop_assert!(!held.iter().any(|(_, other, _)| *other == position));
                        held.push((consumer, position, now + 1000));
                        let (message_id, source_position) = (envelope.id, position);
                        record.push(Observation::MessageDelivered { topic, group, message_id, source_position, attempt });
                    }
                    for (id, room) in consumers.into_iter().zip(rooms) {
                        let (before, after) = (count(&had, id), count(&held, id));
                        prop_assert!(after <= room || after == before, "{} with room for {}", after, room);
                    }
                }
                Step::Ack(pick) if !held.is_empty() => {
                    let (consumer, position, _) = held.swap_remove(pick % held.len());
                    let settled = broker.ack(consumer, position);
                    prop_assert!(settled.is_some());
                    prop_assert!(broker.ack(consumer, position).is_none(), "acked twice");
                    let Settled { group, topic, attempt, envelope, .. } = settled.expect("it is");
                    let (message_id, source_position) = (envelope.id, position);
                    record.push(Observation::MessageAcked { topic, group, message_id, source_position, attempt });
                    unacked.remove(&position);
                }
                Step::Nack(pick) if !held.is_empty() => {
                    let (consumer, position, _) = held.swap_remove(pick % held.len());
                    let settled = broker.nack(consumer, position, now);
                    prop_assert!(settled.is_some());
                    let settled = settled.expect("it is");
                    if settled.dead {
                        unacked.remove(&position);
                        dead.insert(position);
                    }
                    record.rejected(settled);
                }
                Step::Crash(which) => {
                    let id = &mut consumers[usize::from(which)];
                    let had = broker.disconnect(*id);
                    prop_assert_eq!(had.len(), count(&held, *id));
                    had.into_iter().for_each(|settled| record.rejected(settled));
                    held.retain(|(holder, ..)| holder != id);
                    *id += 2;
                    rooms[usize::from(which)] = 3;
                    broker.connect("inventory", *id, 3);
                }
                Step::Lead(which) => {
                    let leader = consumers[usize::from(which)];
                    let taken = broker.lead(leader, 3);
                    prop_assert_eq!(taken.len(), held.len() - count(&held, leader));
                    taken.into_iter().for_each(|settled| record.rejected(settled));
                    held.retain(|(holder, ..)| *holder == leader);
                    rooms = [0, 0];
                    rooms[usize::from(which)] = 3;
                }
                Step::Wait(us) => {
                    now += us;
                    let late = broker.expire(now);
                    let positions: BTreeSet<Position> = late.iter().map(|settled| settled.position).collect();
                    let expected: BTreeSet<Position> =
                        held.iter().filter(|(.., until)| *until <= now).map(|(_, position, _)| *position).collect();
                    prop_assert_eq!(positions, expected);
                    held.retain(|(.., until)| *until > now);
                    late.into_iter().for_each(|settled| record.rejected(settled));
                }
                Step::Checkpoint => checkpoint = (broker.waiting(), record.0.len()),
                Step::Restart => {
                    let before = broker.waiting();
                    broker = self::broker();
                    for waiting in &checkpoint.0 {
                        broker.restore(waiting, "orders".into(), envelope("OrderCreated"));
                    }
                    record.0[checkpoint.1..].iter().for_each(|event| broker.follow(event));
                    prop_assert_eq!(broker.waiting(), before);
                    held.clear();
                    rooms = [3, 3];
                    for id in &mut consumers {
                        *id += 2;
                        broker.connect("inventory", *id, 3);
                    }
                }
                Step::Ack(_) | Step::Nack(_) => {}
            }
            let known: BTreeMap<Position, bool> =
                broker.waiting().iter().map(|waiting| (waiting.position, waiting.dead)).collect();
            let expected: BTreeMap<Position, bool> = unacked
                .iter()
                .map(|position| (*position, false))
                .chain(dead.iter().map(|position| (*position, true)))
                .collect();
            prop_assert_eq!(known, expected);
        }
        // Then everything calms down: all that is unacked comes, and can be acked.
        broker.lead(consumers[0], 3);
        for _ in 0..200 {
            now += 10_000_000;
            broker.expire(now);
            for handout in broker.take(now, &[]) {
                let Fate::To(consumer) = handout.fate else { panic!("no fault stands") };
                broker.ack(consumer, handout.delivery.position);
                unacked.remove(&handout.delivery.position);
            }
        }
        prop_assert!(unacked.is_empty(), "never came again: {:?}", unacked);
    }
}
