//! Finished sagas as a viewer of the record sees them: command, services, outbox, inbox, broker,
//! record, and the viewer who counts. A closed loop: so many orders are in flight at any time.

use futures_util::StreamExt;
use memchr::memmem;
use protocol::{Command, Uuid};
use server::Config;
use server::sandbox::Sandboxes;
use server::store::Store;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// A saga style, and what the record says when a saga of it has come to its end: all of these,
/// once for each saga.
pub struct Style {
    pub topology: &'static str,
    ends: &'static [&'static str],
}

pub const CHOREOGRAPHY: Style =
    Style { topology: "saga-choreography", ends: &[r#""to":"CONFIRMED""#, r#""to":"SOLD""#] };
pub const ORCHESTRATION: Style = Style { topology: "saga-orchestration", ends: &[r#""to":"COMPLETED""#] };

/// Finished sagas per second.
pub async fn sagas_per_second(dir: &Path, style: &Style, sagas: u64, in_flight: usize) -> anyhow::Result<f64> {
    let data_dir = dir.to_string_lossy().into_owned();
    let config = Config::from_args([
        "--data-dir",
        &data_dir,
        "--service-batch",
        "64",
        "--commands-per-second",
        "4000000000",
        "--command-burst",
        "4000000000",
        "--record-bytes",
        "1000000000000",
    ])?;
    let store = Store::open(dir).await?;
    let owner = store.create_session().await?.session();
    let sandboxes = Sandboxes::open(Arc::new(config), store).await?;
    let workers = u32::try_from(2 * in_flight)?;
    let topology = protocol::topology(style.topology).expect("exists").unhindered(workers);
    let sandbox = sandboxes.create(&owner, topology, 1).await?;

    let room = Arc::new(Semaphore::new(in_flight));
    let ended = Arc::new(Semaphore::new(0));
    let mut events = Box::pin(sandbox.events(0).await?);
    let viewer = tokio::spawn({
        let (room, ended) = (room.clone(), ended.clone());
        let mut ends: Vec<_> = style.ends.iter().map(|end| (memmem::Finder::new(end.as_bytes()), 0)).collect();
        async move {
            let mut known = 0;
            while let Some(bytes) = events.next().await {
                for (end, count) in &mut ends {
                    *count += end.find_iter(&bytes).count();
                }
                let finished = ends.iter().map(|(_, count)| *count).min().unwrap_or_default();
                room.add_permits(finished - known);
                ended.add_permits(finished - known);
                known = finished;
            }
        }
    });
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..sagas {
        room.acquire().await?.forget();
        let sandbox = sandbox.clone();
        tasks.spawn(async move {
            let data = serde_json::json!({ "item_id": 42, "quantity": 1, "user_id": 1 });
            sandbox.accept(Command { id: Uuid::new_v4(), kind: "PlaceOrder".to_owned(), data }).await
        });
        while let Some(accepted) = tasks.try_join_next() {
            accepted??;
        }
    }
    while let Some(accepted) = tasks.join_next().await {
        accepted??;
    }
    ended.acquire_many(u32::try_from(sagas)?).await?.forget();
    let took = began.elapsed().as_secs_f64();
    let invariants = sandbox.invariants().await?;
    anyhow::ensure!(invariants.iter().all(|invariant| invariant.holds), "{invariants:?}");
    let state = sandbox.state();
    anyhow::ensure!(state.sagas.confirmed == sagas, "{} of {sagas} confirmed", state.sagas.confirmed);
    let each = state.position as f64 / sagas as f64;
    println!("  {}: {each:.1} observations a saga, {:.0}/s", style.topology, state.position as f64 / took);
    sandboxes.shutdown().await;
    viewer.await?;
    Ok(sagas as f64 / took)
}
