//! Payments' own table. Never begins or commits: whoever calls owns the transaction.

use crate::domain::{Payment, Status};
use sqlx::sqlite::SqliteConnection;

pub async fn load(conn: &mut SqliteConnection, order_id: i64) -> Result<Option<Payment>, sqlx::Error> {
    let row: Option<(i64, i64, i64, String)> =
        sqlx::query_as("select order_id, user_id, amount_minor, status from payments where order_id = ?")
            .bind(order_id)
            .fetch_optional(conn)
            .await?;
    row.map(|(order_id, user_id, amount_minor, status)| {
        let status = Status::parse(&status).ok_or_else(|| sqlx::Error::Decode(format!("status {status}").into()))?;
        Ok(Payment { order_id, user_id, amount_minor, status })
    })
    .transpose()
}

pub async fn insert(conn: &mut SqliteConnection, payment: &Payment) -> Result<(), sqlx::Error> {
    sqlx::query("insert into payments (order_id, user_id, amount_minor, status) values (?, ?, ?, ?)")
        .bind(payment.order_id)
        .bind(payment.user_id)
        .bind(payment.amount_minor)
        .bind(payment.status.name())
        .execute(conn)
        .await
        .map(drop)
}
