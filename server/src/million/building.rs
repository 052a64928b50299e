//! Building a read model of all events, while others read it.

use super::account::Club;
use super::copies::Copies;
use super::making::Ready;
use super::reads::{Reading, Times};
use super::storage::{self, models::Building, models::Model};
use kit::event_store::EventStore;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// For how long the same reads are timed when it is over.
const QUIET: Duration = Duration::from_secs(1);

/// How often those who watch are told.
const TOLD: Duration = Duration::from_millis(100);

/// Batches from one checkpoint to the next: what is not in the file itself is read more slowly.
const CHECKPOINT: u32 = 32;

/// Builds it, beside the one readers see where it is a rebuild. What was measured, unless it was
/// told to stop.
pub async fn build(
    ready: &Ready,
    copies: &Copies,
    model: Model,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Times>> {
    let store = EventStore::<Club>::default();
    let mut events = storage::read(&ready.path).await?;
    let mut own = storage::open(&copies.path).await?;
    let is_rebuild = copies.model(model).rebuild;
    let mut building = match is_rebuild {
        true => Building::rebuild(&mut own, model).await?,
        false => Building::live(&mut own, model).await?,
    };
    let reading = Reading::begin(copies.path.clone(), model);
    let mut told = Instant::now();
    for batch in 1_u32.. {
        let progress = building.advance(&store, &mut events, &mut own).await?;
        if progress.has_caught_up() {
            break;
        }
        if stop.is_cancelled() {
            reading.end().await?;
            return Ok(None);
        }
        if batch.is_multiple_of(CHECKPOINT) {
            kit::storage::checkpoint(&copies.path).await?;
        }
        if told.elapsed() >= TOLD {
            copies.advance(model, progress.position, reading.times());
            told = Instant::now();
        }
    }
    if is_rebuild {
        building.switch(&mut own).await?;
    }
    storage::close(own).await?;
    copies.advance(model, ready.events, reading.times());
    copies.built(model);
    kit::storage::checkpoint(&copies.path).await?;
    reading.quiet_now();
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(QUIET) => {}
    }
    reading.end().await.map(Some)
}
