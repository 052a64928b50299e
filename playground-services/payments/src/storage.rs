//! Payments' own table. Never begins or commits: whoever calls owns the transaction.

use crate::domain::{Payment, Status};
use kit::Unit;
use kit::storage::json;
use sqlx::sqlite::SqliteConnection;

pub async fn load(conn: &mut SqliteConnection, orders: impl Iterator<Item = i64>) -> sqlx::Result<Unit<Payment>> {
    let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "select order_id, user_id, amount_minor, status from payments
         where order_id in (select value from json_each(?))",
    )
    .bind(json(orders))
    .fetch_all(conn)
    .await?;
    let payments = rows.into_iter().map(|(order_id, user_id, amount_minor, status)| {
        let status = Status::parse(&status).ok_or_else(|| sqlx::Error::Decode(format!("status {status}").into()))?;
        Ok((order_id, Payment { order_id, user_id, amount_minor, status }))
    });
    Ok(Unit::loaded(payments.collect::<sqlx::Result<Vec<_>>>()?))
}

/// A payment is written once: the primary key refuses a second.
pub async fn save(conn: &mut SqliteConnection, payments: &Unit<Payment>) -> sqlx::Result<()> {
    let rows = payments
        .changed()
        .map(|(order_id, payment)| (order_id, payment.user_id, payment.amount_minor, payment.status.name()));
    sqlx::query(
        "insert into payments (order_id, user_id, amount_minor, status)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?)",
    )
    .bind(json(rows))
    .execute(conn)
    .await
    .map(drop)
}
