use super::*;
use diagram::Token;
use serde_json::json;
use std::sync::Arc;

const ORDER: &str = "6f2c9a1e-0000-4000-8000-000000000001";

fn player() -> Player {
    Player::new(DiagramState::new(&protocol::topology("saga-choreography").expect("known")))
}

fn event(position: Position, service: &str, observation: Observation) -> Recorded {
    Recorded {
        position,
        at: position * 1_000,
        trace_id: Default::default(),
        span_id: Default::default(),
        parent_span_id: None,
        service: service.into(),
        replica: 0,
        code: None,
        correlation_id: Uuid::parse_str(ORDER).ok(),
        observation,
    }
}

fn published(position: Position, topic: &str, kind: &str) -> Recorded {
    let envelope = json!({
        "specversion": "1.0", "id": ORDER, "source": topic, "type": kind, "subject": "order/101",
        "time": "2026-11-22T18:00:00Z", "traceparent": "", "correlationid": ORDER, "causationid": ORDER,
        "data": {"order_id": 101, "quantity": 1},
    });
    let envelope = Arc::new(serde_json::from_value(envelope).expect("an envelope"));
    event(position, topic, Observation::MessagePublished { topic: topic.into(), envelope })
}

fn delivered(position: Position, topic: &str, group: &str, source_position: Position) -> Recorded {
    let message_id = Uuid::parse_str(ORDER).expect("a uuid");
    let (topic, group) = (topic.into(), group.into());
    event(position, "broker", Observation::MessageDelivered { topic, group, message_id, source_position, attempt: 1 })
}

fn committed(position: Position, service: &str) -> Recorded {
    let row = protocol::RowChange {
        table: "stock".into(),
        key: "42".into(),
        before: None,
        after: Some(json!({"item_id": 42})),
    };
    event(position, service, Observation::TransactionCommitted { transaction_id: 1, rows: vec![row], batch_size: 1 })
}

fn names(player: &Player) -> Vec<&str> {
    player.flights.iter().map(|flight| &*flight.motion.name).collect()
}

#[test]
fn a_message_leaves_its_pipe_only_after_it_was_seen_to_arrive() {
    let mut player = player();
    player.receive(published(1, "orders", "OrderCreated"), 0.0);
    player.receive(delivered(2, "orders", "inventory", 1), 0.0);
    player.advance(0.0, 0.0);
    assert_eq!((names(&player), player.in_the_air()), (vec!["OrderCreated"], vec![1]));
    player.advance(HOP + 1.0, HOP);
    assert!(player.flights.is_empty() && player.in_the_air().is_empty(), "it rests in the pipe");
    player.advance(HOP, HOP);
    assert_eq!(names(&player), ["OrderCreated"]);
    assert!(player.in_the_air().is_empty(), "now it is on its way out");
    assert_eq!(player.shown.position, 2);
}

#[test]
fn a_service_acts_only_on_what_has_arrived_and_commits_before_it_speaks() {
    let mut player = player();
    for event in [
        published(1, "orders", "OrderCreated"),
        delivered(2, "orders", "inventory", 1),
        committed(3, "inventory"),
        published(4, "inventory", "StockReserved"),
    ] {
        player.receive(event, 0.0);
    }
    let mut seen = vec![];
    for tick in 0..40 {
        player.advance(50.0, f64::from(tick) * 50.0);
        if seen.last() != Some(&player.shown.position) {
            seen.push(player.shown.position);
        }
    }
    assert_eq!(seen, [1, 2, 3, 4]);
    assert!(!player.under_way() || player.flights.len() == 1);
}

#[test]
fn deliveries_to_different_services_fly_together() {
    let mut player = player();
    player.receive(published(1, "payments", "PaymentFailed"), 0.0);
    player.advance(0.0, 0.0);
    player.advance(2.0 * HOP, 0.0);
    player.advance(HOP, 0.0);
    player.receive(delivered(2, "payments", "orders", 1), 0.0);
    player.receive(delivered(3, "payments", "inventory", 1), 0.0);
    player.advance(0.0, 0.0);
    assert_eq!(
        player.flights.iter().map(|flight| flight.motion.token).collect::<Vec<_>>(),
        [Token::Failure, Token::Compensation]
    );
}

#[test]
fn paused_the_picture_stands_and_the_stream_goes_on() {
    let mut player = player();
    player.paused = true;
    player.receive(published(1, "orders", "OrderCreated"), 0.0);
    assert_eq!(player.advance(10_000.0, 10_000.0), Changed::default());
    assert_eq!((player.shown.position, player.behind()), (0, 1));
    player.jump_to_live();
    assert_eq!((player.shown.position, player.behind()), (1, 0));
}

#[test]
fn what_came_twice_counts_once() {
    let mut player = player();
    player.receive(published(1, "orders", "OrderCreated"), 0.0);
    player.receive(published(1, "orders", "OrderCreated"), 0.0);
    assert_eq!(player.behind(), 1);
}

#[test]
fn far_behind_hops_get_shorter_until_nothing_travels() {
    assert_eq!(speed(0.0, 1), 1.0);
    assert_eq!(speed(BEHIND, 1), 1.0);
    assert!(speed(BEHIND + 1_000.0, 1) > 3.0);
    let mut player = player();
    for i in 0..5_000 {
        player.receive(published(i + 1, "orders", "OrderCreated"), 0.0);
    }
    player.advance(16.0, 16.0);
    assert!(player.behind() <= 2_000 && player.flights.len() <= 1);
    for tick in 0..1_200 {
        player.advance(16.0, f64::from(tick) * 16.0);
    }
    assert!(player.behind() == 0, "it catches up");
}

#[test]
fn the_clock_shows_real_time_and_how_far_it_is_stretched() {
    let mut player = player();
    let command = protocol::Command { id: Uuid::nil(), kind: "PlaceOrder".into(), data: json!({}) };
    player.receive(event(10, "terrarium", Observation::CommandAccepted { command }), 0.0);
    player.receive(published(20, "orders", "OrderCreated"), 0.0);
    player.advance(0.0, 0.0);
    player.advance(HOP, HOP);
    player.advance(HOP, HOP);
    assert_eq!(player.elapsed(), 10_000);
    assert_eq!(player.stretched(), Some(40));
}

#[test]
fn history_stands_before_what_happened_since() {
    let mut player = player();
    player.receive(published(7, "inventory", "StockReserved"), 0.0);
    player.advance(0.0, 0.0);
    let past = DiagramState::new(&protocol::topology("saga-choreography").expect("known"));
    player.remember(past, &[published(3, "orders", "OrderCreated")]);
    assert_eq!(player.marks.iter().map(|mark| mark.position).collect::<Vec<_>>(), [3, 7]);
    assert_eq!(player.story.iter().map(|told| told.position).collect::<Vec<_>>(), [3, 7]);
    assert_eq!(player.shown.position, 7, "the picture is as it was");
}
