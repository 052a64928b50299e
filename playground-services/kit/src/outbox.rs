//! The transactional outbox: messages and observations are written in the transaction that
//! caused them, and shipped afterwards. A crash between the two is repaired at the next start.

use crate::{Shipment, inbox, storage};
use sqlx::sqlite::SqliteConnection;

pub const SCHEMA: &str = "
-- What each committed transaction had to say, until it is known to be in the record and at
-- the broker: its observations, as JSON, with its messages among them.
create table shipment (
    n integer primary key,
    body text not null
);
-- The messages among them, a row each.
create view outbox as
    select n,
           value ->> '$.observation.envelope.id' as id,
           value ->> '$.observation.topic' as topic,
           value ->> '$.observation.envelope.type' as type,
           value ->> '$.observation.envelope.subject' as subject
    from shipment, json_each(body)
    where value ->> '$.observation.kind' = 'MessagePublished';
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

/// Adds inbox and outbox to the transaction under way, and commits it. Returns
/// the bytes written.
pub async fn commit(conn: &mut SqliteConnection, entry: &Entry<'_>) -> anyhow::Result<usize> {
    let n = i64::try_from(entry.shipment.n)?;
    let body = serde_json::to_string(&entry.shipment.observed)?;
    let bytes = body.len();
    sqlx::query(
        "insert or ignore into inbox (source, id, reply)
             select value ->> 0, unhex(value ->> 1, '-'), value ->> 2 from json_each(?);
         insert into shipment (n, body) values (?, ?);
         update sequence set n = ?;
         delete from shipment where n <= ?;
         commit",
    )
    .bind(storage::json(entry.handled.iter().map(|((source, id), reply)| (source, id, reply))))
    .bind(n)
    .bind(body)
    .bind(n)
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

/// Forgets what is in the record.
pub async fn forget(conn: &mut SqliteConnection, shipped: u64) -> anyhow::Result<()> {
    let shipped = i64::try_from(shipped)?;
    sqlx::query("delete from shipment where n <= ?").bind(shipped).execute(conn).await?;
    Ok(())
}

/// What is not known to be in the record of the transactions behind `n`, oldest first.
pub async fn unshipped(conn: &mut SqliteConnection, n: u64) -> anyhow::Result<Vec<Shipment>> {
    let rows: Vec<(i64, String)> = sqlx::query_as("select n, body from shipment where n > ? order by n")
        .bind(i64::try_from(n)?)
        .fetch_all(conn)
        .await?;
    rows.into_iter()
        .map(|(n, body)| {
            let observed = serde_json::from_str(&body)?;
            Ok(Shipment { n: u64::try_from(n)?, observed, unstored: vec![], acks: vec![] })
        })
        .collect()
}
