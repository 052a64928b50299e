//! Faults between a service's decision and the broker: each has an effect that can be seen in the
//! record or in a database, and its removal ends it.

use crate::app::{App, Promises, Sandbox};
use diagram::Health;
use protocol::{Observation, Recorded};
use serde_json::{Value, json};
use std::cell::Cell;

fn fault(kind: &str, target: &str, params: Value) -> Value {
    json!({"kind": kind, "target": target, "ttl_ms": null, "params": params})
}

/// What was published of a type, in the order of the record: what it is about.
fn published(record: &[Recorded], kind: &str) -> Vec<String> {
    let messages = record.iter().filter_map(|event| event.observation.message());
    messages.filter(|envelope| &*envelope.kind == kind).map(|envelope| envelope.subject.to_string()).collect()
}

fn strikes(record: &[Recorded]) -> usize {
    record.iter().filter(|event| triggered(event)).count()
}

fn triggered(event: &Recorded) -> bool {
    matches!(event.observation, Observation::FaultTriggered { .. })
}

fn crashed(event: &Recorded) -> bool {
    matches!(&event.observation, Observation::ServiceCrashed { reason } if reason.contains("before publishing"))
}

async fn statuses(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.table("orders", "orders").await.iter().map(|order| order["status"].clone()).collect()
}

