//! A load: commands at a steady rate, by the server, until somebody or something stops it.

use crate::app::{App, Sandbox, in_time};
use protocol::{Observation, Recorded};
use reqwest::Method;
use serde_json::{Value, json};
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
    let load = put(&sandbox, 50).await;
    assert_eq!((&load["type"], &load["rate"], &load["state"]), (&json!("PlaceOrder"), &json!(50), &json!("running")));
    // The learner's own quota is as it was.
    sandbox.place_order().await;
    orders(&sandbox, 100).await;
    assert_eq!(sandbox.view().await["load"]["state"], "running");
    stop(&sandbox).await;
    assert_eq!(standing(&sandbox).await, json!({"state": "off"}));
    stop(&sandbox).await;

    let record = sandbox.record().await;
    let (started, stopped) = (started(&sandbox).await, stopped(&sandbox).await);
    assert_eq!(started.observation, Observation::LoadStarted { command_type: "PlaceOrder".into(), rate: 50 });
    assert_eq!(&*started.service, "learner");
    let accepted = accepted(&record);
    let of_load: Vec<&&Recorded> = accepted.iter().filter(|event| &*event.service == "terrarium").collect();
    assert_eq!(
        (of_load.len() + 1, ended(&stopped)),
        (accepted.len(), ("learner", of_load.len() as u64, "stopped by the learner"))
    );
    assert!(of_load.iter().all(|event| (started.position..stopped.position).contains(&event.position)));
    // As many as the time has room for, by the record's own clock: none is skipped, none too early.
    let planned = (stopped.at - started.at) * 50 / 1_000_000 + 1;
    assert!((planned - 5..=planned + 1).contains(&(of_load.len() as u64)), "{} of {planned}", of_load.len());
    sandbox.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_goes_on_when_the_shelf_is_empty_and_its_service_is_down() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    put(&sandbox, 200).await;
    sandbox.wait_until("orders are cancelled", |state| state.sagas.cancelled >= 20).await;
    sandbox.crash("orders").await;
    let sent = sandbox.state().await.load.expect("it goes on").sent;
    orders(&sandbox, sent + 100).await;
    stop(&sandbox).await;
    sandbox.restart("orders").await;
    let state = sandbox.at_rest().await;
    assert_eq!(state.sagas.confirmed, 100);
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
    let again = sandbox.request(Method::PUT, "/load").json(&json!({"type": "PlaceOrder", "rate": 1}));
    assert_eq!(sandbox.session().send(again).await.status(), 507);
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
