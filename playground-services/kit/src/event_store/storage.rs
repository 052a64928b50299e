//! The tables of events, and every query of them. Whoever calls owns the transaction, but for
//! [`append_one`], which is one by itself.

use super::segment::{self, EVENTS_MAX, Filling, Segment};
use super::store::StoreError;
use super::streams::Staged;
use crate::storage::json;
use futures_util::TryStreamExt;
use protocol::Uuid;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

/// What is found by index, and what is recent.
macro_rules! recent {
    () => {
        "
-- A stream's end is found in the index alone. What is recent is not in it: events of many streams,
-- one by one, would each write a page of its own.
create unique index segment_of_stream on segment (stream, first, last) where until > 0;
-- The few events that are not packed yet.
create view if not exists recent as
    select position, stream, first, last, until, body, about from segment
    where until = 0 and position > (select packed from event_store)"
    };
}

pub const SCHEMA: &str = concat!(
    "
-- One row: the version of these tables, and up to which position events are packed.
create table event_store (format integer not null, packed integer not null);
insert into event_store values (1, 0);
-- Consecutive events of one stream: as they were appended together, or later packed. A row lies
-- where the position of its last event says, so the newest are at the end and an append touches
-- the last page and no other. The layout of the blobs is told in event_store.rs.
create table segment (
    position integer primary key,
    stream integer not null,
    -- the sequences of its first and its last event
    first integer not null,
    last integer not null,
    -- the last position of those that were packed together with it; 0 as long as it is recent
    until integer not null,
    -- kinds, schemas and data: all that a state is folded from
    body blob not null,
    -- positions, times, ids, causes, who and why; behind the body, so that folding reads none of it
    about blob not null
);
-- Each packed event's id, so that a repeat is known for good. Of what is not packed the ids are
-- in `about`, and whoever appends has them in memory.
create table event_id (
    id blob primary key,
    stream integer not null,
    sequence integer not null
) without rowid;
-- States of a stream at versions of it. All can be made again from the events.
create table snapshot (
    stream integer not null,
    schema integer not null,
    version integer not null,
    state blob not null,
    primary key (stream, schema, version)
) without rowid;",
    recent!()
);

/// Brings a file up to date whose recent events were in the index, and their ids in a table. One that
/// is new stays as it is.
pub const OLDER: &str = concat!(
    "
drop table if exists recent_event_id;
drop index if exists segment_of_stream;",
    recent!()
);

/// Where the store ends, and what was asked of it.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub end: u64,
    pub packed: u64,
    /// Of the ids that were asked for, those of packed events: id, stream, sequence.
    pub known: Vec<(Uuid, i64, u64)>,
}

pub(super) async fn head(conn: &mut SqliteConnection, ids: &[Uuid]) -> sqlx::Result<Head> {
    let rows: Vec<(Option<Vec<u8>>, i64, i64)> = sqlx::query_as(
        "with recursive nth (n) as (select 0 where ?2 > 0 union all select n + 1 from nth where n + 1 < ?2)
         select null, packed, coalesce((select max(position) from segment), 0) from event_store
         union all
         select id, stream, sequence from nth cross join event_id on id = substr(?1, 16 * n + 1, 16)",
    )
    .bind(ids.iter().flat_map(|id| *id.as_bytes()).collect::<Vec<u8>>())
    .bind(i64::try_from(ids.len()).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let mut head = Head::default();
    for (id, first, second) in rows {
        match id {
            None => (head.packed, head.end) = (first.unsigned_abs(), second.unsigned_abs()),
            Some(id) => {
                let id = Uuid::from_slice(&id).map_err(|error| sqlx::Error::Decode(error.into()))?;
                head.known.push((id, first, second.unsigned_abs()));
            }
        }
    }
    Ok(head)
}

/// What is there of some streams.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// The newest snapshot of each stream that was asked for from 0 on, where there is one: stream, version, state.
    pub snapshots: Vec<(i64, u64, Vec<u8>)>,
    /// What lies behind, in order: stream, first and last sequence, body.
    pub segments: Vec<(i64, u64, u64, Vec<u8>)>,
}

