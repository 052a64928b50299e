//! The checkers are tested with real mutants, too: a protection that is off makes services whose
//! mistakes the right checker sees.

use crate::app::{App, Sandbox};
use protocol::{Observation, Recorded};
use reqwest::Method;
use serde_json::{Value, json};

/// A sandbox without this protection, with a fault.
async fn without(app: &App, switch: &str, fault: Value) -> Sandbox {
    let sandbox = app.session().sandbox().await;
    sandbox.switch(switch, false).await;
    sandbox.put_fault("fault", fault).await;
    sandbox
}

fn fault(kind: &str, target: &str) -> Value {
    json!({"kind": kind, "target": target, "ttl_ms": null})
}

async fn is_seen_broken(sandbox: &Sandbox, promise: &str) {
    let broken = |event: &Recorded| matches!(&event.observation, Observation::InvariantBroken { name, .. } if **name == *promise);
    sandbox.wait_for(&format!("{promise} is seen broken"), broken).await;
}

fn becomes(entity: &'static str) -> impl Fn(&Recorded) -> bool {
    move |event| matches!(&event.observation, Observation::StateChanged { entity: of, .. } if **of == *entity)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_inbox_a_duplicate_is_seen_to_charge_twice() {
    let app = App::in_process(&[]).await;
    let sandbox = without(&app, "inbox", fault("duplicate", "topic:inventory")).await;
    sandbox.place_order().await;
    is_seen_broken(&sandbox, "charged-at-most-once").await;
    is_seen_broken(&sandbox, "one-effect-per-message").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_compensation_a_cancelled_order_is_seen_to_hold_its_stock() {
    let app = App::in_process(&[]).await;
    let sandbox = without(&app, "compensation", fault("decline-payments", "payments")).await;
    sandbox.place_order().await;
    is_seen_broken(&sandbox, "nothing-held-by-ended-sagas").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_outbox_a_crash_is_seen_to_leave_an_order_waiting() {
    let app = App::in_process(&[]).await;
    let sandbox = without(&app, "outbox", fault("crash-before-publish", "orders")).await;
    sandbox.place_order().await;
    let crashed = |event: &Recorded| matches!(event.observation, Observation::ServiceCrashed { .. });
    sandbox.wait_for("it crashes", crashed).await;
    sandbox.restart("orders").await;
    is_seen_broken(&sandbox, "every-saga-ends").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_outbox_a_message_held_back_is_not_seen_as_an_order_that_waits_for_ever() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    for (kind, target) in [("drop", "topic:orders"), ("partition", "orders->broker"), ("broker-outage", "broker")] {
        sandbox.put_fault("held", fault(kind, target)).await;
        let before = sandbox.position().await;
        let order = sandbox.place_order().await;
        let answered = |event: &Recorded| event.settles_command() && event.correlation_id == Some(order);
        sandbox.wait_for("its command is answered", answered).await;
        let struck = |event: &Recorded| {
            event.position > before && matches!(event.observation, Observation::FaultTriggered { .. })
        };
        sandbox.wait_for("its message is held back", struck).await;
        sandbox.heal_all().await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    }
    sandbox.settled().await;
    let broken = |event: &&Recorded| matches!(event.observation, Observation::InvariantBroken { .. });
    assert_eq!(sandbox.record().await.iter().find(broken), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_semantic_lock_a_parcel_of_a_cancelled_order_is_seen_to_leave() {
    let app = App::in_process(&[]).await;
    let sandbox = without(&app, "semantic-lock", fault("decline-payments", "payments")).await;
    // The order waits for its payment for as long as payments is away.
    sandbox.crash("payments").await;
    sandbox.place_order().await;
    sandbox.wait_for("the order is there", becomes("order")).await;
    let ship = json!({"id": protocol::Uuid::from_u128(9), "type": "ShipOrder", "data": {"order_id": 101}});
    let answer = sandbox.session().send(sandbox.request(Method::POST, "/commands").json(&ship)).await;
    assert_eq!(answer.status(), 202);
    sandbox.wait_for("the parcel leaves", becomes("shipment")).await;
    sandbox.restart("payments").await;
    is_seen_broken(&sandbox, "shipped-only-if-not-cancelled").await;
}
