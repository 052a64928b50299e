//! R11: an outage of the broker loses nothing, and what has waited is through within 30 s.

use super::sagas::took;
use super::{Figure, STYLES, fast, session};
use crate::app::{Promises, Session};
use futures_util::future::join_all;
use protocol::{Observation, Recorded};
use serde_json::json;

/// By the sandbox's clock.
const OUTAGE_MS: u64 = 60_000;
const DRAINS_WITHIN_US: u64 = 30_000_000;
/// A hurry in which these are ten real seconds.
const RATE: u32 = 3;
const ORDERS: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn r11_an_outage_of_the_broker_of_a_minute_loses_nothing() {
    let app = fast(RATE).await;
    let session = session(&app).await;
    let mut figure = Figure::of("R11");
    while !figure.is_reached() {
        // One after another by topology, side by side in sandboxes of their own.
        let runs = STYLES.into_iter().chain([STYLES[0]]).map(|style| outage(&session, style));
        figure.add(join_all(runs).await.len());
    }
    figure.report("outages of a minute lost something");
}

async fn outage(session: &Session, style: &str) {
    let sandbox = session.sandbox_with(style).await;
    // Some are on their way when it begins, some are placed while it lasts.
    let mut acknowledged = join_all((0..ORDERS).map(|_| sandbox.place_order())).await;
    let out = json!({"kind": "broker-outage", "target": "broker", "ttl_ms": OUTAGE_MS});
    sandbox.put_fault("outage", out).await;
    acknowledged.extend(join_all((0..ORDERS).map(|_| sandbox.place_order())).await);
    let over = |event: &Recorded| matches!(event.observation, Observation::FaultCleared { .. });
    let over = sandbox.wait_for("the outage ends", over).await;
    sandbox.see_through().await;
    let promises = Promises::of(&sandbox).await;
    promises.kept(&acknowledged);
    let ends = promises.record().iter().filter(|event| matches!(event.observation, Observation::StateChanged { .. }));
    let last = ends.max_by_key(|event| event.position).expect("orders end");
    assert!(last.position > over.position, "R11 {style}: nothing had to wait");
    let took = took(promises.record());
    assert!(took <= DRAINS_WITHIN_US, "R11 {style}: drained after {took} us");
    assert_eq!(promises.confirmed() + promises.cancelled(), acknowledged.len(), "R11 {style}");
    sandbox.delete().await;
}