/// All of it in one go: behind these versions, or behind the newest snapshot for those at 0. There
/// may be some that ends before.
pub(super) async fn load(conn: &mut SqliteConnection, streams: &[(i64, u64)], schema: u16) -> sqlx::Result<Loaded> {
    type Found = (bool, i64, i64, i64, Vec<u8>);
    let mut rows: Vec<Found> = sqlx::query_as(
        "with asked (stream, version) as materialized (select value ->> 0, value ->> 1 from json_each(?1)),
         wanted (stream, version) as materialized (
             select stream, case when version > 0 then version else coalesce(
                 (select max(version) from snapshot as s where s.stream = asked.stream and schema = ?2), 0) end
             from asked
         )
         select false, snapshot.stream, snapshot.version, 0, state
         from asked cross join wanted using (stream)
         cross join snapshot on snapshot.stream = wanted.stream and snapshot.version = wanted.version
         where schema = ?2 and wanted.version > asked.version
         union all
         select true, segment.stream, first, last, body from wanted cross join segment using (stream)
         where until > 0 and last > wanted.version and first >= coalesce(
             (select max(first) from segment as s
              where s.until > 0 and s.stream = wanted.stream and first <= wanted.version + 1), 0)
         union all
         select true, stream, first, last, body from recent where stream in (select stream from asked)",
    )
    .bind(json(streams.iter()))
    .bind(schema)
    .fetch_all(conn)
    .await?;
    // A union is in no order by law.
    rows.sort_by_key(|(is_segment, stream, first, ..)| (*is_segment, *stream, *first));
    let mut loaded = Loaded::default();
    for (is_segment, stream, first, last, blob) in rows {
        let (first, last) = (first.unsigned_abs(), last.unsigned_abs());
        match is_segment {
            false => loaded.snapshots.push((stream, first, blob)),
            true => loaded.segments.push((stream, first, last, blob)),
        }
    }
    Ok(loaded)
}

/// The ids of all events behind a position, each with its stream and sequence.
pub(super) async fn ids_behind(
    conn: &mut SqliteConnection,
    position: u64,
) -> Result<Vec<(Uuid, i64, u64)>, StoreError> {
    let rows: Vec<(i64, i64, i64, Vec<u8>)> =
        sqlx::query_as("select stream, first, last, about from segment where position > ?")
            .bind(bound(position))
            .fetch_all(conn)
            .await?;
    let mut found = vec![];
    for (stream, first, last, about) in rows {
        let sequences = first.unsigned_abs()..=last.unsigned_abs();
        let ids = segment::ids(&about, &sequences);
        let ids = ids.map_err(|why| StoreError::Damaged { stream, sequence: *sequences.start(), why })?;
        found.extend(ids.into_iter().zip(sequences).map(|(id, sequence)| (id, stream, sequence)));
    }
    Ok(found)
}

/// Stores what was staged: one statement a table, whatever there is of it.
pub(super) async fn save(conn: &mut SqliteConnection, staged: &Staged, schema: u16) -> sqlx::Result<()> {
    let mut blobs = Pieces::default();
    let segments = json(staged.segments.iter().map(|segment| {
        let until = if segment.is_long() { segment.position() } else { 0 };
        row(segment, until, &mut blobs)
    }));
    let snapshots = json(staged.snapshots.iter().map(|(stream, version, state)| {
        let (at, length) = blobs.put(state);
        (stream, version, at, length)
    }));
    sqlx::query(
        "insert into segment (position, stream, first, last, until, body, about)
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
                    substr(?1, value ->> 5, value ->> 6), substr(?1, value ->> 7, value ->> 8)
             from json_each(?2);
         insert or replace into snapshot (stream, schema, version, state)
             select value ->> 0, ?4, value ->> 1, substr(?1, value ->> 2, value ->> 3) from json_each(?3)",
    )
    .bind(blobs.bytes)
    .bind(segments)
    .bind(snapshots)
    .bind(schema)
    .execute(conn)
    .await
    .map(drop)
}

/// Appends one event in a transaction of its own and in one go, if the store ends at this position
/// and no packed event has its id. Returns its position if so.
pub(super) async fn append_one(
    conn: &mut SqliteConnection,
    segment: &Filling,
    id: Uuid,
    end: u64,
) -> sqlx::Result<Option<u64>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "begin immediate;
         insert into segment (position, stream, first, last, until, body, about)
             select ?6 + 1, ?1, ?2, ?2, 0, ?3, ?4
             where ?6 = coalesce((select max(position) from segment), 0)
                 and not exists (select 1 from event_id where id = ?5)
             returning position;
         commit",
    )
    .bind(segment.stream)
    .bind(segment.last.cast_signed())
    .bind(segment.body())
    .bind(segment.about())
    .bind(id.as_bytes().as_slice())
    .bind(end.cast_signed())
    .fetch_all(conn)
    .await?;
    Ok(rows.first().map(|(position,)| position.unsigned_abs()))
}

