//! Faults: each has an effect that can be seen, and ends as it says.

use crate::app::{App, Promises, Sandbox};
use protocol::{Observation, Recorded};
use serde_json::{Value, json};

async fn outcomes(sandbox: &Sandbox, orders: usize) -> Vec<String> {
    let mut outcomes = vec![];
    for _ in 0..orders {
        let order = sandbox.place_order().await;
        outcomes.push(sandbox.outcome(order).await);
    }
    outcomes
}

fn decline(more: Value) -> Value {
    let mut fault = json!({"kind": "decline-payments", "target": "payments", "ttl_ms": null});
    fault.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    fault
}

fn position_of(record: &[Recorded], seen: impl Fn(&Recorded) -> bool) -> u64 {
    record.iter().find(|event| seen(event)).expect("it is in the record").position
}

#[tokio::test(flavor = "multi_thread")]
async fn declined_payments_cancel_orders_until_the_fault_is_cleared() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    let standing = sandbox.put_fault("all", decline(json!({}))).await;
    assert_eq!(
        (&standing["id"], &standing["strength"], &standing["expires_in_ms"]),
        (&json!("all"), &json!(100), &Value::Null)
    );
    assert_eq!(sandbox.faults().await, [standing]);
    assert_eq!(outcomes(&sandbox, 2).await, ["CANCELLED", "CANCELLED"]);
    sandbox.clear_fault("all").await;
    assert_eq!(outcomes(&sandbox, 1).await, ["CONFIRMED"]);

    let promises = Promises::of(&sandbox).await;
    assert_eq!((promises.confirmed(), promises.cancelled()), (1, 2));
    let triggered = sandbox.record().await.into_iter().filter(
        |event| matches!(&event.observation, Observation::FaultTriggered { fault_id, .. } if &**fault_id == "all"),
    );
    assert_eq!(triggered.count(), 2);
    assert!(sandbox.faults().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_second_payment_is_every_second_order() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("half", decline(json!({"params": {"every": 2}}))).await;
    assert_eq!(outcomes(&sandbox, 4).await, ["CONFIRMED", "CANCELLED", "CONFIRMED", "CANCELLED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_payments_is_the_same_share_for_the_same_seed() {
    let app = App::in_process(&[]).await;
    let mut all = vec![];
    for seed in [1, 1, 2] {
        let sandbox = app.session().sandbox().await;
        sandbox.put_fault("some", decline(json!({"strength": 50, "seed": seed}))).await;
        let mut orders = vec![];
        for _ in 0..24 {
            orders.push(sandbox.place_order().await);
        }
        sandbox.at_rest().await;
        let mut ends = vec![];
        for order in orders {
            ends.push(sandbox.outcome(order).await);
        }
        assert!(ends.iter().any(|end| end == "CONFIRMED") && ends.iter().any(|end| end == "CANCELLED"), "{ends:?}");
        all.push(ends);
    }
    assert_eq!(all[0], all[1]);
    assert_ne!(all[0], all[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_begins_after_its_time_and_ends_by_itself() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("later", decline(json!({"after_ms": 3_600_000}))).await;
    assert_eq!(outcomes(&sandbox, 1).await, ["CONFIRMED"], "it has not begun");
    // The card network takes 50 ms: by then a millisecond is over.
    sandbox.put_fault("later", decline(json!({"after_ms": 1, "ttl_ms": 700}))).await;
    let listed = sandbox.faults().await;
    assert_eq!(listed.len(), 1, "it was replaced");
    assert!(listed[0]["expires_in_ms"].as_u64().is_some_and(|left| left <= 701), "{listed:?}");
    assert_eq!(outcomes(&sandbox, 1).await, ["CANCELLED"]);
    let cleared = sandbox.wait_for(
        "it ends by itself",
        |event| matches!(&event.observation, Observation::FaultCleared { reason, .. } if reason == "its time was up"),
    );
    cleared.await;
    assert!(sandbox.faults().await.is_empty());
    assert_eq!(outcomes(&sandbox, 1).await, ["CONFIRMED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_with_a_time_ends_by_itself_and_the_record_says_so() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("down", json!({"kind": "crash", "target": "inventory", "ttl_ms": 300})).await;
    let crashed = |event: &Recorded| {
        &*event.service == "inventory" && matches!(event.observation, Observation::ServiceCrashed { .. })
    };
    sandbox.wait_for("it is down", crashed).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    sandbox.at_rest().await;

    let record = sandbox.record().await;
    let down = position_of(&record, crashed);
    let installed = position_of(&record, |event| matches!(event.observation, Observation::FaultInstalled { .. }));
    let cleared = position_of(&record, |event| matches!(event.observation, Observation::FaultCleared { .. }));
    let up = position_of(&record, |event| {
        event.position > down
            && &*event.service == "inventory"
            && matches!(event.observation, Observation::ServiceStarted { .. })
    });
    assert!(installed < down && down < cleared && cleared < up);
    assert!(record[cleared as usize - 1].at - record[installed as usize - 1].at >= 300_000);
    Promises::of(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_that_is_cleared_is_over() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    for how in ["clear", "heal", "restart"] {
        sandbox.put_fault("down", json!({"kind": "crash", "target": "payments", "ttl_ms": null})).await;
        let fault = |state: &diagram::DiagramState| state.node("payments").map(|node| node.health);
        sandbox.wait_until("it is down", |state| fault(state) == Some(diagram::Health::Crashed)).await;
        let order = sandbox.place_order().await;
        match how {
            "clear" => sandbox.clear_fault("down").await,
            "heal" => sandbox.heal_all().await,
            _ => sandbox.restart("payments").await,
        }
        assert!(sandbox.faults().await.is_empty(), "{how}");
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{how}");
        sandbox.at_rest().await;
    }
    Promises::of(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_lasts_until_the_restart() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.crash("orders").await;
    sandbox.crash("orders").await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.state().await.commands_waiting, [order]);
    assert_eq!(sandbox.table("orders", "orders").await.len(), 0);
    assert_eq!(sandbox.view().await["services"][0]["health"], "crashed");
    sandbox.restart("orders").await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    assert_eq!(sandbox.view().await["services"][0]["health"], "up");
    Promises::of(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_outlives_a_kill_of_the_server() {
    let mut app = App::process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("no-money", decline(json!({}))).await;
    sandbox.put_fault("down", json!({"kind": "crash", "target": "inventory", "ttl_ms": 400})).await;
    app.kill9().await;
    app.start().await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CANCELLED", "inventory is up again, payments are declined");
    let standing = sandbox.faults().await;
    assert_eq!((standing.len(), &standing[0]["id"]), (1, &json!("no-money")));
    Promises::of(&sandbox).await;
    app.stop().await;
}
