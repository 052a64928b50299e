//! Faults: each has an effect that can be seen, and ends as it says.

use crate::app::{App, Promises, Sandbox};
use diagram::{DiagramState, Health};
use protocol::{Observation, Recorded};
use reqwest::Method;
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
    sandbox.put_fault("later", decline(json!({"after_ms": 1, "ttl_ms": 3_600_000}))).await;
    let listed = sandbox.faults().await;
    assert_eq!(listed.len(), 1, "it was replaced");
    assert!(listed[0]["expires_in_ms"].as_u64().is_some_and(|left| left <= 3_600_001), "{listed:?}");
    assert_eq!(outcomes(&sandbox, 1).await, ["CANCELLED"]);
    sandbox.put_fault("later", decline(json!({"after_ms": 1, "ttl_ms": 200}))).await;
    let is_over = |event: &Recorded| matches!(&event.observation, Observation::FaultCleared { reason, .. } if reason == "its time was up");
    let cleared = sandbox.wait_for("it ends by itself", is_over).await;
    let record = sandbox.record().await;
    let installed = record.iter().rfind(|event| matches!(event.observation, Observation::FaultInstalled { .. }));
    assert!(cleared.at - installed.expect("it was").at >= 201_000);
    assert!(sandbox.faults().await.is_empty());
    assert_eq!(outcomes(&sandbox, 1).await, ["CONFIRMED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_with_a_time_ends_by_itself_and_the_record_says_so() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("down", json!({"kind": "crash", "target": "inventory", "ttl_ms": 2_000})).await;
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
    let struck = position_of(&record, |event| matches!(event.observation, Observation::FaultTriggered { .. }));
    let cleared = position_of(&record, |event| matches!(event.observation, Observation::FaultCleared { .. }));
    let up = position_of(&record, |event| {
        event.position > down
            && &*event.service == "inventory"
            && matches!(event.observation, Observation::ServiceStarted { .. })
    });
    assert!(installed < struck && struck < down && down < cleared && cleared < up);
    assert!(record[cleared as usize - 1].at - record[installed as usize - 1].at >= 2_000_000);
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

/// Of inventory, or of another service with one replica, once what was asked for is done.
async fn health(sandbox: &Sandbox, service: &str) -> Health {
    sandbox.health(service).await[0]
}

async fn becomes(sandbox: &Sandbox, service: &str, health: Health) {
    let is_so = |state: &DiagramState| state.node(service).is_some_and(|node| node.health == health);
    sandbox.wait_until(&format!("{service} is {health:?}"), is_so).await;
}

async fn is_confirmed(sandbox: &Sandbox) {
    assert_eq!(outcomes(sandbox, 1).await, ["CONFIRMED"]);
    Promises::of(sandbox).await;
}

fn whole(kind: &str) -> Value {
    json!({"kind": kind, "target": "inventory", "ttl_ms": null})
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_crashes_the_last_one_that_is_cleared_gives_the_service_back() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("one", whole("crash")).await;
    becomes(&sandbox, "inventory", Health::Crashed).await;
    sandbox.put_fault("other", whole("crash")).await;
    sandbox.clear_fault("one").await;
    assert_eq!(health(&sandbox, "inventory").await, Health::Crashed, "the other one stands");
    sandbox.clear_fault("other").await;
    assert_eq!(health(&sandbox, "inventory").await, Health::Up);
    is_confirmed(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_by_hand_is_not_undone_by_the_end_of_a_fault() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    for kind in ["crash-before-publish", "crash"] {
        sandbox.crash("inventory").await;
        sandbox.put_fault("other", whole(kind)).await;
        sandbox.clear_fault("other").await;
        assert_eq!(health(&sandbox, "inventory").await, Health::Crashed, "{kind}");
        sandbox.restart("inventory").await;
        is_confirmed(&sandbox).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_a_service_whatever_else_ends() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("still", whole("pause")).await;
    sandbox.put_fault("stiller", whole("pause")).await;
    becomes(&sandbox, "inventory", Health::Paused).await;
    sandbox.clear_fault("still").await;
    assert_eq!(health(&sandbox, "inventory").await, Health::Paused, "the other one stands");
    sandbox.put_fault("down", whole("crash")).await;
    becomes(&sandbox, "inventory", Health::Crashed).await;
    sandbox.clear_fault("down").await;
    assert_eq!(health(&sandbox, "inventory").await, Health::Paused, "as it was");
    let order = sandbox.place_order().await;
    sandbox.resume("inventory").await;
    assert!(sandbox.faults().await.is_empty(), "whatever its name was");
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    Promises::of(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_takes_the_replicas_to_come_and_its_end_gives_back_all() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    sandbox.put_fault("down", whole("crash")).await;
    becomes(&sandbox, "inventory", Health::Crashed).await;
    sandbox.scale("inventory", 2).await;
    assert_eq!(sandbox.view().await["services"][1]["health"], "crashed");
    sandbox.clear_fault("down").await;
    assert_eq!(sandbox.health("inventory").await, [Health::Up, Health::Up]);
    sandbox.put_fault("still", whole("pause")).await;
    let both = |state: &DiagramState| {
        let paused = |instance: &diagram::Instance| instance.health == Health::Paused;
        state.node("inventory").is_some_and(|node| node.instances.iter().filter(|it| paused(it)).count() == 2)
    };
    sandbox.wait_until("both stand still", both).await;
    sandbox.restart_replica("inventory", 1).await;
    assert!(sandbox.faults().await.is_empty());
    assert_eq!(sandbox.health("inventory").await, [Health::Up, Health::Up], "no fault is left that holds the other");
    is_confirmed(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fault_holds_up_goes_on_once_it_is_gone() {
    let app = App::in_process(&[]).await;
    for (kind, target) in [
        ("delay", "topic:orders"),
        ("delay", "orders->inventory"),
        ("delay", "terrarium->orders"),
        ("slow-store", "orders"),
    ] {
        let sandbox = app.session().sandbox().await;
        let fault = json!({"kind": kind, "target": target, "ttl_ms": null, "params": {"ms": 600_000}});
        sandbox.put_fault("late", fault).await;
        let order = sandbox.place_order().await;
        let under_way = |event: &Recorded| match &event.observation {
            Observation::FaultTriggered { .. } => true,
            // A slow store is told of once it is through.
            Observation::RequestReceived { .. } => kind == "slow-store",
            _ => false,
        };
        sandbox.wait_for("it is held up", under_way).await;
        sandbox.clear_fault("late").await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{kind} {target}");
        Promises::of(&sandbox).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_come_no_faster_than_commands_and_not_into_a_full_record_and_can_always_be_cleared() {
    let app = App::in_process(&["--commands-per-second", "1", "--command-burst", "2"]).await;
    let sandbox = app.session().sandbox().await;
    let put = || sandbox.request(Method::PUT, "/faults/one").json(&decline(json!({}))).send();
    let mut statuses = vec![];
    for _ in 0..12 {
        statuses.push(put().await.expect("an answer").status().as_u16());
    }
    assert_eq!(statuses[..2], [200, 200]);
    assert!(statuses.contains(&429), "{statuses:?}");
    sandbox.clear_fault("one").await;
    sandbox.heal_all().await;

    let app = App::in_process(&["--record-bytes", "1"]).await;
    let sandbox = app.session().sandbox().await;
    let filled = |event: &Recorded| matches!(event.observation, Observation::TransactionCommitted { .. });
    sandbox.wait_for("the shelf is filled", filled).await;
    let full = sandbox.request(Method::PUT, "/faults/one").json(&decline(json!({}))).send().await;
    assert_eq!(full.expect("an answer").status(), 507);
    let full = sandbox.request(Method::POST, "/services/orders/crash").send().await;
    assert_eq!(full.expect("an answer").status(), 507);
    sandbox.heal_all().await;
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
