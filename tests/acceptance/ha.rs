//! High availability of the orchestrator: one replica leads, by a lease; another stands by and takes
//! over. However often that happens, nothing is done twice.

use crate::app::{App, NO_HURRY, Promises, Sandbox, in_time};
use crate::promised::Figure;
use diagram::Lease;
use protocol::{Observation, Recorded, Uuid};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const ORCHESTRATOR: &str = "saga-orchestrator";
/// A lease that no halt of a busy machine outlasts, where none is to run out but a crashed leader's.
const LONG: [&str; 2] = ["--lease-ms", "5000"];
/// A lease that is waited for until it has run out.
const SHORT: [&str; 2] = ["--lease-ms", "1000"];
/// In one sandbox.
const PAUSES: usize = 100;

async fn lease(sandbox: &Sandbox, since: u64) -> Lease {
    in_time("another replica leads", async {
        let mut state = sandbox.state().await;
        let mut events = sandbox.events(state.position).await;
        loop {
            let lease = state.node(ORCHESTRATOR).and_then(|node| node.lease.clone());
            if let Some(lease) = lease.filter(|lease| lease.token > since) {
                return lease;
            }
            state.evolve(&events.next().await.expect("it goes on").recorded());
        }
    })
    .await
}

/// Token and holder of each lease, in order.
fn leases(record: &[Recorded]) -> Vec<(u64, u32)> {
    let lease = |event: &Recorded| match event.observation {
        Observation::LeaseAcquired { token, holder, .. } => Some((token, holder)),
        _ => None,
    };
    record.iter().filter_map(lease).collect()
}

/// Each has the next token and passes to the other replica. A machine that stands still for longer than
/// a lease may have let it run out once more than the test did.
fn pass_from_one_to_the_other(leases: &[(u64, u32)]) {
    for pair in leases.windows(2) {
        let [(token, holder), (next, other)] = pair else { unreachable!("windows of two") };
        assert!(*next == token + 1 && other != holder, "{leases:?}");
    }
}

