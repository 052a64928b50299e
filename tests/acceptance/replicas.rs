//! Replicas of a service: they share its database, and the record stays whole.

use crate::app::{App, NO_HURRY, Promises, Sandbox};
use diagram::Health;
use protocol::{Observation, Recorded};
use reqwest::Method;
use serde_json::json;
use std::cell::Cell;
use std::collections::BTreeSet;

async fn scale(sandbox: &Sandbox, service: &str, replicas: u32) {
    let request = sandbox.request(Method::PUT, &format!("/services/{service}/replicas"));
    let answer = request.json(&json!({ "replicas": replicas })).send().await.expect("an answer");
    assert_eq!(answer.status(), 202);
}

fn transactions<'a>(record: &'a [Recorded], service: &'a str) -> impl Iterator<Item = (u64, u32)> + 'a {
    record.iter().filter(move |event| &*event.service == service).filter_map(|event| match event.observation {
        Observation::TransactionCommitted { transaction_id, .. } => Some((transaction_id, event.replica)),
        _ => None,
    })
}

/// Waits until so many messages of a type are published.
async fn published(sandbox: &Sandbox, kind: &str, count: usize) {
    let seen = Cell::new(0);
    let is_it = |event: &Recorded| match &event.observation {
        Observation::MessagePublished { envelope, .. } if *envelope.kind == *kind => {
            seen.set(seen.get() + 1);
            seen.get() == count
        }
        _ => false,
    };
    sandbox.wait_for(&format!("{count} times {kind}"), is_it).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_the_work_and_their_transactions_are_in_the_record_in_order() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = app.session().sandbox().await;
    for service in ["orders", "inventory", "payments"] {
        scale(&sandbox, service, 2).await;
    }
    // A lone message goes to the replica that was free last. Those that pile up in front of a service
    // that stands still are with both when it goes on.
    for service in ["inventory", "payments"] {
        sandbox.put_fault(service, json!({"kind": "pause", "target": service, "ttl_ms": null})).await;
    }
    let mut acknowledged = vec![];
    for _ in 0..40 {
        acknowledged.push(sandbox.place_order().await);
    }
    published(&sandbox, "OrderCreated", 40).await;
    sandbox.clear_fault("inventory").await;
    published(&sandbox, "StockReserved", 40).await;
    sandbox.clear_fault("payments").await;
    let state = sandbox.at_rest().await;
    assert_eq!(state.sagas.confirmed, 40);
    let record = sandbox.record().await;
    for service in ["orders", "inventory", "payments"] {
        let (numbers, replicas): (Vec<u64>, BTreeSet<u32>) = transactions(&record, service).unzip();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "{service}");
        assert_eq!(replicas, BTreeSet::from([0, 1]), "both replicas of {service} work");
        assert_eq!(state.node(service).map(|node| (node.replicas, node.instances.len())), Some((2, 2)));
    }
    Promises::of(&sandbox).await.kept(&acknowledged);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_crashes_and_the_other_goes_on() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = app.session().sandbox().await;
    scale(&sandbox, "inventory", 2).await;
    let crash = sandbox.request(Method::POST, "/services/inventory/crash?replica=0");
    assert_eq!(crash.send().await.expect("an answer").status(), 202);
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    let state = sandbox.at_rest().await;
    let inventory = state.node("inventory").expect("a node");
    let health: Vec<Health> = inventory.instances.iter().map(|instance| instance.health).collect();
    assert_eq!((inventory.health, health), (Health::Up, vec![Health::Crashed, Health::Up]));

    scale(&sandbox, "inventory", 1).await;
    assert_eq!(sandbox.view().await["services"][1], json!({"name": "inventory", "health": "crashed", "replicas": 1}));
}
