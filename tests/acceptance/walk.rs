//! The walk of a new user, over the API: an order, a refusal, a crash, a `kill -9`.

use crate::app::{App, Promises, Sandbox, in_time};
use diagram::{DiagramState, Health};
use protocol::{Isolation, Observation, Recorded};
use serde_json::json;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_with_services_as_tasks() {
    walk("task").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_with_services_as_processes() {
    walk("process").await;
}

async fn walk(isolation: &str) {
    let mut app = App::process(&["--isolation", isolation]).await;
    let sandbox = app.session().sandbox().await;
    assert_eq!(sandbox.stock().await, 100);

    an_order_is_confirmed(&sandbox).await;
    a_declined_payment_gives_the_stock_back(&sandbox).await;

    let pids = pids(&sandbox.record().await);
    let inventory = pids.iter().find(|(service, _)| service == "inventory").map(|(_, pid)| *pid);
    assert_eq!(inventory.is_some(), isolation == "process");
    sandbox.crash("inventory").await;
    assert!(inventory.is_none_or(|pid| !is_running(pid)), "the crashed service's process is still there");

    let mut orders = vec![];
    for _ in 0..3 {
        orders.push(sandbox.place_order().await);
    }
    let before = sandbox.wait_until("three messages wait", three_wait).await;
    assert_eq!((before.sagas.pending, before.node("inventory").map(|node| node.health)), (3, Some(Health::Crashed)));
    every_answer_is_recorded(&sandbox).await;
    let lines = sandbox.lines().await;

    app.kill9().await;
    for (_, pid) in pids {
        in_time("a service's process ends with the server", async {
            while is_running(pid) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
    app.start().await;

    let after = sandbox.wait_until("it goes on", |state| state.position > before.position && three_up(state)).await;
    assert!(three_wait(&after) && after.sagas == before.sagas);
    assert_eq!(sandbox.view().await["services"][1], json!({"name": "inventory", "health": "crashed", "replicas": 1}));
    let lines_after = sandbox.lines().await;
    assert_eq!(lines_after[..lines.len()], lines[..], "what was recorded has changed");
    let added: Vec<Recorded> =
        lines_after[lines.len()..].iter().map(|line| serde_json::from_str(line).expect("a line")).collect();
    assert!(added.iter().all(|event| matches!(
        event.observation,
        Observation::ServiceStopped { .. } | Observation::ServiceStarted { .. } | Observation::SandboxWoken
    )));

    sandbox.restart("inventory").await;
    for order in orders {
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    }
    let promises = Promises::of(&sandbox).await;
    every_line_of_code_is_there(&sandbox).await;
    assert_eq!((promises.confirmed(), promises.cancelled()), (4, 1));
    assert_eq!(sandbox.stock().await, 96);
    app.stop().await;
}

/// From a process of its own, orders' word of its answer comes a moment after the answer itself.
async fn every_answer_is_recorded(sandbox: &Sandbox) {
    let count = |record: &[Recorded], kind: fn(&Observation) -> bool| {
        record.iter().filter(|event| kind(&event.observation)).count()
    };
    in_time("every command's answer is recorded", async {
        loop {
            let record = sandbox.record().await;
            let commands = count(&record, |seen| matches!(seen, Observation::CommandAccepted { .. }));
            let answers = count(&record, |seen| matches!(seen, Observation::ResponseSent { .. }));
            if answers == commands {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// What a service did names a line of its source that the server can show.
async fn every_line_of_code_is_there(sandbox: &Sandbox) {
    let mut sources: HashMap<String, String> = HashMap::new();
    let mut lines = 0;
    for code in sandbox.record().await.into_iter().filter_map(|event| event.code) {
        let source = match sources.entry(code.file.to_string()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let answer = sandbox.session().get(&format!("/api/sources/{}", code.file)).await;
                assert_eq!(answer.status(), 200, "{}", code.file);
                new.insert(answer.text().await.expect("text"))
            }
        };
        let line = source.lines().nth(code.line as usize - 1).unwrap_or_default();
        let said = ["publish(", "state_changed(", "fault_triggered("].iter().any(|call| line.contains(call));
        assert!(said, "{}:{}: {line}", code.file, code.line);
        lines += 1;
    }
    assert!(lines > 20 && sources.len() >= 4, "{lines} lines in {:?}", sources.keys());
}

async fn an_order_is_confirmed(sandbox: &Sandbox) {
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    let states: Vec<String> = order_states(&sandbox.record().await);
    assert_eq!(states, ["PENDING", "CONFIRMED"]);
    sandbox.at_rest().await;
    assert_eq!(sandbox.stock().await, 99);
}

async fn a_declined_payment_gives_the_stock_back(sandbox: &Sandbox) {
    sandbox.put_fault("no-money", json!({"kind": "decline-payments", "target": "payments", "ttl_ms": null})).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CANCELLED");
    let released = sandbox.wait_for("the stock is released", |event| published(event, "StockReleased")).await;
    assert_eq!(released.correlation_id, Some(order));
    sandbox.at_rest().await;
    assert_eq!(sandbox.stock().await, 99);
    sandbox.clear_fault("no-money").await;
}

fn three_wait(state: &DiagramState) -> bool {
    let lane = state.pipe("orders").and_then(|pipe| pipe.lanes.iter().find(|lane| &*lane.group == "inventory"));
    state.commands_waiting.is_empty() && lane.is_some_and(|lane| (lane.waiting.count, lane.in_flight.count) == (3, 0))
}

fn three_up(state: &DiagramState) -> bool {
    state.nodes.iter().filter(|node| node.health == Health::Up).count() == 3
}

fn published(event: &Recorded, kind: &str) -> bool {
    matches!(&event.observation, Observation::MessagePublished { envelope, .. } if *envelope.kind == *kind)
}

fn order_states(record: &[Recorded]) -> Vec<String> {
    let states = record.iter().filter_map(|event| match &event.observation {
        Observation::StateChanged { entity, to, .. } if &**entity == "order" => Some(to.to_string()),
        _ => None,
    });
    states.collect()
}

/// The services that have a process of their own.
fn pids(record: &[Recorded]) -> Vec<(String, u32)> {
    let pids = record.iter().filter_map(|event| match event.observation {
        Observation::ServiceStarted { isolation: Isolation::Process, pid, .. } => {
            Some((event.service.to_string(), pid.expect("a process has an id")))
        }
        _ => None,
    });
    pids.collect()
}

/// Not so when there is only its exit status left for somebody to read.
fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.trim().chars().next()).is_some_and(|state| state != 'Z')
}
