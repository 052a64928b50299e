//! Reading what happened: one stream, or all of them in the order of positions, to the end and on.

use super::StoreError;
use super::aggregate::Recorded;
use super::segment::Segment;
use super::storage::{self, Turn};
use sqlx::sqlite::SqliteConnection;
use tokio::sync::watch;

/// About how many events are read at once.
const READ: u64 = 4096;

/// Events read from the store, in order.
#[derive(Debug)]
pub struct Batch {
    segments: Vec<Segment>,
    wanted: Wanted,
}

#[derive(Clone, Copy, Debug)]
enum Wanted {
    Sequences(u64, u64),
    PositionsBehind(u64),
}

impl Batch {
    /// They borrow from the batch.
    pub async fn events(&self) -> Result<Vec<Recorded<'_>>, StoreError> {
        let (mut read, mut turn) = (vec![], Turn::default());
        for segment in &self.segments {
            let events = segment.events();
            let (stream, sequence) = (segment.stream, segment.first);
            let events = events.map_err(|why| StoreError::Damaged { stream, sequence, why })?;
            turn.used(events.len() as u64).await;
            for event in events {
                // What was packed together lies stream by stream. There is no gap, so each has its place.
                let place = match self.wanted {
                    Wanted::Sequences(from, to) if event.sequence <= to => event.sequence.checked_sub(from),
                    Wanted::Sequences(..) => None,
                    Wanted::PositionsBehind(after) => event.position.checked_sub(after + 1),
                };
                let Some(place) = place.and_then(|place| usize::try_from(place).ok()) else { continue };
                if place >= read.len() {
                    read.resize(place + 1, None);
                }
                read[place] = Some(event);
            }
        }
        Ok(read.into_iter().flatten().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }
}

/// The events of a stream from one sequence to another.
pub async fn read_stream(conn: &mut SqliteConnection, stream: i64, from: u64, to: u64) -> sqlx::Result<Batch> {
    let segments = storage::of_stream(conn, stream, from, to).await?;
    Ok(Batch { segments, wanted: Wanted::Sequences(from, to) })
}

/// The next events of all streams behind a position: some thousands, or all there are.
pub async fn read_all(conn: &mut SqliteConnection, after: u64) -> sqlx::Result<Batch> {
    let segments = storage::of_all(conn, after, READ).await?;
    Ok(Batch { segments, wanted: Wanted::PositionsBehind(after) })
}

/// Follows all streams from a position on: first what is there, then what comes.
#[derive(Debug)]
pub struct Subscription {
    /// The last position seen.
    after: u64,
    /// Told after each commit.
    committed: watch::Receiver<u64>,
}

impl Subscription {
    pub(super) fn new(after: u64, committed: watch::Receiver<u64>) -> Self {
        Subscription { after, committed }
    }

    /// The next events, as soon as there are any; `None` once nobody will append any more.
    pub async fn next(&mut self, conn: &mut SqliteConnection) -> Result<Option<Batch>, StoreError> {
        loop {
            // Marked as seen before looking: what is committed while we look wakes us again.
            self.committed.borrow_and_update();
            let batch = read_all(conn, self.after).await?;
            if let Some(last) = batch.segments.iter().map(|segment| segment.position).max() {
                self.after = last;
                return Ok(Some(batch));
            }
            if self.committed.changed().await.is_err() {
                return Ok(None);
            }
        }
    }
}
