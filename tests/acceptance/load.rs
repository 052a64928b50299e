//! A load: commands at a steady rate, by the server, until somebody or something stops it.

use crate::app::{App, NO_HURRY, Sandbox, in_time};
use futures_util::future::join_all;
use protocol::{Observation, Recorded};
use reqwest::Method;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::time::Duration;

/// The load as it stands then.
async fn put(sandbox: &Sandbox, rate: u32) -> Value {
    let body = json!({"type": "PlaceOrder", "rate": rate});
    let answer = sandbox.session().send(sandbox.request(Method::PUT, "/load").json(&body)).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("JSON")
}

async fn stop(sandbox: &Sandbox) {
    let answer = sandbox.session().send(sandbox.request(Method::DELETE, "/load")).await;
    assert_eq!(answer.status(), 204);
}

async fn standing(sandbox: &Sandbox) -> Value {
    sandbox.session().get_json(&format!("/api/sandboxes/{}/load", sandbox.id())).await
}

async fn started(sandbox: &Sandbox) -> Recorded {
    sandbox.wait_for("it starts", |event| matches!(event.observation, Observation::LoadStarted { .. })).await
}

async fn stopped(sandbox: &Sandbox) -> Recorded {
    sandbox.wait_for("it stops", |event| matches!(event.observation, Observation::LoadStopped { .. })).await
}

/// So many orders were placed.
async fn orders(sandbox: &Sandbox, count: u64) {
    sandbox.wait_until("orders come", |state| state.load.as_ref().is_some_and(|load| load.sent >= count)).await;
}

/// More than so many of a load's commands are sent, and the last one before the next was due: if the
/// load was late it has caught up, and has skipped none.
async fn on_time(sandbox: &Sandbox, count: usize, rate: u32) {
    let sent = RefCell::new(vec![]);
    let is_on_time = |event: &Recorded| {
        let mut sent = sent.borrow_mut();
        if !is_of_load(event) {
            return false;
        }
        sent.push(event.at);
        sent.len() > count && event.at < due(sent[0], sent.len(), rate)
    };
    sandbox.wait_for("the load is on time", is_on_time).await;
}

/// When the nth command of a load is due, from 0, by the record's clock.
fn due(start: u64, n: usize, rate: u32) -> u64 {
    start + n as u64 * 1_000_000 / u64::from(rate)
}

fn is_of_load(event: &Recorded) -> bool {
    &*event.service == "terrarium" && matches!(event.observation, Observation::CommandAccepted { .. })
}

/// By whom, how many it says it sent, and why it ended.
fn ended(event: &Recorded) -> (&str, u64, &str) {
    let Observation::LoadStopped { sent, reason, .. } = &event.observation else { panic!("{event:?}") };
    (&event.service, *sent, reason)
}

