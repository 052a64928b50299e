//! The protections, each switched off and on: what it costs to be without it, which promise turns
//! red, and that the same strikes do no harm with it.

use crate::app::{App, Promises, Sandbox};
use protocol::{Observation, Recorded, Uuid};
use reqwest::Method;
use serde_json::{Value, json};

async fn declining(sandbox: &Sandbox) {
    let fault = json!({"kind": "decline-payments", "target": "payments", "ttl_ms": null});
    sandbox.put_fault("no-money", fault).await;
}

/// For an order that is there.
async fn command(sandbox: &Sandbox, kind: &str, order_id: i64) {
    let command = json!({"id": Uuid::new_v4(), "type": kind, "data": {"order_id": order_id}});
    let answer = sandbox.session().send(sandbox.request(Method::POST, "/commands").json(&command)).await;
    assert_eq!(answer.status(), 202);
}

/// The promises that are broken once nothing is under way.
async fn broken(sandbox: &Sandbox) -> Vec<String> {
    let now = sandbox.position().await;
    sandbox.wait_until("nothing is under way", |state| state.position >= now && state.at_rest()).await;
    sandbox.invariants().await.into_iter().filter(|promise| !promise.holds).map(|promise| promise.name).collect()
}

/// A column of the first row of a table.
async fn first(sandbox: &Sandbox, service: &str, table: &str, column: &str) -> Value {
    sandbox.table(service, table).await[0][column].clone()
}