/// No message had a second effect, and no step of a saga was noted as done twice.
fn nothing_was_done_twice(record: &[Recorded]) {
    let (mut done, mut charged) = (BTreeSet::new(), BTreeSet::new());
    for event in record {
        match &event.observation {
            Observation::SagaStepCompleted { id, step } => assert!(done.insert((*id, step.clone())), "{event:?}"),
            Observation::StateChanged { entity, id, .. } if &**entity == "payment" => {
                assert!(charged.insert(*id), "{event:?}");
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_standby_takes_over_from_a_crashed_leader_and_sees_its_sagas_through() {
    let app = App::in_process(&LONG).await;
    let sandbox = app.session().sandbox_with("saga-orchestration").await;
    let first = lease(&sandbox, 0).await;
    assert_eq!(first.token, 1);
    let mut orders = vec![];
    for _ in 0..5 {
        orders.push(sandbox.place_order().await);
    }
    sandbox.crash_replica(ORCHESTRATOR, first.holder).await;
    for order in orders {
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    }
    let second = lease(&sandbox, first.token).await;
    assert_ne!(second.holder, first.holder);
    assert_eq!(Promises::of(&sandbox).await.confirmed(), 5);
    nothing_was_done_twice(&sandbox.record().await);

    // The one that comes back stands by.
    sandbox.restart_replica(ORCHESTRATOR, first.holder).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    assert_eq!(leases(&sandbox.record().await), [(1, first.holder), (2, second.holder)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_was_stopped_finds_that_it_leads_no_more() {
    let app = App::in_process(&SHORT).await;
    let sandbox = app.session().sandbox_with("saga-orchestration").await;
    let first = lease(&sandbox, 0).await;
    let target = format!("{ORCHESTRATOR}/{}", first.holder);
    sandbox.put_fault("asleep", json!({"kind": "pause", "target": target, "ttl_ms": null})).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    sandbox.clear_fault("asleep").await;
    let lost = |event: &Recorded| match event.observation {
        Observation::LeaseLost { holder, token, .. } => (holder, token) == (first.holder, first.token),
        _ => false,
    };
    sandbox.wait_for("it hears that it leads no more", lost).await;
    assert_eq!(Promises::of(&sandbox).await.confirmed(), 1);
    let leases = leases(&sandbox.record().await);
    assert!(leases.len() >= 2 && leases.contains(&(first.token, first.holder)), "{leases:?}");
    pass_from_one_to_the_other(&leases);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_are_processes_take_over_from_one_that_was_stopped_or_killed() {
    let app = App::process(&[&["--isolation", "process"][..], &SHORT].concat()).await;
    let sandbox = app.session().sandbox_with("saga-orchestration").await;
    let first = lease(&sandbox, 0).await;
    let target = format!("{ORCHESTRATOR}/{}", first.holder);
    sandbox.put_fault("asleep", json!({"kind": "pause", "target": target, "ttl_ms": null})).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    sandbox.clear_fault("asleep").await;
    let second = lease(&sandbox, first.token).await;
    assert_ne!(second.holder, first.holder);
    sandbox.crash_replica(ORCHESTRATOR, second.holder).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    assert_eq!(Promises::of(&sandbox).await.confirmed(), 2);
    nothing_was_done_twice(&sandbox.record().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_is_under_way_nobody_renews_and_nobody_takes_over() {
    let app = App::in_process(&LONG).await;
    let sandbox = app.session().sandbox_with("saga-orchestration").await;
    for _ in 0..3 {
        let order = sandbox.place_order().await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
        in_time("the lease is released", async {
            while sandbox.table(ORCHESTRATOR, "lease").await[0]["released"] != 1 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }
    assert_eq!(leases(&sandbox.record().await).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_reaches_whoever_leads() {
    let app = App::in_process(&SHORT).await;
    let sandbox = app.session().sandbox_with("saga-orchestration").await;
    let first = lease(&sandbox, 0).await;
    sandbox.crash_replica(ORCHESTRATOR, first.holder).await;
    lease(&sandbox, first.token).await;
    sandbox.command("ResumeSaga", 101).await;
    let refused = |event: &Recorded| matches!(&event.observation, Observation::CommandRejected { reason, .. } if reason.contains("There is no saga of order 101"));
    sandbox.wait_for("the leader answers", refused).await;
}

/// R10: one owner per saga. The leader is stopped for longer than its lease while sagas are under
/// way, again and again, and goes on where it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_leader_stopped_past_its_lease_never_leads_to_a_step_done_twice() {
    let options = ["--lease-ms", "200", "--service-batch", "16"];
    let app = App::in_process(&[&NO_HURRY[..], &options].concat()).await;
    let mut figure = Figure::of("R10");
    while !figure.is_reached() {
        let sandbox = app.session().sandbox_with("saga-orchestration").await;
        stopped_again_and_again(&sandbox).await;
        figure.add(PAUSES);
        sandbox.delete().await;
    }
    figure.report("pauses past a lease led to a step done twice");
}

async fn stopped_again_and_again(sandbox: &Sandbox) {
    let (mut token, mut orders): (u64, Vec<Uuid>) = (0, vec![]);
    for _ in 0..PAUSES {
        let leader = lease(sandbox, token).await;
        token = leader.token;
        let target = format!("{ORCHESTRATOR}/{}", leader.holder);
        orders.push(sandbox.place_order().await);
        sandbox.put_fault("asleep", json!({"kind": "pause", "target": target, "ttl_ms": null})).await;
        orders.push(sandbox.place_order().await);
        // Past its lease: the other has it now.
        lease(sandbox, token).await;
        sandbox.clear_fault("asleep").await;
    }
    let promises = Promises::of(sandbox).await;
    promises.kept(&orders);
    assert_eq!(promises.confirmed() + promises.cancelled(), orders.len());
    let record = sandbox.record().await;
    let leases = leases(&record);
    assert!(leases.len() > PAUSES && leases.is_sorted_by(|before, after| before.0 < after.0), "R10: {leases:?}");
    nothing_was_done_twice(&record);
}
