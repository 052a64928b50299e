//! Faults between the broker and its consumers, on requests, and of whole services: each has an
//! effect that can be seen in the record or in a database, and its removal ends it.

use crate::app::{App, Promises, Sandbox};
use diagram::Health;
use protocol::{Observation, Recorded};
use serde_json::{Value, json};

fn fault(kind: &str, target: &str, params: Value) -> Value {
    json!({"kind": kind, "target": target, "ttl_ms": null, "params": params})
}

fn strikes(record: &[Recorded]) -> usize {
    record.iter().filter(|event| matches!(event.observation, Observation::FaultTriggered { .. })).count()
}

fn deliveries<'a>(record: &'a [Recorded], to: &'a str) -> impl Iterator<Item = &'a Recorded> {
    record.iter().filter(move |event| match &event.observation {
        Observation::MessageDelivered { group, .. } | Observation::MessageRedelivered { group, .. } => &**group == to,
        _ => false,
    })
}

fn struck(event: &Recorded) -> bool {
    matches!(event.observation, Observation::FaultTriggered { .. })
}

/// After the fault is gone an order passes without another strike, and all promises hold.
async fn is_over(sandbox: &Sandbox) {
    let before = strikes(&sandbox.record().await);
    assert!(before > 0, "it never struck");
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    assert_eq!(strikes(&sandbox.record().await), before, "it strikes no more");
    Promises::of(sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_delivery_is_offered_again_when_its_time_is_up() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("lossy", fault("drop", "orders->inventory", json!({}))).await;
    let order = sandbox.place_order().await;
    sandbox.wait_for("it strikes", struck).await;
    assert!(sandbox.table("inventory", "reservations").await.is_empty(), "it did not arrive");
    sandbox.clear_fault("lossy").await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    assert_eq!(deliveries(&sandbox.record().await, "inventory").count(), 3, "one more for it, one for the payment");
    is_over(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_delivery_is_given_back_and_comes_again() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("refusing", fault("fail", "orders->inventory", json!({}))).await;
    let order = sandbox.place_order().await;
    let refused = |event: &Recorded| matches!(event.observation, Observation::MessageRejected { nacks: 0, .. });
    sandbox.wait_for("it is refused", refused).await;
    sandbox.clear_fault("refusing").await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    is_over(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_delivery_comes_so_much_later() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("late", fault("delay", "orders->inventory", json!({"ms": 3000}))).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    sandbox.clear_fault("late").await;
    is_over(&sandbox).await;
    let record = sandbox.record().await;
    let published =
        record.iter().filter(|event| event.observation.message().is_some_and(|m| &*m.kind == "OrderCreated"));
    let lags: Vec<u64> = published
        .map(|message| {
            let of_it = |event: &&Recorded| matches!(event.observation, Observation::MessageDelivered { source_position, .. } if source_position == message.position);
            record.iter().find(of_it).expect("it was delivered").at - message.at
        })
        .collect();
    assert!(lags[0] >= 3_000_000 && lags[1] < 3_000_000, "{lags:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_delivery_charges_twice_only_without_the_inbox() {
    let app = App::in_process(&[]).await;
    for inbox in [true, false] {
        let sandbox = app.session().sandbox().await;
        sandbox.switch("inbox", inbox).await;
        sandbox.put_fault("twice", fault("duplicate", "inventory->payments", json!({}))).await;
        let order = sandbox.place_order().await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
        sandbox.at_rest().await;
        assert_eq!(deliveries(&sandbox.record().await, "payments").count(), 2);
        let charges = sandbox.table("payments", "payments").await.len();
        assert_eq!(charges, if inbox { 1 } else { 2 }, "inbox {inbox}");
        sandbox.clear_fault("twice").await;
        if inbox {
            is_over(&sandbox).await;
        } else {
            let broken = sandbox.invariants().await.into_iter().filter(|promise| !promise.holds);
            let broken: Vec<String> = broken.map(|promise| promise.name).collect();
            assert!(broken.contains(&"charged-at-most-once".to_owned()), "{broken:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reordered_delivery_is_overtaken_by_the_next() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("mixed", fault("reorder", "orders->inventory", json!({"every": 2}))).await;
    sandbox.crash("inventory").await;
    for _ in 0..3 {
        sandbox.place_order().await;
    }
    sandbox.wait_until("three wait", |state| state.pipe("orders").is_some_and(|pipe| pipe.waiting() == 3)).await;
    sandbox.restart("inventory").await;
    sandbox.at_rest().await;
    let record = sandbox.record().await;
    let order: Vec<u64> = deliveries(&record, "inventory")
        .filter_map(|event| match &event.observation {
            Observation::MessageDelivered { topic, source_position, .. } if &**topic == "orders" => {
                Some(*source_position)
            }
            _ => None,
        })
        .collect();
    assert!(!order.is_sorted(), "the second was overtaken: {order:?}");
    sandbox.clear_fault("mixed").await;
    is_over(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_from_a_service_waits_until_it_is_not() {
    let app = App::in_process(&[]).await;
    for (kind, target) in
        [("partition", "orders->inventory"), ("partition", "inventory->broker"), ("partition", "inventory")]
    {
        let sandbox = app.session().sandbox().await;
        sandbox.put_fault("cut", fault(kind, target, json!({}))).await;
        let order = sandbox.place_order().await;
        sandbox.wait_for("it is kept back", struck).await;
        assert!(sandbox.table("inventory", "reservations").await.is_empty(), "{target}");
        sandbox.heal_all().await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{target}");
        is_over(&sandbox).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_broker_stops_everything_and_loses_nothing() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.crash("inventory").await;
    let order = sandbox.place_order().await;
    sandbox.wait_until("it waits", |state| state.pipe("orders").is_some_and(|pipe| pipe.waiting() == 1)).await;
    sandbox.put_fault("out", fault("broker-outage", "broker", json!({}))).await;
    sandbox.restart("inventory").await;
    sandbox.wait_for("it is kept back", struck).await;
    assert_eq!(deliveries(&sandbox.record().await, "inventory").count(), 0);
    sandbox.heal_all().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    is_over(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_lost_refused_late_and_doubled_until_the_fault_is_cleared() {
    let app = App::in_process(&[]).await;
    for (kind, params) in [
        ("drop", json!({})),
        ("fail", json!({})),
        ("delay", json!({"ms": 300})),
        ("duplicate", json!({})),
        ("reorder", json!({})),
        ("partition", json!({})),
    ] {
        let sandbox = app.session().sandbox().await;
        sandbox.put_fault("wire", fault(kind, "terrarium->orders", params)).await;
        let order = sandbox.place_order().await;
        sandbox.wait_for("it strikes", struck).await;
        let record = sandbox.record().await;
        if matches!(kind, "drop" | "fail" | "partition") {
            let arrived = |event: &&Recorded| matches!(event.observation, Observation::RequestReceived { .. });
            assert_eq!(record.iter().filter(arrived).count(), 0, "{kind}");
            sandbox.clear_fault("wire").await;
        }
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{kind}");
        if kind == "duplicate" {
            let record = sandbox.record().await;
            let arrived = |event: &&Recorded| matches!(event.observation, Observation::RequestReceived { .. });
            assert_eq!(record.iter().filter(arrived).count(), 2);
            assert_eq!(sandbox.table("orders", "orders").await.len(), 1, "the key made them one");
        }
        sandbox.heal_all().await;
        is_over(&sandbox).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_fails_for_good_is_a_rejected_command() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("wire", fault("fail", "terrarium->orders", json!({"status": 400}))).await;
    sandbox.place_order().await;
    sandbox
        .wait_for("it is rejected", |event| {
            matches!(event.observation, Observation::CommandRejected { status: 400, .. })
        })
        .await;
    assert!(sandbox.table("orders", "orders").await.is_empty());
}

async fn paused(app: &App) {
    let sandbox = app.session().sandbox().await;
    let health = |of: &diagram::DiagramState| of.node("payments").map(|node| node.health);
    sandbox.put_fault("still", fault("pause", "payments", json!({}))).await;
    sandbox.wait_until("it stands still", |state| health(state) == Some(Health::Paused)).await;
    assert_eq!(sandbox.view().await["services"][2]["health"], "paused");
    let record = sandbox.record().await;
    let paused = record.iter().position(|event| matches!(event.observation, Observation::ServicePaused { .. }));
    let first = record.iter().position(struck).expect("the fault has struck");
    assert!(Some(first) < paused && strikes(&record) == 1);
    let order = sandbox.place_order().await;
    sandbox
        .wait_for(
            "its message is on the way",
            |event| matches!(&event.observation, Observation::MessageDelivered { group, .. } if &**group == "payments"),
        )
        .await;
    assert!(sandbox.table("payments", "payments").await.is_empty(), "it does nothing");
    sandbox.clear_fault("still").await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    let resumed = |event: &Recorded| matches!(event.observation, Observation::ServiceResumed { .. });
    sandbox.wait_for("it went on", resumed).await;
    Promises::of(&sandbox).await;

    // With a time it goes on by itself, and a restart clears it, too.
    sandbox.put_fault("brief", json!({"kind": "pause", "target": "orders", "ttl_ms": 200})).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    sandbox.put_fault("still", fault("pause", "orders", json!({}))).await;
    sandbox.restart("orders").await;
    assert!(sandbox.faults().await.is_empty());
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    Promises::of(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_service_does_nothing_and_goes_on_where_it_stood_still() {
    paused(&App::in_process(&[]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_process_does_nothing_and_goes_on_where_it_stood_still() {
    paused(&App::process(&["--isolation", "process"]).await).await;
}