fn crashed(event: &Recorded) -> bool {
    matches!(event.observation, Observation::ServiceCrashed { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_outbox_a_crash_between_commit_and_publish_loses_the_order_for_good() {
    let app = App::in_process(&[]).await;
    for topology in ["saga-choreography", "saga-orchestration"] {
        for on in [true, false] {
            let sandbox = app.session().sandbox_with(topology).await;
            sandbox.switch("outbox", on).await;
            let fault = json!({"kind": "crash-before-publish", "target": "orders", "ttl_ms": null});
            sandbox.put_fault("dies", fault).await;
            let order = sandbox.place_order().await;
            sandbox.wait_for("it crashes", crashed).await;
            sandbox.restart("orders").await;
            if on {
                assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{topology}");
                Promises::of(&sandbox).await;
                continue;
            }
            assert!(broken(&sandbox).await.contains(&"every-saga-ends".to_owned()), "{topology}");
            assert_eq!(first(&sandbox, "orders", "orders", "status").await, "PENDING", "{topology}");
            assert_eq!(sandbox.stock().await, 100, "{topology}: nobody has heard of it");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_inbox_what_is_delivered_twice_is_charged_twice() {
    let app = App::in_process(&[]).await;
    for (topology, edge) in
        [("saga-choreography", "inventory->payments"), ("saga-orchestration", "saga-orchestrator->payments")]
    {
        for on in [true, false] {
            let sandbox = app.session().sandbox_with(topology).await;
            sandbox.switch("inbox", on).await;
            sandbox.put_fault("twice", json!({"kind": "duplicate", "target": edge, "ttl_ms": null})).await;
            let order = sandbox.place_order().await;
            assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{topology}");
            if on {
                Promises::of(&sandbox).await;
            } else {
                let broken = broken(&sandbox).await;
                assert!(broken.contains(&"charged-at-most-once".to_owned()), "{topology}: {broken:?}");
            }
            let charges = sandbox.table("payments", "payments").await;
            assert_eq!(charges.len(), if on { 1 } else { 2 }, "{topology}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_semantic_lock_a_pending_order_is_shipped_and_then_cancelled() {
    let app = App::in_process(&[]).await;
    for topology in ["saga-choreography", "saga-orchestration"] {
        for on in [true, false] {
            let sandbox = app.session().sandbox_with(topology).await;
            sandbox.switch("semantic-lock", on).await;
            declining(&sandbox).await;
            sandbox.crash("payments").await;
            let order = sandbox.place_order().await;
            sandbox.wait_until("it is PENDING", |state| state.sagas.pending == 1).await;
            command(&sandbox, "ShipOrder", 101).await;
            let answered = |event: &Recorded| match &event.observation {
                Observation::CommandRejected { reason, .. } => reason.contains("PENDING"),
                Observation::StateChanged { entity, to, .. } => &**entity == "shipment" && &**to == "SHIPPED",
                _ => false,
            };
            let answer = sandbox.wait_for("the shipping is answered", answered).await;
            let refused = matches!(answer.observation, Observation::CommandRejected { .. });
            assert_eq!(refused, on, "{topology}: {answer:?}");
            sandbox.restart("payments").await;
            assert_eq!(sandbox.outcome(order).await, "CANCELLED", "{topology}");
            let red: &[&str] = if on { &[] } else { &["shipped-only-if-not-cancelled"] };
            assert_eq!(broken(&sandbox).await, red, "{topology}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_compensation_a_cancelled_order_holds_its_stock_for_ever() {
    let app = App::in_process(&[]).await;
    for on in [true, false] {
        let sandbox = app.session().sandbox().await;
        sandbox.switch("compensation", on).await;
        declining(&sandbox).await;
        let order = sandbox.place_order().await;
        assert_eq!(sandbox.outcome(order).await, "CANCELLED");
        if on {
            Promises::of(&sandbox).await;
        } else {
            assert_eq!(broken(&sandbox).await, ["nothing-held-by-ended-sagas"]);
            // Neither a restart nor the switch brings back what was heard and not done.
            sandbox.switch("compensation", true).await;
            sandbox.crash("inventory").await;
            sandbox.restart("inventory").await;
            sandbox.clear_fault("no-money").await;
            let next = sandbox.place_order().await;
            assert_eq!(sandbox.outcome(next).await, "CONFIRMED");
            assert_eq!(broken(&sandbox).await, ["nothing-held-by-ended-sagas"]);
        }
        let (status, left) = if on { ("RELEASED", 100) } else { ("HELD", 98) };
        assert_eq!(first(&sandbox, "inventory", "reservations", "status").await, status);
        assert_eq!(sandbox.stock().await, left);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_compensation_an_orchestrated_saga_is_parked_until_it_is_on_again() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox_with("saga-orchestration").await;
    sandbox.switch("compensation", false).await;
    declining(&sandbox).await;
    let order = sandbox.place_order().await;
    let parked = |event: &Recorded| matches!(&event.observation, Observation::SagaParked { step, .. } if &**step == "release-stock");
    sandbox.wait_for("nobody answers", parked).await;
    assert_eq!(first(&sandbox, "orders", "orders", "status").await, "PENDING");
    assert_eq!(first(&sandbox, "inventory", "reservations", "status").await, "HELD");
    sandbox.switch("compensation", true).await;
    command(&sandbox, "ResumeSaga", 101).await;
    assert_eq!(sandbox.outcome(order).await, "CANCELLED");
    assert!(broken(&sandbox).await.is_empty());
    assert_eq!(first(&sandbox, "inventory", "reservations", "status").await, "RELEASED");
    assert_eq!(sandbox.stock().await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_refund_nobody_thought_of_a_sold_out_order_is_paid_for() {
    let app = App::in_process(&[]).await;
    for on in [false, true] {
        let sandbox = app.session().sandbox_with("saga-challenge").await;
        assert_eq!(sandbox.view().await["switches"]["refund-on-rejection"], false, "the flaw is there to be found");
        sandbox.switch("refund-on-rejection", on).await;
        let answer = sandbox.session().send(sandbox.place(Uuid::new_v4(), 101)).await;
        assert_eq!(answer.status(), 202);
        sandbox.wait_until("it is cancelled", |state| state.sagas.cancelled == 1).await;
        let broken = broken(&sandbox).await;
        assert_eq!(broken.contains(&"money-conserved".to_owned()), !on, "{broken:?}");
        assert_eq!(broken.is_empty(), on, "{broken:?}");
        let status = if on { "REFUNDED" } else { "CAPTURED" };
        assert_eq!(first(&sandbox, "payments", "payments", "status").await, status);
    }
}
