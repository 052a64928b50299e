//! The tables of events, and every query of them. Whoever calls owns the transaction, but for
//! [`append_one`], which is one by itself.

use super::segment::{EVENTS_MAX, Filling, Segment};
use super::streams::Staged;
use crate::storage::json;
use futures_util::TryStreamExt;
use protocol::Uuid;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

pub const SCHEMA: &str = "
-- One row: the version of these tables, and up to which position events are packed.
create table event_store (format integer not null, packed integer not null);
insert into event_store values (1, 0);
-- Consecutive events of one stream: as they were appended together, or later packed. A row lies
-- where the position of its last event says, so the newest are at the end and an append touches
-- the last page. The layout of the blobs is told in event_store.rs.
create table segment (
    position integer primary key,
    stream integer not null,
    -- the sequences of its first and its last event
    first integer not null,
    last integer not null,
    -- the last position of those that were packed together with it
    until integer not null,
    -- kinds, schemas and data: all that a state is folded from
    body blob not null,
    -- positions, times, ids, causes, who and why; behind the body, so that folding reads none of it
    about blob not null
);
-- A stream's end is found in the index alone.
create unique index segment_of_stream on segment (stream, first, last);
-- Each event's id, so that a repeat is known for good. Ids come in no order: one by one, each would
-- write a page of its own of a large table. So those not packed yet are in a small one.
create table event_id (
    id blob primary key,
    stream integer not null,
    sequence integer not null
) without rowid;
create table recent_event_id (
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
) without rowid";

/// What stands in the tables of the streams and ids that were asked for.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub end: u64,
    pub packed: u64,
    /// The newest snapshot of each stream that was asked for from 0 on, where there is one: stream, version, state.
    pub snapshots: Vec<(i64, u64, Vec<u8>)>,
    /// What lies behind: stream, first and last sequence, body.
    pub segments: Vec<(i64, u64, u64, Vec<u8>)>,
    /// Id, stream, sequence.
    pub known: Vec<(Uuid, i64, u64)>,
}

/// All of it in one go: behind these versions, or behind the newest snapshot for those at 0.
pub(super) async fn load(
    conn: &mut SqliteConnection,
    streams: &[(i64, u64)],
    schema: u16,
    ids: &[Uuid],
) -> sqlx::Result<Loaded> {
    type Found = (i64, i64, i64, i64, Option<Vec<u8>>);
    let mut rows: Vec<Found> = sqlx::query_as(
        "with asked (stream, version) as materialized (select value ->> 0, value ->> 1 from json_each(?1)),
         wanted (stream, version) as materialized (
             select stream, case when version > 0 then version else coalesce(
                 (select max(version) from snapshot as s where s.stream = asked.stream and schema = ?2), 0) end
             from asked
         )
         select 0, packed, coalesce((select max(position) from segment), 0), 0, null from event_store
         union all
         select 1, snapshot.stream, snapshot.version, 0, state
         from asked cross join wanted using (stream)
         cross join snapshot on snapshot.stream = wanted.stream and snapshot.version = wanted.version
         where schema = ?2 and wanted.version > asked.version
         union all
         select 2, segment.stream, first, last, body from wanted cross join segment using (stream)
         where last > wanted.version and first >= coalesce(
             (select max(first) from segment as s where s.stream = wanted.stream and first <= wanted.version + 1), 0)
         union all
         select 3, stream, sequence, 0, event_id.id from json_each(?3) as one cross join event_id
         where event_id.id = unhex(one.value, '-')
         union all
         select 3, stream, sequence, 0, recent.id from json_each(?3) as one cross join recent_event_id as recent
         where recent.id = unhex(one.value, '-')",
    )
    .bind(json(streams.iter()))
    .bind(schema)
    .bind(json(ids.iter()))
    .fetch_all(conn)
    .await?;
    // A union is in no order by law.
    rows.sort_by_key(|(what, stream, first, ..)| (*what, *stream, *first));
    let mut loaded = Loaded::default();
    for row in rows {
        match row {
            (0, packed, end, ..) => (loaded.packed, loaded.end) = (packed.unsigned_abs(), end.unsigned_abs()),
            (1, stream, version, _, Some(state)) => loaded.snapshots.push((stream, version.unsigned_abs(), state)),
            (2, stream, first, last, Some(body)) => {
                loaded.segments.push((stream, first.unsigned_abs(), last.unsigned_abs(), body));
            }
            (3, stream, sequence, _, Some(id)) => {
                let id = Uuid::from_slice(&id).map_err(|error| sqlx::Error::Decode(error.into()))?;
                loaded.known.push((id, stream, sequence.unsigned_abs()));
            }
            _ => {}
        }
    }
    Ok(loaded)
}

