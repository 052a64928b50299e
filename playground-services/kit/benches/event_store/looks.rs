//! The state at a random version of a stream of 400,000 events.

use crate::account::{Account, fill, open};
use crate::report;
use kit::event_store::EventStore;
use kit::storage;
use std::path::Path;
use std::time::Instant;

const EVENTS: u64 = 400_000;
const LOOKS: u64 = 20_000;
const EVERY: u64 = 1000;

pub async fn measure(dir: &Path) -> anyhow::Result<()> {
    let store = EventStore::<Account>::with_snapshots(EVERY);
    let mut conn = open(dir, "looks.db").await?;
    fill(&mut conn, &store, 1, EVENTS).await?;
    storage::checkpoint(&dir.join("looks.db")).await?;
    let mut times = vec![];
    for look in 0..LOOKS {
        let version = look * 7919 * 31 % EVENTS + 1;
        let began = Instant::now();
        let stream = store.state_at(&mut conn, 1, version).await?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
        anyhow::ensure!(stream.version == version);
    }
    println!("state at a random version of {EVENTS}, p50 {:.0} µs", report::quantile(&mut times, 0.5));
    report::at_most("state at a random version, p99 in µs", report::quantile(&mut times, 0.99), 100.0)
}
