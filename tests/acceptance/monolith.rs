//! One local transaction: all three statements, or none.

use crate::app::App;
use protocol::{Observation, Uuid};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_the_monolith_is_one_transaction_and_a_declined_card_takes_all_of_it_back() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox_of("monolith").await;
    let order = sandbox.place_order().await;
    assert_eq!(sandbox.outcome(order).await, "CONFIRMED");

    let decline = json!({"kind": "decline-payments", "target": "monolith", "ttl_ms": null});
    sandbox.put_fault("declined", decline).await;
    let id = Uuid::new_v4();
    sandbox.try_place(id).await.expect("202");
    let rejected = sandbox
        .wait_for("the refusal", |event| {
            matches!(&event.observation, Observation::CommandRejected { command_id, .. } if *command_id == id)
        })
        .await;
    let Observation::CommandRejected { status, reason, .. } = rejected.observation else { panic!("a refusal") };
    assert_eq!((status, &*reason), (422, "card declined"));

    let record = sandbox.record().await;
    let undone = record.iter().find_map(|event| match &event.observation {
        Observation::TransactionRolledBack { undone, .. } => Some(undone),
        _ => None,
    });
    let tables: Vec<&str> = undone.expect("rolled back").iter().map(|row| &*row.table).collect();
    assert_eq!(tables, ["stock", "reservations", "orders"]);
    let rows = |table| async { sandbox.table("monolith", table).await.len() };
    assert_eq!((rows("orders").await, rows("reservations").await, rows("payments").await), (1, 1, 1));
    assert!(sandbox.invariants().await.iter().all(|invariant| invariant.holds));
}
