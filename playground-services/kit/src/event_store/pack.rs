//! Packing: rows of single events become segments, so that replaying a stream reads few rows.
//!
//! The oldest 8,192 events not packed yet are packed together, each stream's into segments of its
//! own. They take the place of the rows they are made of within one transaction, the one that
//! appended: a crash leaves either all of the old rows or all of the new. As they make up a whole
//! group of positions, all streams can still be read in the order of positions, a group at a time.

use super::StoreError;
use super::segment::{EVENTS_MAX, Filling, Segment, Slice};
use super::storage;
use protocol::Uuid;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;

/// How many events are packed together. Few in this crate's own tests, so that they pack again and again.
pub const GROUP: u64 = if cfg!(test) { 128 } else { 8192 };

/// Packs whole groups of what lies between these positions.
pub(super) async fn pack(conn: &mut SqliteConnection, packed: u64, end: u64) -> Result<(), StoreError> {
    let (mut done, mut ids) = (packed, vec![]);
    while is_due(done, end) {
        done = pack_group(conn, done, &mut ids).await?;
    }
    if done > packed {
        storage::packed_to(conn, done, ids).await?;
    }
    Ok(())
}

/// Whether there is a whole group to pack.
pub(super) fn is_due(packed: u64, end: u64) -> bool {
    end - packed >= GROUP
}

/// Returns up to where all is packed now, and adds the ids of the group.
async fn pack_group(
    conn: &mut SqliteConnection,
    after: u64,
    ids: &mut Vec<(Uuid, i64, u64)>,
) -> Result<u64, StoreError> {
    let rows = storage::of_all(conn, after, GROUP).await?;
    let until = rows.last().map_or(after + GROUP, |row| row.until);
    // Appended in bulk: they are as good as packed.
    let as_they_are = rows.len() as u64 <= GROUP / EVENTS_MAX + 1 && rows.iter().all(Segment::is_long);
    let mut filled = vec![];
    let mut open: BTreeMap<i64, Filling> = BTreeMap::new();
    for row in &rows {
        let events =
            row.events().map_err(|why| StoreError::Damaged { stream: row.stream, sequence: row.first, why })?;
        ids.extend(events.iter().map(|event| (event.about.id, event.stream, event.sequence)));
        if as_they_are {
            continue;
        }
        for event in events {
            let filling = open.entry(event.stream).or_insert_with(|| Filling::new(event.stream, event.sequence));
            if filling.is_full() {
                filled.push(std::mem::replace(filling, Filling::new(event.stream, event.sequence)));
            }
            filling.push(event.position, Slice::of(&event), &event.about);
        }
    }
    if !as_they_are {
        filled.extend(open.into_values());
        storage::replace(conn, after, until, &filled).await?;
    }
    Ok(until)
}
