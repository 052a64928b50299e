//! Orders' own table. Never begins or commits: whoever calls owns the transaction.

use crate::domain::{Order, OrderEvent, Status};
use protocol::FIRST_ORDER;
use sqlx::sqlite::SqliteConnection;

pub async fn next_id(conn: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let (id,): (i64,) =
        sqlx::query_as("select coalesce(max(id) + 1, ?) from orders").bind(FIRST_ORDER).fetch_one(conn).await?;
    Ok(id)
}

pub async fn load(conn: &mut SqliteConnection, id: i64) -> Result<Option<Order>, sqlx::Error> {
    type Row = (i64, i64, i64, i64, i64, String, Option<String>);
    let row: Option<Row> =
        sqlx::query_as("select id, item_id, quantity, user_id, amount_minor, status, reason from orders where id = ?")
            .bind(id)
            .fetch_optional(conn)
            .await?;
    row.map(|(id, item_id, quantity, user_id, amount_minor, status, reason)| {
        let status = Status::parse(&status).ok_or_else(|| sqlx::Error::Decode(format!("status {status}").into()))?;
        Ok(Order { id, item_id, quantity, user_id, amount_minor, status, reason })
    })
    .transpose()
}

/// Stores the order as it stands after `event`.
pub async fn save(conn: &mut SqliteConnection, order: &Order, event: &OrderEvent) -> Result<(), sqlx::Error> {
    let query = match event {
        OrderEvent::Created { .. } => sqlx::query(
            "insert into orders (status, reason, id, item_id, quantity, user_id, amount_minor)
             values (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(order.status.name())
        .bind(&order.reason)
        .bind(order.id)
        .bind(order.item_id)
        .bind(order.quantity)
        .bind(order.user_id)
        .bind(order.amount_minor),
        OrderEvent::Confirmed | OrderEvent::Cancelled { .. } => {
            sqlx::query("update orders set status = ?, reason = ? where id = ?")
                .bind(order.status.name())
                .bind(&order.reason)
                .bind(order.id)
        }
    };
    query.execute(conn).await.map(drop)
}
