//! The transactional outbox: messages and observations are written in the transaction that
//! caused them, and shipped afterwards. A crash between the two is repaired at the next start.

use crate::{Shipment, inbox, storage};
use protocol::{Observation, Observed};
use sqlx::sqlite::SqliteConnection;

pub const SCHEMA: &str = "
-- Messages of committed transactions that are not known to be at the broker yet.
create table outbox (
    n integer not null,
    id text not null,
    topic text not null,
    type text not null,
    subject text not null,
    primary key (n, id)
) without rowid;
-- What each committed transaction did, messages in full, until it is in the record.
create table observations (
    n integer primary key,
    body blob not null
);
-- The number of the last transaction.
create table sequence (n integer not null);
insert into sequence values (0)";

/// Everything the writer adds to a transaction, in one statement.
pub struct Entry<'a> {
    pub shipment: &'a Shipment,
    /// Dealt with in this transaction: key and reply.
    pub handled: &'a [(inbox::Key, Option<String>)],
    /// Known to be in the record: no longer needed.
    pub shipped: u64,
}

/// Adds inbox, outbox and observations to the transaction under way, and commits it. Returns
/// the bytes written.
pub async fn commit(conn: &mut SqliteConnection, entry: &Entry<'_>) -> anyhow::Result<usize> {
    let n = i64::try_from(entry.shipment.n)?;
    let messages = messages(&entry.shipment.observed);
    let body = serde_json::to_vec(&entry.shipment.observed)?;
    let bytes = body.len();
    sqlx::query(
        "insert into inbox (source, id, reply)
             select value ->> 0, value ->> 1, value ->> 2 from json_each(?);
         insert into outbox (n, id, topic, type, subject)
             select ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?);
         insert into observations (n, body) values (?, ?);
         update sequence set n = ?;
         delete from outbox where n <= ?;
         delete from observations where n <= ?;
         commit",
    )
    .bind(storage::json(entry.handled.iter().map(|((source, id), reply)| (source, id, reply))))
    .bind(n)
    .bind(messages)
    .bind(n)
    .bind(body)
    .bind(n)
    .bind(i64::try_from(entry.shipped)?)
    .bind(i64::try_from(entry.shipped)?)
    .execute(conn)
    .await?;
    Ok(bytes)
}

/// The number of the last shipment ever written here. Kept in `sequence`, since shipped rows go.
pub async fn last(conn: &mut SqliteConnection) -> anyhow::Result<u64> {
    let (n,): (i64,) = sqlx::query_as("select n from sequence").fetch_one(conn).await?;
    Ok(u64::try_from(n)?)
}

fn messages(observed: &[Observed]) -> String {
    storage::json(observed.iter().filter_map(|observed| match &observed.observation {
        Observation::MessagePublished { topic, envelope } => {
            Some((&envelope.id, topic, &envelope.kind, &envelope.subject))
        }
        _ => None,
    }))
}

/// Forgets what is in the record.
pub async fn forget(conn: &mut SqliteConnection, shipped: u64) -> anyhow::Result<()> {
    let shipped = i64::try_from(shipped)?;
    sqlx::query("begin immediate; delete from outbox where n <= ?; delete from observations where n <= ?; commit")
        .bind(shipped)
        .bind(shipped)
        .execute(conn)
        .await?;
    Ok(())
}

/// What a crash left unshipped, oldest first.
pub async fn unshipped(conn: &mut SqliteConnection) -> anyhow::Result<Vec<Shipment>> {
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("select n, body from observations order by n").fetch_all(conn).await?;
    rows.into_iter()
        .map(|(n, body)| Ok(Shipment { n: u64::try_from(n)?, observed: serde_json::from_slice(&body)?, acks: vec![] }))
        .collect()
}
