//! R6: duplicates are harmless.

use super::{Figure, STYLES, fast, session};
use crate::app::Promises;
use futures_util::future::join_all;
use protocol::Observation;
use serde_json::json;

/// Of a sandbox; some of them find the shelf empty.
const ORDERS: usize = 110;
const AT_ONCE: usize = 22;

#[tokio::test(flavor = "multi_thread")]
async fn r6_duplicates_have_one_effect_per_message() {
    let app = fast(5).await;
    let session = session(&app).await;
    let mut figure = Figure::of("R6");
    while !figure.is_reached() {
        for style in STYLES {
            let sandbox = session.sandbox_with(style).await;
            for (id, target) in [("messages", "broker"), ("commands", "terrarium->orders")] {
                sandbox.put_fault(id, json!({"kind": "duplicate", "target": target, "ttl_ms": null})).await;
            }
            for _ in 0..ORDERS / AT_ONCE {
                join_all((0..AT_ONCE).map(|_| sandbox.place_order())).await;
                // More at once, each of them twice, would only be late.
                sandbox.see_through().await;
            }
            let promises = Promises::of(&sandbox).await;
            promises.effects_happened_once("R6");
            let strikes = |event: &&protocol::Recorded| matches!(event.observation, Observation::FaultTriggered { .. });
            figure.add(promises.record().iter().filter(strikes).count());
            sandbox.delete().await;
        }
    }
    figure.report("duplicates had a second effect");
}