async fn is_confirmed(sandbox: &Sandbox) {
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_publishes_are_repeated_once_the_fault_is_cleared() {
    let app = App::in_process(&[]).await;
    for kind in ["drop", "fail"] {
        let sandbox = app.session().sandbox().await;
        sandbox.put_fault("lossy", fault(kind, "topic:orders", json!({}))).await;
        let order = sandbox.place_order().await;
        sandbox.wait_for("it strikes", triggered).await;
        assert!(published(&sandbox.record().await, "OrderCreated").is_empty());
        assert_eq!(sandbox.table("orders", "outbox").await.len(), 1, "the relay has it");
        sandbox.clear_fault("lossy").await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{kind}");
        let before = strikes(&sandbox.record().await);
        is_confirmed(&sandbox).await;
        assert_eq!(strikes(&sandbox.record().await), before, "it is over");
        Promises::of(&sandbox).await;
        assert!(sandbox.table("orders", "outbox").await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_reach_the_broker_waits_until_it_can() {
    let app = App::in_process(&[]).await;
    for (kind, target) in [("partition", "orders->broker"), ("partition", "orders"), ("broker-outage", "broker")] {
        let sandbox = app.session().sandbox().await;
        sandbox.put_fault("cut", fault(kind, target, json!({}))).await;
        sandbox.place_order().await;
        let order = sandbox.place_order().await;
        let seen = Cell::new(0);
        let both = |event: &Recorded| {
            seen.set(seen.get() + u32::from(triggered(event)));
            seen.get() == 2
        };
        sandbox.wait_for("both are kept back", both).await;
        assert_eq!(statuses(&sandbox).await, ["PENDING", "PENDING"], "{kind} {target}");
        assert!(published(&sandbox.record().await, "OrderCreated").is_empty(), "{kind} {target}");
        sandbox.heal_all().await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{kind} {target}");
        is_confirmed(&sandbox).await;
        Promises::of(&sandbox).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_outbox_a_lost_publish_leaves_an_order_pending_for_good() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.switch("outbox", false).await;
    sandbox.put_fault("lossy", fault("drop", "topic:orders", json!({}))).await;
    sandbox.place_order().await;
    sandbox.wait_for("it strikes", triggered).await;
    sandbox.clear_fault("lossy").await;
    sandbox.switch("outbox", true).await;
    is_confirmed(&sandbox).await;
    assert_eq!(statuses(&sandbox).await, ["PENDING", "CONFIRMED"]);
    assert_eq!(published(&sandbox.record().await, "OrderCreated"), ["order/102"]);
    assert!(sandbox.table("orders", "outbox").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_publish_comes_so_much_later() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("late", fault("delay", "topic:orders", json!({"ms": 3000, "only": ["OrderCreated"]}))).await;
    is_confirmed(&sandbox).await;
    sandbox.clear_fault("late").await;
    is_confirmed(&sandbox).await;
    Promises::of(&sandbox).await;
    let record = sandbox.record().await;
    let created: Vec<&Recorded> = record
        .iter()
        .filter(|event| event.observation.message().is_some_and(|message| &*message.kind == "OrderCreated"))
        .collect();
    let committed = |message: &Recorded| {
        let same = |event: &&Recorded| {
            event.span_id == message.span_id && matches!(event.observation, Observation::TransactionCommitted { .. })
        };
        record.iter().find(same).expect("its transaction").at
    };
    let lag: Vec<u64> = created.iter().map(|message| message.at - committed(message)).collect();
    assert!(lag[0] >= 3_000_000 && lag[1] < 3_000_000, "{lag:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_published_twice_and_has_one_effect() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("twice", fault("duplicate", "topic:inventory", json!({}))).await;
    is_confirmed(&sandbox).await;
    sandbox.clear_fault("twice").await;
    is_confirmed(&sandbox).await;
    Promises::of(&sandbox).await;
    assert_eq!(published(&sandbox.record().await, "StockReserved"), ["order/101", "order/101", "order/102"]);
    assert_eq!(sandbox.table("payments", "payments").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_inbox_a_duplicate_charges_twice() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.switch("inbox", false).await;
    sandbox.put_fault("twice", fault("duplicate", "topic:inventory", json!({}))).await;
    sandbox.place_order().await;
    sandbox.at_rest().await;
    let charges = |order: i64| {
        let sandbox = sandbox.clone();
        async move {
            let payments = sandbox.table("payments", "payments").await;
            payments.iter().filter(|payment| payment["order_id"] == order).count()
        }
    };
    assert_eq!(charges(101).await, 2);
    sandbox.switch("inbox", true).await;
    is_confirmed(&sandbox).await;
    sandbox.at_rest().await;
    assert_eq!(charges(102).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reordered_publish_is_overtaken_by_the_next() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("swap", fault("reorder", "topic:orders", json!({"only": ["OrderCreated"]}))).await;
    // Both are waiting when it begins: one is there in time to overtake the other.
    sandbox.put_fault("still", fault("pause", "orders", json!({}))).await;
    sandbox
        .wait_until("it stands still", |state| state.node("orders").is_some_and(|node| node.health == Health::Paused))
        .await;
    let orders = [sandbox.place_order().await, sandbox.place_order().await];
    let asked = Cell::new(0);
    let both = |event: &Recorded| {
        asked.set(asked.get() + u32::from(matches!(event.observation, Observation::RequestSent { .. })));
        asked.get() == 2
    };
    sandbox.wait_for("both are on their way", both).await;
    sandbox.clear_fault("still").await;
    for order in orders {
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    }
    sandbox.clear_fault("swap").await;
    is_confirmed(&sandbox).await;
    Promises::of(&sandbox).await;
    assert_eq!(published(&sandbox.record().await, "OrderCreated"), ["order/102", "order/101", "order/103"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_store_makes_each_transaction_last_longer() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("slow", fault("slow-store", "orders", json!({"ms": 3000}))).await;
    is_confirmed(&sandbox).await;
    sandbox.at_rest().await;
    sandbox.clear_fault("slow").await;
    let before = strikes(&sandbox.record().await);
    is_confirmed(&sandbox).await;
    Promises::of(&sandbox).await;
    let record = sandbox.record().await;
    assert_eq!(strikes(&record), before, "it is over");
    let durations: Vec<u64> = record
        .iter()
        .filter_map(|event| match event.observation {
            Observation::ResponseSent { duration_us, .. } => Some(duration_us),
            _ => None,
        })
        .collect();
    assert!(durations[0] >= 3_000_000 && durations[1] < 3_000_000, "{durations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_before_publishing_leaves_an_order_that_nobody_hears_of_until_it_is_cleared() {
    for mut app in [App::in_process(&[]).await, App::process(&["--isolation=process"]).await] {
        let sandbox = app.session().sandbox().await;
        sandbox.put_fault("dies", fault("crash-before-publish", "orders", json!({}))).await;
        let order = sandbox.place_order().await;
        sandbox.wait_for("it crashes", crashed).await;
        assert_eq!(statuses(&sandbox).await, ["PENDING"], "it was committed");
        let record = sandbox.record().await;
        assert_eq!((strikes(&record), published(&record, "OrderCreated").len()), (1, 0));
        sandbox.clear_fault("dies").await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "the outbox had it");
        is_confirmed(&sandbox).await;
        Promises::of(&sandbox).await;
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_outbox_a_crash_before_publishing_loses_the_message() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.switch("outbox", false).await;
    sandbox.put_fault("dies", fault("crash-before-publish", "orders", json!({}))).await;
    sandbox.place_order().await;
    sandbox.wait_for("it crashes", crashed).await;
    sandbox.restart("orders").await;
    assert!(sandbox.faults().await.is_empty(), "the restart has cleared it");
    is_confirmed(&sandbox).await;
    assert_eq!(statuses(&sandbox).await, ["PENDING", "CONFIRMED"]);
    assert_eq!(published(&sandbox.record().await, "OrderCreated"), ["order/102"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_before_its_commit_is_undone_until_the_fault_is_cleared() {
    let app = App::in_process(&[]).await;
    for (service, step) in [("orders", "create-order"), ("payments", "charge-card")] {
        let sandbox = app.session().sandbox().await;
        sandbox.put_fault("fails", fault("fail-step", service, json!({"step": step}))).await;
        let order = sandbox.place_order().await;
        sandbox
            .wait_for("it is rolled back", |event| {
                matches!(&event.observation, Observation::TransactionRolledBack { undone, .. } if undone.len() == 1)
            })
            .await;
        assert!(sandbox.table(service, service).await.is_empty(), "nothing was done");
        sandbox.clear_fault("fails").await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{step}");
        is_confirmed(&sandbox).await;
        Promises::of(&sandbox).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_after_its_commit_is_asked_for_again_and_done_once() {
    let app = App::in_process(&[]).await;
    for (service, step) in [("orders", "create-order"), ("payments", "charge-card")] {
        let sandbox = app.session().sandbox().await;
        sandbox.put_fault("mute", fault("fail-step", service, json!({"step": step, "when": "after"}))).await;
        is_confirmed(&sandbox).await;
        Promises::of(&sandbox).await;
        let record = sandbox.record().await;
        assert_eq!(strikes(&record), 1, "{step}");
        let again = |event: &&Recorded| match &event.observation {
            Observation::ResponseSent { status, .. } => *status == 503,
            Observation::MessageRedelivered { group, .. } => **group == *service,
            _ => false,
        };
        assert_eq!(record.iter().filter(again).count(), 1, "{step}");
        sandbox.clear_fault("mute").await;
        is_confirmed(&sandbox).await;
        Promises::of(&sandbox).await;
        let record = sandbox.record().await;
        assert_eq!((strikes(&record), record.iter().filter(again).count()), (1, 1), "it is over");
    }
}
