//! Loading an account of a million events, against one of a thousand: cold, as after a start, from
//! the last snapshot on.

use crate::account::{Account, fill, open};
use crate::report;
use kit::event_store::EventStore;
use kit::storage;
use std::path::Path;
use std::time::Instant;

/// As a service would have it.
const EVERY: u64 = 1000;
const LOADS: usize = 2_000;

pub async fn measure(dir: &Path) -> anyhow::Result<()> {
    let store = EventStore::<Account>::with_snapshots(EVERY);
    let mut conn = open(dir, "load.db").await?;
    // Both end half-way between two snapshots.
    let (short, long) = (EVERY + EVERY / 2, 1_000_000 + EVERY / 2);
    fill(&mut conn, &store, 1, short).await?;
    fill(&mut conn, &store, 2, long).await?;
    storage::checkpoint(&dir.join("load.db")).await?;
    let mut times = [vec![], vec![]];
    for _ in 0..LOADS {
        for (times, (stream, events)) in times.iter_mut().zip([(1, short), (2, long)]) {
            // A store that has loaded nothing yet: else the states are warm, and nothing is read.
            let cold = EventStore::<Account>::with_snapshots(EVERY);
            let began = Instant::now();
            let streams = cold.load(&mut conn, [stream], &[]).await?;
            times.push(began.elapsed().as_secs_f64() * 1e6);
            anyhow::ensure!(streams.get(stream).is_some_and(|stream| stream.version == events));
        }
    }
    let [short, long] = times.map(report::median);
    println!("loading {EVERY} and more events {short:.0} µs, a million {long:.0} µs");
    let began = Instant::now();
    store.replay(&mut conn, 2, None, u64::MAX).await?;
    println!("without snapshots a million: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    report::at_most("loading a million events, ratio to a thousand", long / short, 1.5)
}
