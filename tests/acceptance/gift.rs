//! A fourth participant, gift-wrapping, in a shop that was built without it.

use crate::app::{App, NO_HURRY, Promises, Sandbox};
use protocol::{Observation, Recorded, Uuid};
use serde_json::json;

const STYLES: [&str; 2] = ["saga-choreography-gift", "saga-orchestration-gift"];

async fn declining(sandbox: &Sandbox) {
    let fault = json!({"kind": "decline-payments", "target": "payments", "ttl_ms": null});
    sandbox.put_fault("no-money", fault).await;
}

/// What became of the parts of an order, in the order of the record.
fn states(record: &[Recorded]) -> Vec<String> {
    let state = |event: &Recorded| match &event.observation {
        Observation::StateChanged { entity, to, .. }
            if matches!(&**entity, "order" | "reservation" | "wrapping" | "payment") =>
        {
            Some(format!("{entity} {to}"))
        }
        _ => None,
    };
    record.iter().filter_map(state).collect()
}

fn place_of(states: &[String], state: &str) -> usize {
    states.iter().position(|seen| seen == state).unwrap_or_else(|| panic!("no {state}: {states:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_is_wrapped_between_the_stock_and_the_card() {
    let app = App::in_process(&[]).await;
    for style in STYLES {
        let sandbox = app.session().sandbox_with(style).await;
        let order = sandbox.place_order().await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{style}");
        Promises::of(&sandbox).await;
        let states = states(&sandbox.record().await);
        let first = ["order PENDING", "reservation HELD", "wrapping WRAPPED", "payment CAPTURED"];
        assert_eq!(states[..4], first, "{style}");
        assert_eq!(sandbox.table("gift-wrapping", "wrappings").await[0]["status"], "WRAPPED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_takes_the_gift_out_of_its_paper_before_its_pieces_are_on_the_shelf_again() {
    let app = App::in_process(&[]).await;
    for style in STYLES {
        let sandbox = app.session().sandbox_with(style).await;
        declining(&sandbox).await;
        let order = sandbox.place_order().await;
        assert_eq!(sandbox.outcome(order).await, "CANCELLED", "{style}");
        Promises::of(&sandbox).await;
        let states = states(&sandbox.record().await);
        let (unwrapped, released) =
            (place_of(&states, "wrapping UNWRAPPED"), place_of(&states, "reservation RELEASED"));
        assert!(unwrapped < released, "{style}: {states:?}");
        assert_eq!(sandbox.stock().await, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_out_is_not_wrapped() {
    let app = App::in_process(&[]).await;
    for style in STYLES {
        let sandbox = app.session().sandbox_with(style).await;
        assert_eq!(sandbox.session().send(sandbox.place(Uuid::new_v4(), 101)).await.status(), 202);
        sandbox.wait_until("it is cancelled", |state| state.sagas.cancelled == 1).await;
        Promises::of(&sandbox).await;
        assert!(sandbox.table("gift-wrapping", "wrappings").await.is_empty(), "{style}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_twice_and_a_crash_in_the_middle_wrap_no_gift_twice() {
    let app = App::in_process(&[]).await;
    for style in STYLES {
        let sandbox = app.session().sandbox_with(style).await;
        let fault = json!({"kind": "duplicate", "target": "broker", "ttl_ms": null});
        sandbox.put_fault("twice", fault).await;
        sandbox.crash("gift-wrapping").await;
        let order = sandbox.place_order().await;
        sandbox.wait_until("it waits", |state| state.sagas.pending == 1).await;
        sandbox.restart("gift-wrapping").await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED", "{style}");
        sandbox.heal_all().await;
        sandbox.at_rest().await;
        let wrapped = states(&sandbox.record().await).iter().filter(|state| *state == "wrapping WRAPPED").count();
        assert_eq!(wrapped, 1, "{style}");
    }
}

/// Where the page of the rule says it is written: files, and how many lines in all.
async fn rule(sandbox: &Sandbox) -> (Vec<String>, usize, String) {
    let page = sandbox.session().get_text("/rule").await;
    let files = page.split("<p class=\"code-head\"><code>").skip(1);
    let files = files.map(|rest| rest.split('<').next().unwrap_or_default().to_owned()).collect();
    (files, page.matches("class=\"ln lit\"").count(), page)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_lies_in_three_services_or_in_one_list() {
    let app = App::in_process(&[]).await;
    for (style, expected) in [
        ("saga-choreography", &["orders", "inventory", "payments"][..]),
        ("saga-choreography-gift", &["orders", "inventory", "gift-wrapping", "payments"]),
        ("saga-orchestration", &["saga-orchestrator"]),
        ("saga-orchestration-gift", &["saga-orchestrator"]),
    ] {
        let sandbox = app.session().sandbox_with(style).await;
        let order = sandbox.place_order().await;
        sandbox.outcome(order).await;
        declining(&sandbox).await;
        let order = sandbox.place_order().await;
        sandbox.outcome(order).await;
        sandbox.at_rest().await;
        let (files, lines, page) = rule(&sandbox).await;
        let topology = protocol::topology(style).expect("known");
        let (file, expected_lines) = match &topology.saga {
            Some(saga) => ("definition", saga.steps.len()),
            None => ("reactions", lines),
        };
        let path = |service: &&str| format!("playground-services/{service}/src/{file}.rs");
        assert_eq!(files, expected.iter().map(path).collect::<Vec<_>>(), "{style}");
        assert!(lines >= expected.len() && lines == expected_lines, "{style}: {lines}");
        assert_eq!(page.contains("What the newcomer touched"), style.ends_with("-gift"), "{style}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_fault_at_any_step_leaves_a_gift_behind() {
    let app = App::in_process(&NO_HURRY).await;
    for style in STYLES {
        let cells = app.session().matrix(style, &[]).await.cells().await;
        assert!(cells.iter().any(|cell| cell.step == "unwrap-gift"), "{style}");
        let red: Vec<_> = cells.iter().filter(|cell| cell.state != "consistent").collect();
        assert!(red.is_empty(), "{style}: {red:#?}");
    }
}
