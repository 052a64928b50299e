//! Snapshots: states kept at versions of a stream, so that a load replays only what came after.
//!
//! They are a copy, and a copy can be wrong: by a bug that was there when they were taken, or a
//! hand in the file. [`EventStore::check`] finds those; [`forget`] and [`keep`] put it right.

use super::storage::Pieces;
use super::{Aggregate, EventStore, Reader, StoreError, Writer};
use crate::storage::json;
use sqlx::sqlite::SqliteConnection;

/// A state as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub version: u64,
    pub state: Vec<u8>,
}

/// A snapshot that is not what the events fold to.
#[derive(Clone, Debug, PartialEq)]
pub struct WrongSnapshot<S> {
    pub version: u64,
    /// `None` where it cannot be read at all.
    pub kept: Option<S>,
    pub replayed: S,
}

impl<A: Aggregate> EventStore<A> {
    /// Replays the stream without any snapshot, and compares. All that is found is right if nothing
    /// is returned.
    pub async fn check(
        &self,
        events: &mut SqliteConnection,
        stream: i64,
        kept: &[Snapshot],
    ) -> Result<Vec<WrongSnapshot<A::State>>, StoreError> {
        let mut wrong = vec![];
        let mut fold = self.fold(stream);
        for Snapshot { version, state } in kept {
            if fold.version < *version {
                self.go_on(events, &mut fold, *version).await?;
            }
            let kept = read::<A>(state).ok();
            // A version that the stream has not reached is wrong, too.
            if kept.as_ref() != Some(&fold.state) || fold.version != *version {
                wrong.push(WrongSnapshot { version: *version, kept, replayed: fold.state.clone() });
            }
        }
        Ok(wrong)
    }

    /// The snapshots of a stream at each `every`th version, made from its events.
    pub async fn snapshots(
        &self,
        events: &mut SqliteConnection,
        stream: i64,
        every: u64,
    ) -> Result<Vec<Snapshot>, StoreError> {
        let mut taken = vec![];
        let mut fold = self.fold(stream);
        fold.snapshot_every = Some(every.max(1));
        super::storage::bodies(events, stream, 0, u64::MAX, |first, body| {
            fold.segment(first, body, u64::MAX)?;
            taken.append(&mut fold.taken);
            Ok::<_, StoreError>(())
        })
        .await?;
        Ok(taken)
    }
}

pub(super) fn write<A: Aggregate>(state: &A::State) -> Vec<u8> {
    let mut bytes = Writer::default();
    A::write_state(state, &mut bytes);
    bytes.into_vec()
}

pub(super) fn read<A: Aggregate>(state: &[u8]) -> Result<A::State, super::Malformed> {
    let mut bytes = Reader::new(state);
    let state = A::read_state(&mut bytes)?;
    bytes.end()?;
    Ok(state)
}

/// The newest snapshot of a stream up to a version, of this schema of states.
pub async fn newest(
    conn: &mut SqliteConnection,
    stream: i64,
    schema: u16,
    up_to: u64,
) -> sqlx::Result<Option<Snapshot>> {
    let row: Option<(i64, Vec<u8>)> = sqlx::query_as(
        "select version, state from snapshot where stream = ? and schema = ? and version <= ?
         order by version desc limit 1",
    )
    .bind(stream)
    .bind(schema)
    .bind(i64::try_from(up_to).unwrap_or(i64::MAX))
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(version, state)| Snapshot { version: version.unsigned_abs(), state }))
}

/// All snapshots of a stream of this schema, by version.
pub async fn all(conn: &mut SqliteConnection, stream: i64, schema: u16) -> sqlx::Result<Vec<Snapshot>> {
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("select version, state from snapshot where stream = ? and schema = ? order by version")
            .bind(stream)
            .bind(schema)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(version, state)| Snapshot { version: version.unsigned_abs(), state }).collect())
}

/// Keeps them, in place of those at the same versions.
pub async fn keep(conn: &mut SqliteConnection, stream: i64, schema: u16, snapshots: &[Snapshot]) -> sqlx::Result<()> {
    let mut states = Pieces::default();
    let rows = json(snapshots.iter().map(|Snapshot { version, state }| {
        let (at, length) = states.put(state);
        (*version, at, length)
    }));
    sqlx::query(
        "insert or replace into snapshot (stream, schema, version, state)
         select ?1, ?2, value ->> 0, substr(?3, value ->> 1, value ->> 2) from json_each(?4)",
    )
    .bind(stream)
    .bind(schema)
    .bind(states.bytes)
    .bind(rows)
    .execute(conn)
    .await
    .map(drop)
}

/// Forgets all snapshots of a stream. Nothing is lost but time.
pub async fn forget(conn: &mut SqliteConnection, stream: i64) -> sqlx::Result<()> {
    sqlx::query("delete from snapshot where stream = ?").bind(stream).execute(conn).await.map(drop)
}
