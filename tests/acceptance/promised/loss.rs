//! R7: what is lost between a service and the broker is repaired with the outbox on, and visibly
//! not with it off; lost, late and overtaken deliveries are harmless.

use super::{Figure, STYLES, fast, session};
use crate::app::{Promises, Sandbox, Session};
use diagram::DiagramState;
use futures_util::future::join_all;
use protocol::{Observation, Recorded};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

const ORDERS: usize = 60;
const ORDERS_WITHOUT: usize = 16;
const AT_ONCE: u64 = 10;

fn fault(kind: &str, target: &str, strength: u8, seed: u64) -> Value {
    json!({"kind": kind, "target": target, "strength": strength, "seed": seed, "ttl_ms": null})
}

/// Every fifth message gets lost on its way to the broker.
async fn lossy(sandbox: &Sandbox, seed: u64) {
    let view = sandbox.state().await;
    let publishers = view.pipes.iter().map(|pipe| pipe.topic.clone());
    for topic in publishers {
        sandbox.put_fault(&topic, fault("drop", &format!("topic:{topic}"), 20, seed)).await;
    }
}

fn is_lost(event: &&Recorded) -> bool {
    matches!(event.observation, Observation::FaultTriggered { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_with_the_outbox_on_every_fifth_message_is_lost_and_none_is_missing() {
    let app = fast(5).await;
    let session = session(&app).await;
    let (mut figure, mut lost) = (Figure::of("R7"), 0);
    for seed in 1.. {
        if figure.is_reached() {
            break;
        }
        for style in STYLES {
            let sandbox = session.sandbox_with(style).await;
            lossy(&sandbox, seed).await;
            let orders = join_all((0..ORDERS).map(|_| sandbox.place_order())).await;
            sandbox.see_through().await;
            let promises = Promises::of(&sandbox).await;
            promises.kept(&orders);
            // An orchestrator gives up what is late too often; nothing else keeps an order from its end.
            let given_up = if style == STYLES[0] { 0 } else { promises.cancelled() };
            assert_eq!(promises.confirmed() + given_up, ORDERS, "R7 {style}, seed {seed}");
            figure.add(promises.record().iter().filter(|event| event.observation.message().is_some()).count());
            lost += promises.record().iter().filter(is_lost).count() as u64;
            sandbox.delete().await;
        }
    }
    assert!(lost * 6 > figure.seen(), "R7 only {lost} of {} were lost", figure.seen());
    figure.report("messages were missing for good");
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_with_the_outbox_off_the_loss_shows_in_every_run() {
    let app = fast(5).await;
    let session = session(&app).await;
    let mut figure = Figure::of("R7 without an outbox");
    for first in (1..).step_by(AT_ONCE as usize) {
        if figure.is_reached() {
            break;
        }
        let runs = join_all((first..first + AT_ONCE).map(|seed| without_outbox(&session, seed))).await;
        figure.add(runs.len());
    }
    figure.report("runs hid what the outbox was missed for");
}

async fn without_outbox(session: &Session, seed: u64) {
    let sandbox = session.sandbox().await;
    sandbox.switch("outbox", false).await;
    lossy(&sandbox, seed).await;
    join_all((0..ORDERS_WITHOUT).map(|_| sandbox.place_order())).await;
    let seen = RefCell::new((DiagramState::default(), BTreeSet::new()));
    let is_over = |event: &Recorded| {
        let (state, settled) = &mut *seen.borrow_mut();
        state.evolve(event);
        match &event.observation {
            Observation::StateChanged { entity, id, from: Some(_), .. } if &**entity == "order" => {
                settled.insert(format!("order/{id}"));
            }
            Observation::FaultTriggered { on, .. } => drop(settled.insert(on.clone())),
            _ => {}
        }
        settled.len() == ORDERS_WITHOUT && state.at_rest()
    };
    sandbox.wait_for(&format!("R7 seed {seed}: each order has ended or lost a message"), is_over).await;
    // Nothing that comes later puts it right.
    sandbox.heal_all().await;
    sandbox.switch("outbox", true).await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    assert!(sandbox.broken().await.contains(&"every-saga-ends".to_owned()), "R7 seed {seed}: the loss does not show");
    sandbox.delete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r7_lost_late_and_overtaken_deliveries_are_harmless() {
    let app = fast(5).await;
    let session = session(&app).await;
    for kind in ["drop", "reorder", "delay", "fail"] {
        let sandbox = session.sandbox().await;
        for target in ["orders->inventory", "inventory->payments", "payments->orders"] {
            let mut fault = fault(kind, target, 20, 7);
            if kind == "delay" {
                fault["params"] = json!({"ms": 50, "jitter_ms": 100});
            }
            sandbox.put_fault(target.replace("->", "-to-").as_str(), fault).await;
        }
        join_all((0..40).map(|_| sandbox.place_order())).await;
        let promises = Promises::of(&sandbox).await;
        assert!(promises.record().iter().any(|event| is_lost(&event)), "R7 {kind} never struck");
        assert_eq!(promises.confirmed(), 40, "R7 {kind}");
        sandbox.delete().await;
    }
}