fn accepted(record: &[Recorded]) -> Vec<&Recorded> {
    record.iter().filter(|event| matches!(event.observation, Observation::CommandAccepted { .. })).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_keeps_its_rate_and_counts_what_it_sent() {
    let app = App::in_process(&["--commands-per-second", "1", "--command-burst", "1"]).await;
    let sandbox = app.session().sandbox().await;
    assert_eq!(standing(&sandbox).await, json!({"state": "off"}));
    let load = put(&sandbox, 20).await;
    assert_eq!((&load["type"], &load["rate"], &load["state"]), (&json!("PlaceOrder"), &json!(20), &json!("running")));
    // The learner's own quota is as it was.
    sandbox.place_order().await;
    on_time(&sandbox, 40, 20).await;
    assert_eq!(sandbox.view().await["load"]["state"], "running");
    stop(&sandbox).await;
    assert_eq!(standing(&sandbox).await, json!({"state": "off"}));
    stop(&sandbox).await;

    let record = sandbox.record().await;
    let (started, stopped) = (started(&sandbox).await, stopped(&sandbox).await);
    assert_eq!(started.observation, Observation::LoadStarted { command_type: "PlaceOrder".into(), rate: 20 });
    assert_eq!(&*started.service, "learner");
    let accepted = accepted(&record);
    let of_load: Vec<&&Recorded> = accepted.iter().filter(|event| is_of_load(event)).collect();
    assert_eq!(
        (of_load.len() + 1, ended(&stopped)),
        (accepted.len(), ("learner", of_load.len() as u64, "stopped by the learner"))
    );
    assert!(of_load.iter().all(|event| (started.position..stopped.position).contains(&event.position)));
    for (n, command) in of_load.iter().enumerate() {
        assert!(
            command.at >= due(started.at, n, 20),
            "{n} of a load that began at {} is early: {command:?}",
            started.at
        );
    }
    sandbox.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_come_to_their_end_while_a_flood_of_new_ones_waits() {
    let app = App::in_process(&NO_HURRY).await;
    let sandbox = app.session().sandbox().await;
    let slow = json!({"kind": "slow-store", "target": "orders", "ttl_ms": null, "params": {"ms": 50}});
    sandbox.put_fault("slow", slow).await;
    join_all((0..80).map(|_| sandbox.place_order())).await;
    sandbox.at_rest().await;
    let record = sandbox.record().await;
    let came_to = |event: &&Recorded, state: &str| match &event.observation {
        Observation::StateChanged { entity, to, .. } => &**entity == "order" && **to == *state,
        _ => false,
    };
    let end = record.iter().find(|event| came_to(event, "CONFIRMED")).expect("orders end");
    let waiting = record.iter().filter(|event| event.position > end.position && came_to(event, "PENDING")).count();
    assert!(waiting > 0, "the first order ended at {} behind all the others", end.position);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_goes_on_when_the_shelf_is_empty_and_its_service_is_down() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    // The shelf is nearly empty before: a slow machine need not sell it all.
    let answer = sandbox.session().send(sandbox.place(uuid::Uuid::new_v4(), 90)).await;
    assert_eq!(answer.status(), 202);
    sandbox.at_rest().await;
    put(&sandbox, 50).await;
    sandbox.wait_until("orders are cancelled", |state| state.sagas.cancelled >= 20).await;
    sandbox.crash("orders").await;
    let sent = sandbox.state().await.load.expect("it goes on").sent;
    orders(&sandbox, sent + 100).await;
    stop(&sandbox).await;
    sandbox.restart("orders").await;
    let state = sandbox.at_rest().await;
    assert_eq!((state.sagas.confirmed, sandbox.stock().await), (11, 0));
    assert!(sandbox.invariants().await.iter().all(|invariant| invariant.holds));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_rate_ends_one_stretch_and_begins_another() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    put(&sandbox, 10).await;
    orders(&sandbox, 3).await;
    assert_eq!(put(&sandbox, 100).await["rate"], 100);
    // The same again changes nothing.
    put(&sandbox, 100).await;
    orders(&sandbox, 20).await;
    stop(&sandbox).await;
    let record = sandbox.record().await;
    let said: Vec<String> = record
        .iter()
        .filter_map(|event| match &event.observation {
            Observation::LoadStarted { rate, .. } => Some(format!("started at {rate}")),
            Observation::LoadStopped { reason, .. } => Some(reason.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["started at 10", "changed by the learner", "started at 100", "stopped by the learner"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_load_waits_for_its_turn() {
    let app = App::in_process(&[]).await;
    let session = app.session();
    let (first, second, third) = (session.sandbox().await, session.sandbox().await, session.sandbox().await);
    assert_eq!(put(&first, 5).await["state"], "running");
    assert_eq!(put(&second, 5).await["state"], "running");
    assert_eq!(put(&third, 5).await, json!({"state": "queued", "type": "PlaceOrder", "rate": 5, "sent": 0}));
    assert_eq!(third.view().await["load"]["state"], "queued");
    assert_eq!(put(&third, 7).await["state"], "queued");
    stop(&first).await;
    let started = started(&third).await;
    assert_eq!(started.observation, Observation::LoadStarted { command_type: "PlaceOrder".into(), rate: 7 });
    // One that waits may be taken back, and a sandbox that is deleted gives its turn back.
    assert_eq!(put(&first, 5).await["state"], "queued");
    stop(&first).await;
    assert_eq!(standing(&first).await["state"], "off");
    second.delete().await;
    assert_eq!(put(&first, 5).await["state"], "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_ends_when_the_record_is_full_and_does_not_begin_on_one() {
    let app = App::in_process(&["--record-bytes", "200000"]).await;
    let sandbox = app.session().sandbox().await;
    put(&sandbox, 200).await;
    let stopped = stopped(&sandbox).await;
    let (who, sent, reason) = ended(&stopped);
    assert_eq!((who, reason, sent > 0), ("terrarium", "the record is full", true));
    assert_eq!(standing(&sandbox).await["state"], "off");
    // What is packed meanwhile makes room for a little more.
    in_time("it is full for good", async {
        let again = || sandbox.request(Method::PUT, "/load").json(&json!({"type": "PlaceOrder", "rate": 200}));
        while sandbox.session().send(again()).await.status() != 507 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_keeps_its_sandbox_awake_and_ends_with_the_server() {
    let mut app = App::in_process(&["--hibernate-after-s", "1"]).await;
    let session = app.session();
    let (sandbox, idle) = (session.sandbox().await, session.sandbox().await);
    put(&sandbox, 1).await;
    in_time("the other one sleeps", async {
        while idle.session().get_text("/metrics").await.contains("terrarium_sandboxes_hibernated 0\n") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    assert_eq!(sandbox.view().await["state"], "running");
    app.stop().await;
    app.start().await;
    assert_eq!(ended(&stopped(&sandbox).await).2, "the sandbox goes to sleep");
    assert_eq!(sandbox.state().await.load, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_a_kill_cut_off_is_recorded_as_stopped() {
    let mut app = App::process(&[]).await;
    let sandbox = app.session().sandbox().await;
    put(&sandbox, 50).await;
    orders(&sandbox, 10).await;
    app.kill9().await;
    app.start().await;
    let stopped = stopped(&sandbox).await;
    let record = sandbox.record().await;
    let sent = accepted(&record).len() as u64;
    assert_eq!(ended(&stopped), ("terrarium", sent, "the server ended without a word"));
    assert_eq!(standing(&sandbox).await["state"], "off");
    sandbox.at_rest().await;
    app.stop().await;
}
