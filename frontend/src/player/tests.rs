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
        correlation_id: Uuid::parse_str(ORDER).ok(),
        ..Recorded::bare(position, position * 1_000, service, observation)
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
fn far_behind_hops_get_shorter_until_the_end_is_shown_at_once() {
    assert_eq!((lateness(0.0), lateness(BEHIND)), (1.0, 1.0));
    assert!(lateness(BEHIND + 1_000.0) > 3.0);
    let mut player = player();
    for i in 0..5_000 {
        player.receive(published(i + 1, "orders", "OrderCreated"), 0.0);
    }
    player.advance(16.0, 16.0);
    assert_eq!((player.behind(), player.flights.len()), (0, 0));
}

#[test]
fn the_clock_shows_real_time_and_how_far_it_is_stretched() {
    let mut player = player();
    player.receive(event(1, "terrarium", accepted()), 0.0);
    player.receive(Recorded { at: 11_000, ..published(2, "orders", "OrderCreated") }, 0.0);
    player.advance(0.0, 0.0);
    player.advance(HOP, HOP);
    player.advance(HOP, HOP);
    assert_eq!(player.elapsed(), 10_000);
    assert_eq!(player.stretched(), Some(50));
}

fn accepted() -> Observation {
    let command = protocol::Command { id: Uuid::nil(), kind: "PlaceOrder".into(), data: json!({}) };
    Observation::CommandAccepted { command }
}

/// A short saga, of which nothing was shown yet.
fn recorded() -> Player {
    let mut player = player();
    for event in [
        event(1, "learner", accepted()),
        published(2, "orders", "OrderCreated"),
        delivered(3, "orders", "inventory", 2),
        committed(4, "inventory"),
        published(5, "inventory", "StockReserved"),
        published(6, "inventory", "StockReleased"),
    ] {
        player.receive(event, 0.0);
    }
    player
}

#[test]
fn a_position_is_shown_as_it_was_whichever_way_one_comes() {
    let mut player = recorded();
    player.jump_to_live();
    let end = player.shown.clone();
    for position in [3, 5, 2, 0, 6, 4, 1] {
        assert!(player.seek(position));
        assert_eq!(Some(&player.shown), player.tape.state_at(position).as_ref());
        assert!(player.paused && !player.is_live());
    }
    assert!(player.seek(6));
    assert_eq!(player.shown, end);
    assert!(!player.seek(7), "nothing is shown that has not happened");
}

#[test]
fn a_moment_looked_at_has_its_token_halfway() {
    let mut player = recorded();
    assert!(player.seek(5));
    assert_eq!(names(&player), ["StockReserved"]);
    assert_eq!(player.progress(&player.flights[0]), 0.5);
    assert!(player.seek(4));
    assert!(player.flights.is_empty(), "a commit moves nothing");
}

#[test]
fn steps_by_what_matters_leave_the_rest_out() {
    let mut player = recorded();
    assert!(player.seek(2));
    assert_eq!((player.moment(true), player.moment(false)), (Some(5), Some(1)));
}

#[test]
fn played_again_it_goes_at_leisure_and_ends_at_the_present() {
    let mut player = recorded();
    player.jump_to_live();
    player.seek(1);
    player.paused = false;
    let mut seen = vec![];
    for tick in 0..100 {
        // Long ago by the clock on the wall: a replay does not hurry after it.
        player.advance(50.0, 1_000_000.0 + f64::from(tick) * 50.0);
        if seen.last() != Some(&player.shown.position) {
            seen.push(player.shown.position);
        }
    }
    assert_eq!(seen.last(), Some(&6));
    assert!(seen.len() >= 4, "{seen:?}");
    assert!(player.is_live());
}

#[test]
fn it_stops_where_it_was_asked_to() {
    let mut player = recorded();
    player.breakpoints = vec![Breakpoint::Compensation];
    let mut stopped = 0;
    for tick in 0..200 {
        stopped += u32::from(player.advance(50.0, f64::from(tick) * 50.0).stopped);
    }
    assert_eq!((stopped, player.shown.position, player.paused), (1, 6, true));
    assert_eq!(names(&player).last(), Some(&"StockReleased"), "it is seen, and does not move on");
}

#[test]
fn a_hundred_times_as_fast_many_hops_fit_into_a_frame() {
    let mut player = recorded();
    player.set_speed(SPEEDS.len() - 1);
    for tick in 0..4 {
        player.advance(16.0, f64::from(tick) * 16.0);
    }
    assert_eq!(player.shown.position, 6);
    let mut slow = recorded();
    slow.set_speed(0);
    slow.advance(100.0, 100_000.0);
    assert_eq!(slow.shown.position, 2, "who goes slowly is not hurried");
}

#[test]
fn on_an_edge_that_flows_nothing_waits() {
    let mut player = player();
    for i in 1..=60 {
        player.receive(Recorded { at: i * 5_000, ..published(i, "orders", "OrderCreated") }, 0.0);
    }
    for tick in 0..80 {
        player.advance(100.0, f64::from(tick) * 20.0);
    }
    assert_eq!(player.behind(), 0);
    assert!(player.flow.flowing().next().is_some() || player.flights.is_empty());
}

/// 300 messages in 1.5 s on one edge, and now and then one on another.
fn busy() -> Player {
    let mut player = player();
    player.receive(event(1, "learner", accepted()), 0.0);
    for i in 2..=301 {
        let published = match i % 50 {
            0 => published(i, "payments", "PaymentCaptured"),
            _ => published(i, "orders", "OrderCreated"),
        };
        player.receive(Recorded { at: i * 5_000, ..published }, 0.0);
    }
    player
}

#[test]
fn slowed_down_a_flow_stays_one_and_goes_at_the_pace_of_the_record() {
    let mut player = busy();
    assert!(player.seek(180));
    let flow = player.flow.flowing().next().expect("recalled");
    assert_eq!(flow.rate(), 88, "of two seconds, of which the first was still quiet");
    player.set_speed(2);
    player.paused = false;
    // 20 s of the picture are 0.2 s of the record, in which single tokens hold nothing up.
    for tick in 0..400 {
        player.advance(50.0, f64::from(tick) * 50.0);
    }
    assert!((218..=222).contains(&player.shown.position), "{}", player.shown.position);
    assert!(player.flow.flowing().next().is_some());
    assert!((90..=110).contains(&player.stretched().expect("is stretched")), "{:?}", player.stretched());
}

#[test]
fn what_is_at_hand_runs_out_where_there_is_more_and_it_is_played() {
    let mut player = busy();
    let mut window = crate::tape::Window::new(player.tape.state_at(0).expect("the beginning"));
    for position in 1..=100 {
        window.push(player.tape.entry(position).expect("there").event.clone());
    }
    player.tape = Tape::new(player.tape.live().end().clone());
    player.tape.remember(window);
    assert!(player.seek(40));
    assert_eq!(player.runs_out(100), None, "nobody plays it");
    player.paused = false;
    assert_eq!((player.runs_out(50), player.runs_out(100)), (None, Some(100)));
}