/// Position, stream, first and last sequence, until, and where the two blobs lie.
fn row(segment: &Filling, until: u64, blobs: &mut Pieces) -> (u64, i64, u64, u64, u64, usize, usize, usize, usize) {
    let Filling { stream, first, last, .. } = segment;
    let ((body, its_length), (about, length)) = (blobs.put(segment.body()), blobs.put(segment.about()));
    (segment.position(), *stream, *first, *last, until, body, its_length, about, length)
}

/// Many blobs as one: JSON can hold none, only say where each lies.
#[derive(Default)]
pub(super) struct Pieces {
    pub bytes: Vec<u8>,
}

impl Pieces {
    /// Where it lies, as SQL's `substr` counts, and its length.
    pub fn put(&mut self, piece: &[u8]) -> (usize, usize) {
        let at = self.bytes.len() + 1;
        self.bytes.extend_from_slice(piece);
        (at, piece.len())
    }
}

/// Hands over the bodies of a stream that hold events behind `after`, up to the sequence `to`, in
/// order, each with its first sequence.
pub(super) async fn bodies<E: From<sqlx::Error>>(
    conn: &mut SqliteConnection,
    stream: i64,
    after: u64,
    to: u64,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut rows = sqlx::query(
        "select first, body from segment where until > 0 and stream = ?1 and first <= ?3 and first >= coalesce(
             (select max(first) from segment where until > 0 and stream = ?1 and first <= ?2 + 1), 0)
         union all
         select first, body from recent where stream = ?1 and first <= ?3 and last > ?2 and ?3 > coalesce(
             (select last from segment where until > 0 and stream = ?1 and position <= (select packed from event_store)
              order by first desc limit 1), 0)
         order by first",
    )
    .bind(stream)
    .bind(after.cast_signed())
    .bind(bound(to))
    .fetch(conn);
    let mut turn = Turn::default();
    while let Some(row) = rows.try_next().await? {
        take(row.try_get::<i64, _>(0)?.unsigned_abs(), row.try_get(1)?)?;
        turn.used(EVENTS_MAX / 32).await;
    }
    Ok(())
}

/// The newest snapshot up to the sequence `to`, and the bodies from there on, each with the version
/// or the first sequence: in one go.
pub(super) async fn nearest(
    conn: &mut SqliteConnection,
    stream: i64,
    schema: u16,
    to: u64,
) -> sqlx::Result<(Option<(u64, Vec<u8>)>, Vec<(u64, Vec<u8>)>)> {
    let mut rows: Vec<(bool, i64, Vec<u8>)> = sqlx::query_as(
        "with kept (version, state) as materialized (
             select version, state from snapshot where stream = ?1 and schema = ?2 and version <= ?3
             order by version desc limit 1
         )
         select false, version, state from kept
         union all
         select true, first, body from segment where until > 0 and stream = ?1 and first <= ?3 and first >= coalesce(
             (select max(first) from segment where until > 0 and stream = ?1
                  and first <= coalesce((select version from kept), 0) + 1), 0)
         union all
         select true, first, body from recent where stream = ?1 and first <= ?3
             and last > coalesce((select version from kept), 0) and ?3 > coalesce(
             (select last from segment where until > 0 and stream = ?1 and position <= (select packed from event_store)
              order by first desc limit 1), 0)",
    )
    .bind(stream)
    .bind(schema)
    .bind(bound(to))
    .fetch_all(conn)
    .await?;
    rows.sort_by_key(|(is_body, first, _)| (*is_body, *first));
    let mut rows = rows.into_iter().map(|(is_body, first, blob)| (is_body, first.unsigned_abs(), blob)).peekable();
    let kept = rows.next_if(|(is_body, ..)| !is_body).map(|(_, version, state)| (version, state));
    Ok((kept, rows.map(|(_, first, body)| (first, body)).collect()))
}

