//! An idle sandbox goes to sleep, and wakes exactly as it was.

use crate::app::{App, Promises, Sandbox, in_time};
use diagram::{DiagramState, Health};
use protocol::{Observation, Recorded};
use serde_json::json;
use std::time::Duration;

/// Looking at a sandbox keeps it awake, so this looks at the server's figures.
async fn asleep(app: &App) {
    let session = app.session();
    in_time("it goes to sleep", async {
        while !session.get_text("/metrics").await.contains("terrarium_sandboxes_live 0\n") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

/// All but where it stands in time, and who is up.
fn still(state: &DiagramState) -> DiagramState {
    let mut state = DiagramState { position: 0, at: 0, hibernated: false, ..state.clone() };
    for node in &mut state.nodes {
        (node.reason, node.pid) = (None, None);
        let each = node.instances.iter_mut().map(|instance| &mut instance.health);
        for health in each.chain([&mut node.health]).filter(|health| **health == Health::Stopped) {
            *health = Health::Up;
        }
    }
    state
}

async fn with_two_messages_waiting(sandbox: &Sandbox) -> DiagramState {
    let order = sandbox.place_order().await;
    sandbox.outcome(order).await;
    sandbox.at_rest().await;
    sandbox
        .put_fault(
            "half",
            json!({"kind": "decline-payments", "target": "payments", "ttl_ms": null, "params": {"every": 2}}),
        )
        .await;
    sandbox.crash("inventory").await;
    sandbox.place_order().await;
    sandbox.place_order().await;
    sandbox.wait_until("two wait", |state| state.sagas.pending == 2 && state.at_rest()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_sandbox_sleeps_and_wakes_exactly_as_it_was() {
    let app = App::in_process(&["--hibernate-after-s", "1"]).await;
    let sandbox = app.session().sandbox().await;
    let before = with_two_messages_waiting(&sandbox).await;
    let faults = sandbox.faults().await;
    asleep(&app).await;

    let view = sandbox.view().await;
    assert_eq!(view["state"], "hibernated");
    let health = |n: usize| view["services"][n]["health"].as_str();
    assert_eq!((health(0), health(1)), (Some("stopped"), Some("crashed")));
    let sleeping = sandbox.state().await;
    assert!(sleeping.hibernated);
    assert_eq!(still(&sleeping), still(&before));

    // Whoever opens its page wakes it.
    let woken = sandbox.wait_until("it is awake", |state| {
        state.position > sleeping.position && state.nodes.iter().filter(|node| node.health == Health::Up).count() == 3
    });
    assert_eq!(still(&woken.await), still(&before));
    assert_eq!(sandbox.view().await["state"], "running");
    assert_eq!(sandbox.faults().await, faults);
    sandbox.restart("inventory").await;
    let promises = Promises::of(&sandbox).await;
    assert_eq!((promises.confirmed(), promises.cancelled()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_wakes_a_sandbox_and_so_does_any_other_request() {
    let app = App::in_process(&["--hibernate-after-s", "1"]).await;
    let sandbox = app.session().sandbox().await;
    asleep(&app).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    asleep(&app).await;
    assert_eq!(sandbox.stock().await, 99);
    asleep(&app).await;
    sandbox.crash("payments").await;
    asleep(&app).await;
    sandbox.restart("payments").await;

    let record = sandbox.record().await;
    let of = |kind| record.iter().filter(move |event| event.observation == kind).collect::<Vec<&Recorded>>();
    let (slept, woken) = (of(Observation::SandboxHibernated), of(Observation::SandboxWoken));
    // Once more where the machine stood still for so long between two requests.
    assert!(slept.len() >= 4 && slept.len() - woken.len() <= 1, "{slept:?} {woken:?}");
    for (slept, woken) in slept.iter().zip(&woken) {
        assert!(slept.position < woken.position, "{woken:?} before {slept:?}");
    }
    for (woken, slept) in woken.iter().zip(&slept[1..]) {
        assert!(woken.position < slept.position && slept.at - woken.at > 900_000, "{slept:?} soon after {woken:?}");
    }
    Promises::of(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_with_a_viewer_or_an_unexpired_fault_stays_awake() {
    let app = App::in_process(&["--hibernate-after-s", "1"]).await;
    let session = app.session();
    let (watched, faulty, idle) = (session.sandbox().await, session.sandbox().await, session.sandbox().await);
    let mut stream = watched.events(0).await;
    faulty.put_fault("soon", json!({"kind": "crash", "target": "orders", "ttl_ms": 10_000})).await;
    in_time("one sleeps", async {
        while idle.session().get_text("/metrics").await.contains("terrarium_sandboxes_hibernated 0\n") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let state = |view: serde_json::Value| view["state"].clone();
    assert_eq!(state(watched.view().await), "running");
    assert_eq!(state(faulty.view().await), "running");
    assert_eq!(state(idle.view().await), "hibernated");
    stream.next().await.expect("it is open");
    drop(stream);
    asleep(&app).await;
    let record = faulty.record().await;
    assert!(record.iter().any(|event| matches!(event.observation, Observation::FaultCleared { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleeping_sandbox_sleeps_on_when_the_server_is_killed() {
    let mut app = App::process(&["--hibernate-after-s", "1"]).await;
    let sandbox = app.session().sandbox().await;
    with_two_messages_waiting(&sandbox).await;
    asleep(&app).await;
    let position = sandbox.position().await;
    app.kill9().await;
    app.start().await;
    assert_eq!(sandbox.position().await, position);
    assert_eq!(sandbox.view().await["state"], "hibernated");
    sandbox.restart("inventory").await;
    Promises::of(&sandbox).await;
    app.stop().await;
}
