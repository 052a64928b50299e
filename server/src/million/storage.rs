//! Two kinds of files. The store of a million events is made whole under another name, and then
//! only read. What a sandbox makes of it, snapshots and read models, lies in its own folder.

pub mod models;

use super::account::{ACCOUNT, Club, EDITION};
use kit::event_store::segment::FORMAT;
use kit::event_store::{Aggregate, SCHEMA, Snapshot, projection, snapshot};
use kit::storage;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;

const STATE_SCHEMA: u16 = <Club as Aggregate>::STATE_SCHEMA;

/// Which snapshots there are, so that nobody has to count them.
const KEPT: &str = "create table kept (every integer not null, count integer not null, bytes integer not null)";

/// What loads took, for as long as there are not too many of them.
const LOADS: &str = "create table load (
    number integer primary key,
    every integer,
    version integer not null,
    from_snapshot integer,
    took_us integer not null,
    balance_minor integer not null,
    count integer,
    bytes integer,
    at integer not null
)";

/// So many are remembered.
pub const LOADS_MOST: usize = 250;

/// A load that was timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[schema(as = MillionLoadTimed)]
pub struct Timed {
    /// The snapshots it could begin with; `null` where it was to use none.
    pub snapshots: Option<Kept>,
    /// The account as of this event.
    pub version: u64,
    /// The version of the snapshot it began with.
    pub from_snapshot: Option<u64>,
    /// From asking the files to having the state, microseconds.
    pub took_us: u64,
    /// Of all members together, in cents.
    pub balance_minor: i64,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// A sandbox's snapshots of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Kept {
    /// One at each so many events.
    pub every: u64,
    pub count: u64,
    /// What they take up in the sandbox's file, in whole pages.
    pub bytes: u64,
}

/// The name of either file. What another version made, or of another number of events, has another.
pub fn name(events: u64) -> String {
    format!("million-{EDITION}.{FORMAT}-{events}.db")
}

/// A new store. It is thrown away unless it becomes whole, so nothing of it has to survive a crash.
pub async fn create(path: &Path) -> anyhow::Result<SqliteConnection> {
    let mut conn = storage::open(path, &[SCHEMA]).await?;
    let pragmas =
        "pragma journal_mode = delete; pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -16000";
    sqlx::raw_sql(pragmas).execute(&mut conn).await?;
    Ok(conn)
}

/// The whole store. Nothing writes to it any more, so no reader has to lock it.
pub async fn read(path: &Path) -> sqlx::Result<SqliteConnection> {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(true)
        .statement_cache_capacity(24)
        .pragma("automatic_index", "off")
        .pragma("cache_size", "-2048")
        .pragma("temp_store", "memory")
        .disable_statement_logging()
        .connect()
        .await
}

/// A sandbox's own file, made if need be.
pub async fn open(path: &Path) -> anyhow::Result<SqliteConnection> {
    let mut conn = storage::open(path, &[SCHEMA, projection::SCHEMA, KEPT, LOADS]).await?;
    // Who builds a read model gives way to everybody else, in the middle of a transaction, too.
    sqlx::query("pragma busy_timeout = 20000").execute(&mut conn).await?;
    Ok(conn)
}

/// The same for who only looks.
pub async fn look(path: &Path) -> sqlx::Result<SqliteConnection> {
    storage::options(path).read_only(true).connect().await
}

pub async fn close(conn: SqliteConnection) -> sqlx::Result<()> {
    conn.close().await
}

pub async fn kept(conn: &mut SqliteConnection) -> sqlx::Result<Option<Kept>> {
    let row: Option<(i64, i64, i64)> =
        sqlx::query_as("select every, count, bytes from kept").fetch_optional(conn).await?;
    Ok(row.map(|(every, count, bytes)| {
        let [every, count, bytes] = [every, count, bytes].map(i64::unsigned_abs);
        Kept { every, count, bytes }
    }))
}

/// How many are stored in one statement.
const AT_ONCE: usize = 1024;

/// Keeps these, in place of all there were.
pub async fn keep(conn: &mut SqliteConnection, every: u64, snapshots: &[Snapshot]) -> sqlx::Result<Kept> {
    storage::begin(conn).await?;
    match keep_now(conn, every, snapshots).await {
        Ok(kept) => storage::commit(conn).await.map(|()| kept),
        Err(error) => {
            storage::rollback(conn).await?;
            Err(error)
        }
    }
}

