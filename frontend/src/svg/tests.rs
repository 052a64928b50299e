use super::*;
use protocol::{Observation, Recorded, RowChange};
use serde_json::json;

fn sandbox() -> DiagramState {
    DiagramState::new(&protocol::topology("saga-choreography").expect("known"))
}

fn event(position: u64, service: &str, observation: Observation) -> Recorded {
    Recorded::bare(position, position * 1000, service, observation)
}

fn published(topic: &str, kind: &str, order: i64) -> Observation {
    let envelope = json!({
        "specversion": "1.0", "id": "6f2c9a1e-0000-4000-8000-000000000002", "source": topic, "type": kind,
        "subject": format!("order/{order}"), "time": "2026-11-22T18:00:00Z", "traceparent": "",
        "correlationid": "6f2c9a1e-0000-4000-8000-000000000001",
        "causationid": "6f2c9a1e-0000-4000-8000-000000000003", "data": {"order_id": order},
    });
    Observation::MessagePublished {
        topic: topic.into(),
        envelope: std::sync::Arc::new(serde_json::from_value(envelope).expect("an envelope")),
    }
}

fn scenes(state: &DiagramState) -> Vec<String> {
    let topology = state.topology.clone().expect("laid out");
    Shape::ALL.into_iter().map(|shape| scene(state, &Layout::new(&topology, shape))).collect()
}

#[test]
fn every_layout_names_every_service_and_what_it_declares() {
    for scene in scenes(&sandbox()) {
        for word in ["orders", "inventory", "payments", "notifications", "card network · declared 50 ms", "not started"]
        {
            assert!(scene.contains(word), "{word}");
        }
    }
}

#[test]
fn messages_for_a_crashed_service_are_seen_and_counted() {
    let mut state = sandbox();
    state.evolve(&event(1, "inventory", Observation::ServiceCrashed { reason: "asked to".into() }));
    for i in 0..3 {
        state.evolve(&event(2 + i, "orders", published("orders", "OrderCreated", 101 + i as i64)));
    }
    for scene in scenes(&state) {
        assert!(scene.contains("3 waiting for inventory"));
        assert!(scene.contains(">crashed<"));
        assert_eq!(scene.matches("t event").count(), 3);
    }
    assert!(summary(&state, View::default()).contains("3 waiting for inventory"));
}

#[test]
fn a_message_in_the_air_is_not_in_its_pipe_yet() {
    let mut state = sandbox();
    state.evolve(&event(1, "orders", published("orders", "OrderCreated", 101)));
    let layout = Layout::new(&state.topology.clone().expect("laid out"), Shape::Wide);
    let view = View { in_the_air: &[1], ..View::default() };
    let all = |view| parts(&state, &layout, view).into_iter().map(|(_, part)| part).collect::<String>();
    assert_eq!(all(view).matches("t event").count(), 0);
    assert_eq!(all(View::default()).matches("t event").count(), 1);
}

#[test]
fn rows_stand_in_the_cylinder_and_never_become_markup() {
    let mut state = sandbox();
    let row = |id, status: &str| RowChange {
        table: "orders".into(),
        key: format!("{id}"),
        before: None,
        after: Some(json!({"id": id, "status": status})),
    };
    let rows = vec![row(101, "CONFIRMED"), row(102, "<script>alert(1)</script>")];
    state.evolve(&event(1, "orders", Observation::TransactionCommitted { transaction_id: 1, rows, batch_size: 1 }));
    for scene in scenes(&state) {
        assert!(scene.contains("101 CONFIRMED"));
        assert!(scene.contains("102 &lt;script&gt;") && !scene.contains("<script"));
    }
}

#[test]
fn each_order_has_its_status_once() {
    let mut state = sandbox();
    let change = |to: &str| Observation::StateChanged { entity: "order".into(), id: 101, from: None, to: to.into() };
    state.evolve(&event(1, "orders", change("PENDING")));
    state.evolve(&event(2, "orders", change("CONFIRMED")));
    for list in [ledger(&state, 5), order_table(&state)] {
        assert_eq!(list.matches("CONFIRMED").count(), 1);
        assert!(!list.contains("PENDING"));
    }
}
