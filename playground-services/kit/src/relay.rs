//! The relay's table: messages that were caught on their way to the broker, until they are there.
//! They get into it in the transaction that caused them, so a crash loses none.

use crate::storage;
use protocol::{Observed, Uuid};
use sqlx::sqlite::SqliteConnection;

const SCHEMA: &str = "
begin immediate;
-- Messages that could not leave with their transaction, whose number is n.
create table relay (
    id blob primary key,
    n integer not null,
    body text not null
);
drop view outbox;
-- All messages that are not known to be at the broker.
create view outbox as
    select n,
           value ->> '$.observation.envelope.id' as id,
           value ->> '$.observation.topic' as topic,
           value ->> '$.observation.envelope.type' as type,
           value ->> '$.observation.envelope.subject' as subject
    from (
        select n, value from shipment, json_each(shipment.body)
        union all select n, body from relay
    )
    where value ->> '$.observation.kind' = 'MessagePublished';
commit";

/// Makes the table where it is missing: files of services are older than it. It is no migration,
/// since those are counted and a service's own come behind.
pub async fn prepare(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let (there,): (bool,) = sqlx::query_as("select exists (select 1 from sqlite_master where name = 'relay')")
        .fetch_one(&mut *conn)
        .await?;
    if !there {
        sqlx::raw_sql(SCHEMA).execute(conn).await?;
    }
    Ok(())
}

/// Adds them to the transaction under way, the `n`th.
pub async fn keep(conn: &mut SqliteConnection, n: u64, messages: &[&Observed]) -> anyhow::Result<()> {
    let rows = messages.iter().filter_map(|message| Some((message.observation.message()?.id, message)));
    // A message that is caught again is in it already.
    sqlx::query(
        "insert into relay (id, n, body)
             select unhex(value ->> 0, '-'), ?, value -> 1 from json_each(?) where true
             on conflict do nothing",
    )
    .bind(i64::try_from(n)?)
    .bind(storage::json(rows))
    .execute(conn)
    .await?;
    Ok(())
}

/// What a crash left in it, in the order of the transactions.
pub async fn kept(conn: &mut SqliteConnection) -> anyhow::Result<Vec<Observed>> {
    let rows: Vec<(String,)> = sqlx::query_as("select body from relay order by n, rowid").fetch_all(conn).await?;
    rows.into_iter().map(|(body,)| Ok(serde_json::from_str(&body)?)).collect()
}

/// Forgets what is at the broker.
pub async fn forget(conn: &mut SqliteConnection, ids: &[Uuid]) -> anyhow::Result<()> {
    sqlx::query("delete from relay where id in (select unhex(value, '-') from json_each(?))")
        .bind(storage::json(ids.iter()))
        .execute(conn)
        .await?;
    Ok(())
}
