//! R3: what a fault holds back for a while is no saga that never ends.

use crate::app::App;
use protocol::{Observation, Recorded};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn r3_an_order_whose_message_is_held_back_is_not_one_that_waits_for_ever() {
    let app = App::in_process(&[]).await;
    let sandbox = app.session().sandbox().await;
    for (kind, target) in [("drop", "topic:orders"), ("partition", "orders->broker"), ("broker-outage", "broker")] {
        sandbox.put_fault("held", json!({"kind": kind, "target": target, "ttl_ms": null})).await;
        let before = sandbox.position().await;
        let order = sandbox.place_order().await;
        let answered = |event: &Recorded| event.settles_command() && event.correlation_id == Some(order);
        sandbox.wait_for("its command is answered", answered).await;
        let struck = |event: &Recorded| {
            event.position > before && matches!(event.observation, Observation::FaultTriggered { .. })
        };
        sandbox.wait_for("its message is held back", struck).await;
        sandbox.heal_all().await;
        assert_eq!(sandbox.outcome(order).await, "CONFIRMED");
    }
    sandbox.settled().await;
    let broken = |event: &&Recorded| matches!(event.observation, Observation::InvariantBroken { .. });
    assert_eq!(sandbox.record().await.iter().find(broken), None);
}