/// Stores what was staged: one statement a table, whatever there is of it.
pub(super) async fn save(conn: &mut SqliteConnection, staged: &Staged, schema: u16) -> sqlx::Result<()> {
    let mut blobs = Pieces::default();
    let segments = json(staged.segments.iter().map(|segment| row(segment, &mut blobs)));
    // In the order of their table, so that many at once touch each page of it once.
    let mut sorted: Vec<&(Uuid, i64, u64)> = staged.ids.iter().collect();
    sorted.sort_unstable();
    let ids: Vec<u8> = sorted.iter().flat_map(|(id, ..)| *id.as_bytes()).collect();
    let places = json(sorted.iter().map(|(_, stream, sequence)| (stream, sequence)));
    let snapshots = json(staged.snapshots.iter().map(|(stream, version, state)| {
        let (at, length) = blobs.put(state);
        (stream, version, at, length)
    }));
    sqlx::query(
        "insert into segment (position, stream, first, last, until, body, about)
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 0,
                    substr(?1, value ->> 4, value ->> 5), substr(?1, value ->> 6, value ->> 7)
             from json_each(?2);
         insert into recent_event_id (id, stream, sequence)
             select substr(?3, 16 * key + 1, 16), value ->> 0, value ->> 1 from json_each(?4);
         insert or replace into snapshot (stream, schema, version, state)
             select value ->> 0, ?6, value ->> 1, substr(?1, value ->> 2, value ->> 3) from json_each(?5)",
    )
    .bind(blobs.bytes)
    .bind(segments)
    .bind(ids)
    .bind(places)
    .bind(snapshots)
    .bind(schema)
    .execute(conn)
    .await
    .map(drop)
}

/// Appends one event in a transaction of its own and in one go, if its stream ends just before it and
/// its id is not known. Returns its position if so; an id that is new since the last packing fails.
pub(super) async fn append_one(conn: &mut SqliteConnection, segment: &Filling, id: Uuid) -> sqlx::Result<Option<u64>> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "begin immediate;
         insert into segment (position, stream, first, last, until, body, about)
             select next, ?1, ?2, ?2, next, ?3, ?4 from (select 1 + coalesce((select max(position) from segment), 0) as next)
             where ?2 = 1 + coalesce((select last from segment where stream = ?1 order by first desc limit 1), 0)
                 and not exists (select 1 from event_id where id = ?5)
             returning position;
         insert into recent_event_id (id, stream, sequence) select ?5, ?1, ?2 where changes() > 0;
         commit",
    )
    .bind(segment.stream)
    .bind(segment.last.cast_signed())
    .bind(segment.body())
    .bind(segment.about())
    .bind(id.as_bytes().as_slice())
    .fetch_all(conn)
    .await?;
    Ok(rows.first().map(|(position,)| position.unsigned_abs()))
}

/// Position, stream, first and last sequence, and where the two blobs lie.
fn row(segment: &Filling, blobs: &mut Pieces) -> (u64, i64, u64, u64, usize, usize, usize, usize) {
    let Filling { stream, first, last, .. } = segment;
    let ((body, its_length), (about, length)) = (blobs.put(segment.body()), blobs.put(segment.about()));
    (segment.position(), *stream, *first, *last, body, its_length, about, length)
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
        "select first, body from segment where stream = ?1 and first <= ?3
             and first >= coalesce((select max(first) from segment where stream = ?1 and first <= ?2 + 1), 0)
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
         select true, first, body from segment where stream = ?1 and first <= ?3 and first >= coalesce(
             (select max(first) from segment where stream = ?1
                  and first <= coalesce((select version from kept), 0) + 1), 0)",
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
         where stream = ?1 and first <= ?3
             and first >= coalesce((select max(first) from segment where stream = ?1 and first <= ?2), 0)
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
             (select until from segment where position >= ?2 order by position limit 1), 9223372036854775807)
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
    let rows = json(packed.iter().map(|segment| row(segment, &mut blobs)));
    sqlx::query(
        "delete from segment where position > ?1 and position <= ?2;
         insert into segment (position, stream, first, last, until, body, about)
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?2,
                    substr(?3, value ->> 4, value ->> 5), substr(?3, value ->> 6, value ->> 7)
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

/// Says up to where events are packed.
pub(super) async fn packed_to(conn: &mut SqliteConnection, position: u64) -> sqlx::Result<()> {
    sqlx::query(
        "update event_store set packed = ?;
         insert into event_id select id, stream, sequence from recent_event_id order by id;
         delete from recent_event_id",
    )
    .bind(position.cast_signed())
    .execute(conn)
    .await
    .map(drop)
}

type SegmentRow = (i64, i64, i64, i64, i64, Vec<u8>, Vec<u8>);

fn segment((position, stream, first, last, until, body, about): SegmentRow) -> Segment {
    let [position, first, last, until] = [position, first, last, until].map(i64::unsigned_abs);
    Segment { position, stream, first, last, until, body, about }
}

/// As SQLite counts, to the largest it knows.
fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
