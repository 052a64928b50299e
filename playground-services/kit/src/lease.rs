//! The lease by which one of a service's replicas leads, and the fence that keeps out what an
//! earlier leader still has to say.
//!
//! The lease is a row in the service's database. Its token rises each time it changes hands; a
//! leader that was stopped for longer than its lease finds another token there, in the very
//! transaction in which it wants to write. Whoever it has asked meanwhile has seen the newer
//! token, or will not do twice what has the same id.
//! (C. Gray, D. Cheriton, Leases, SOSP 1989; M. Kleppmann, How to do distributed locking, 2016.)

use sqlx::sqlite::SqliteConnection;
use std::collections::HashMap;

const SCHEMA: &str = "
-- Which replica leads; one row. The token rises with each leader.
create table if not exists lease (
    token integer not null,
    holder integer not null,
    -- microseconds since the sandbox was created
    until_us integer not null,
    -- 1: its holder had nothing left to do then
    released integer not null
);
insert into lease select 0, -1, 0, 1 where not exists (select 1 from lease)";

const FENCE: &str = "
-- The newest token that each sender's messages have carried.
create table if not exists fence (source text primary key, token integer not null) without rowid";

/// The row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub token: u64,
    /// The replica; -1 at first.
    pub holder: i64,
    pub until_us: u64,
    pub released: bool,
}

/// Makes the tables where they are missing: files of services are older than they are.
pub async fn prepare(conn: &mut SqliteConnection, leads: bool) -> sqlx::Result<()> {
    sqlx::raw_sql(FENCE).execute(&mut *conn).await?;
    if leads {
        sqlx::raw_sql(SCHEMA).execute(conn).await?;
    }
    Ok(())
}

pub async fn read(conn: &mut SqliteConnection) -> sqlx::Result<Lease> {
    let (token, holder, until_us, released): (i64, i64, i64, bool) =
        sqlx::query_as("select token, holder, until_us, released from lease").fetch_one(conn).await?;
    Ok(Lease { token: token.unsigned_abs(), holder, until_us: until_us.unsigned_abs(), released })
}

/// It changes hands, within the transaction under way.
pub async fn take(conn: &mut SqliteConnection, lease: Lease) -> sqlx::Result<()> {
    sqlx::query("update lease set token = ?, holder = ?, until_us = ?, released = 0")
        .bind(lease.token.cast_signed())
        .bind(lease.holder)
        .bind(lease.until_us.cast_signed())
        .execute(conn)
        .await
        .map(drop)
}

/// Its holder has it until then; or had it until then, where nothing is left to do. Whether it still holds it.
pub async fn hold(conn: &mut SqliteConnection, token: u64, until_us: u64, released: bool) -> sqlx::Result<bool> {
    let held = sqlx::query("update lease set until_us = ?, released = ? where token = ?")
        .bind(until_us.cast_signed())
        .bind(released)
        .bind(token.cast_signed())
        .execute(conn)
        .await?;
    Ok(held.rows_affected() == 1)
}

/// The newest tokens seen, by sender.
pub type Fence = HashMap<String, u64>;

/// Remembers newer tokens, within the transaction under way.
pub async fn raise(conn: &mut SqliteConnection, raised: &Fence) -> sqlx::Result<()> {
    if raised.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into fence (source, token) select value ->> 0, value ->> 1 from json_each(?) where true
         on conflict (source) do update set token = max(token, excluded.token)",
    )
    .bind(crate::storage::json(raised.iter()))
    .execute(conn)
    .await
    .map(drop)
}