/// The segments of a stream that hold events from one sequence to another.
pub(super) async fn of_stream(
    conn: &mut SqliteConnection,
    stream: i64,
    from: u64,
    to: u64,
) -> sqlx::Result<Vec<Segment>> {
    let rows = sqlx::query_as(
        "select position, stream, first, last, until, body, about from segment
         where until > 0 and stream = ?1 and first <= ?3 and first >= coalesce(
             (select max(first) from segment where until > 0 and stream = ?1 and first <= ?2), 0)
         union all
         select position, stream, first, last, until, body, about from recent
         where stream = ?1 and first <= ?3 and last >= ?2
         order by first",
    );
    let rows: Vec<SegmentRow> = rows.bind(stream).bind(bound(from)).bind(bound(to)).fetch_all(conn).await?;
    Ok(rows.into_iter().map(segment).collect())
}

/// The segments of all streams that hold the events behind a position: some more than `about` so
/// many events, so that what was packed together comes together.
pub(super) async fn of_all(conn: &mut SqliteConnection, after: u64, about: u64) -> sqlx::Result<Vec<Segment>> {
    let rows = sqlx::query_as(
        "select position, stream, first, last, until, body, about from segment
         where position > ?1 and position <= coalesce(
             (select max(until, position) from segment where position >= ?2 order by position limit 1),
             9223372036854775807)
         order by position",
    );
    let rows: Vec<SegmentRow> =
        rows.bind(bound(after)).bind(bound(after.saturating_add(about))).fetch_all(conn).await?;
    Ok(rows.into_iter().map(segment).collect())
}

/// The position of the last event; 0 where there is none.
pub async fn end(conn: &mut SqliteConnection) -> sqlx::Result<u64> {
    let (end,): (i64,) =
        sqlx::query_as("select coalesce((select max(position) from segment), 0)").fetch_one(conn).await?;
    Ok(end.unsigned_abs())
}

/// Work that takes long gives way now and then: a service shares its threads with all others.
#[derive(Default)]
pub(super) struct Turn {
    used: u64,
}

impl Turn {
    /// About so many events' worth of work was done.
    pub async fn used(&mut self, events: u64) {
        self.used += events;
        if self.used >= EVENTS_MAX / 8 {
            self.used = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// Puts these in place of all segments from behind `after` up to `until`.
pub(super) async fn replace(
    conn: &mut SqliteConnection,
    after: u64,
    until: u64,
    packed: &[Filling],
) -> sqlx::Result<()> {
    let mut blobs = Pieces::default();
    let rows = json(packed.iter().map(|segment| row(segment, until, &mut blobs)));
    sqlx::query(
        "delete from segment where position > ?1 and position <= ?2;
         insert into segment (position, stream, first, last, until, body, about)
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
                    substr(?3, value ->> 5, value ->> 6), substr(?3, value ->> 7, value ->> 8)
             from json_each(?4)",
    )
    .bind(after.cast_signed())
    .bind(until.cast_signed())
    .bind(blobs.bytes)
    .bind(rows)
    .execute(conn)
    .await
    .map(drop)
}

/// Says up to where events are packed, and keeps the ids of those that were packed just now.
pub(super) async fn packed_to(
    conn: &mut SqliteConnection,
    position: u64,
    mut ids: Vec<(Uuid, i64, u64)>,
) -> sqlx::Result<()> {
    // In the order of their table, so that many at once touch each page of it once.
    ids.sort_unstable();
    let places = json(ids.iter().map(|(_, stream, sequence)| (stream, sequence)));
    sqlx::query(
        "update event_store set packed = ?1;
         -- In a file from before, some of them may be there.
         insert or ignore into event_id (id, stream, sequence)
             select substr(?2, 16 * key + 1, 16), value ->> 0, value ->> 1 from json_each(?3)",
    )
    .bind(position.cast_signed())
    .bind(ids.iter().flat_map(|(id, ..)| *id.as_bytes()).collect::<Vec<u8>>())
    .bind(places)
    .execute(conn)
    .await
    .map(drop)
}

type SegmentRow = (i64, i64, i64, i64, i64, Vec<u8>, Vec<u8>);

fn segment((position, stream, first, last, until, body, about): SegmentRow) -> Segment {
    let [position, first, last, until] = [position, first, last, until.max(position)].map(i64::unsigned_abs);
    Segment { position, stream, first, last, until, body, about }
}

/// As SQLite counts, to the largest it knows.
fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
