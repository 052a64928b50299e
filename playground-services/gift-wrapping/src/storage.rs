//! Gift wrapping's own table. Never begins or commits: whoever calls owns the transaction.

use crate::domain::{Status, Wrapping};
use kit::Unit;
use kit::storage::json;
use sqlx::sqlite::SqliteConnection;

pub async fn load(conn: &mut SqliteConnection, orders: impl Iterator<Item = i64>) -> sqlx::Result<Unit<Wrapping>> {
    let rows: Vec<(i64, i64, String)> = sqlx::query_as(
        "select order_id, quantity, status from wrappings
         where order_id in (select value from json_each(?))",
    )
    .bind(json(orders))
    .fetch_all(conn)
    .await?;
    let mut wrappings = vec![];
    for (order_id, quantity, status) in rows {
        let status = Status::parse(&status).ok_or_else(|| sqlx::Error::Decode(format!("status {status}").into()))?;
        wrappings.push((order_id, Wrapping { quantity, status }));
    }
    Ok(Unit::loaded(wrappings))
}

pub async fn save(conn: &mut SqliteConnection, wrappings: &Unit<Wrapping>) -> sqlx::Result<()> {
    let rows = wrappings.changed().map(|(order_id, wrapping)| (order_id, wrapping.quantity, wrapping.status.name()));
    sqlx::query(
        "insert into wrappings (order_id, quantity, status)
         select value ->> 0, value ->> 1, value ->> 2 from json_each(?) where true
         on conflict (order_id) do update set status = excluded.status",
    )
    .bind(json(rows))
    .execute(conn)
    .await
    .map(drop)
}
