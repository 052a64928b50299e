//! One local transaction: all three statements, or none.

use crate::app::{App, Sandbox};
use protocol::{Observation, RowChange, Uuid};
use serde_json::{Value, json};

/// What the latest rollback has undone, table by table.
async fn undone(sandbox: &Sandbox) -> Vec<String> {
    let table = |row: &RowChange| row.table.to_string();
    let tables = sandbox.record().await.into_iter().filter_map(|event| match event.observation {
        Observation::TransactionRolledBack { undone, .. } => Some(undone.iter().map(table).collect()),
        _ => None,
    });
    tables.last().expect("rolled back")
}

/// Rows of orders, reservations and payments.
async fn rows(sandbox: &Sandbox) -> [usize; 3] {
    let mut rows = [0; 3];
    for (count, table) in rows.iter_mut().zip(["orders", "reservations", "payments"]) {
        *count = sandbox.table("monolith", table).await.len();
    }
    rows
}

async fn on_hand(sandbox: &Sandbox) -> Value {
    sandbox.table("monolith", "stock").await[0]["on_hand"].clone()
}

async fn every_promise_holds(sandbox: &Sandbox) {
    let broken: Vec<_> = sandbox.invariants().await.into_iter().filter(|promise| !promise.holds).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_card_takes_back_the_stock_and_the_order_that_were_written() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox_with("monolith").await;
    let placed = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(placed).await, "CONFIRMED");
    assert_eq!(rows(&sandbox).await, [1, 1, 1]);
    let before = on_hand(&sandbox).await;

    let decline = json!({"kind": "decline-payments", "target": "monolith", "ttl_ms": null});
    sandbox.put_fault("declined", decline).await;
    let id = Uuid::new_v4();
    sandbox.try_place(id).await.expect("202");
    let rejected = sandbox
        .wait_for(
            "the refusal",
            |event| matches!(&event.observation, Observation::CommandRejected { command_id, .. } if *command_id == id),
        )
        .await;
    let Observation::CommandRejected { status, reason, .. } = rejected.observation else { panic!("a refusal") };
    assert_eq!((status, &*reason), (422, "card declined"));
    assert_eq!(undone(&sandbox).await, ["stock", "reservations", "orders"]);
    assert_eq!((rows(&sandbox).await, on_hand(&sandbox).await), ([1, 1, 1], before));

    sandbox.clear_fault("declined").await;
    let placed = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(placed).await, "CONFIRMED");
    every_promise_holds(&sandbox).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_before_the_commit_takes_back_all_three() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox_with("monolith").await;
    let fail = json!({"kind": "fail-step", "target": "monolith", "ttl_ms": null, "params": {"step": "charge-card"}});
    sandbox.put_fault("failing", fail).await;
    let placed = sandbox.place_order().await;
    sandbox
        .wait_for("a rollback", |event| matches!(event.observation, Observation::TransactionRolledBack { .. }))
        .await;
    assert_eq!(undone(&sandbox).await, ["stock", "reservations", "orders", "payments"]);
    assert_eq!(rows(&sandbox).await, [0, 0, 0]);

    sandbox.clear_fault("failing").await;
    assert_eq!(sandbox.outcome(placed).await, "CONFIRMED", "it is asked for again");
    assert_eq!(rows(&sandbox).await, [1, 1, 1]);
    every_promise_holds(&sandbox).await;
}