async fn keep_now(conn: &mut SqliteConnection, every: u64, snapshots: &[Snapshot]) -> sqlx::Result<Kept> {
    snapshot::forget(conn, ACCOUNT).await?;
    for some in snapshots.chunks(AT_ONCE) {
        snapshot::keep(conn, ACCOUNT, STATE_SCHEMA, some).await?;
    }
    let (bytes,): (i64,) = sqlx::query_as("select coalesce(sum(pgsize), 0) from dbstat where name = 'snapshot'")
        .fetch_one(&mut *conn)
        .await?;
    let kept = Kept { every, count: snapshots.len() as u64, bytes: bytes.unsigned_abs() };
    sqlx::query("delete from kept; insert into kept (every, count, bytes) values (?, ?, ?)")
        .bind(kept.every.cast_signed())
        .bind(kept.count.cast_signed())
        .bind(bytes)
        .execute(conn)
        .await?;
    Ok(kept)
}

/// Forgets all of them. Nothing is lost but time.
pub async fn forget(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    storage::begin(conn).await?;
    snapshot::forget(conn, ACCOUNT).await?;
    sqlx::query("delete from kept; commit").execute(conn).await.map(drop)
}

/// The newest up to a version.
pub async fn newest(conn: &mut SqliteConnection, up_to: u64) -> sqlx::Result<Option<Snapshot>> {
    snapshot::newest(conn, ACCOUNT, STATE_SCHEMA, up_to).await
}

pub async fn all(conn: &mut SqliteConnection) -> sqlx::Result<Vec<Snapshot>> {
    snapshot::all(conn, ACCOUNT, STATE_SCHEMA).await
}

/// Puts one in place of that at the same version, whatever it says.
pub async fn overwrite(conn: &mut SqliteConnection, snapshot: Snapshot) -> sqlx::Result<()> {
    snapshot::keep(conn, ACCOUNT, STATE_SCHEMA, &[snapshot]).await
}

/// Remembers a load, and forgets those of long ago.
pub async fn remember(conn: &mut SqliteConnection, load: &Timed) -> sqlx::Result<()> {
    let signed = |number: Option<u64>| number.map(u64::cast_signed);
    let [every, count, bytes] = [|kept: Kept| kept.every, |kept: Kept| kept.count, |kept: Kept| kept.bytes]
        .map(|part| load.snapshots.map(part).map(u64::cast_signed));
    sqlx::query(
        "insert into load (every, version, from_snapshot, took_us, balance_minor, count, bytes, at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);
         delete from load where number <= (select max(number) from load) - ?9",
    )
    .bind(every)
    .bind(load.version.cast_signed())
    .bind(signed(load.from_snapshot))
    .bind(load.took_us.cast_signed())
    .bind(load.balance_minor)
    .bind(count)
    .bind(bytes)
    .bind(load.at)
    .bind(i64::try_from(LOADS_MOST).unwrap_or(i64::MAX))
    .execute(conn)
    .await
    .map(drop)
}

/// The loads that are remembered, the oldest first.
pub async fn loads(conn: &mut SqliteConnection) -> sqlx::Result<Vec<Timed>> {
    type Row = (Option<i64>, i64, Option<i64>, i64, i64, Option<i64>, Option<i64>, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "select every, version, from_snapshot, took_us, balance_minor, count, bytes, at from load order by number",
    )
    .fetch_all(conn)
    .await?;
    let timed = |(every, version, from_snapshot, took_us, balance_minor, count, bytes, at): Row| {
        let unsigned = |number: Option<i64>| number.map_or(0, i64::unsigned_abs);
        Timed {
            snapshots: every.map(|every| Kept {
                every: every.unsigned_abs(),
                count: unsigned(count),
                bytes: unsigned(bytes),
            }),
            version: version.unsigned_abs(),
            from_snapshot: from_snapshot.map(i64::unsigned_abs),
            took_us: took_us.unsigned_abs(),
            balance_minor,
            at,
        }
    };
    Ok(rows.into_iter().map(timed).collect())
}

/// How far each read model has come that readers see.
pub async fn positions(conn: &mut SqliteConnection) -> sqlx::Result<Vec<(String, u64)>> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("select model, position from projection where live").fetch_all(conn).await?;
    Ok(rows.into_iter().map(|(model, position)| (model, position.unsigned_abs())).collect())
}
