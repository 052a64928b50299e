//! Notifications' own table. Never begins or commits: whoever calls owns the transaction.

use crate::domain::Notification;
use kit::Unit;
use kit::storage::json;
use sqlx::sqlite::SqliteConnection;

pub async fn load(conn: &mut SqliteConnection, orders: impl Iterator<Item = i64>) -> sqlx::Result<Unit<Notification>> {
    let rows: Vec<(i64, i64, String)> = sqlx::query_as(
        "select order_id, user_id, message from notifications
         where order_id in (select value from json_each(?))",
    )
    .bind(json(orders))
    .fetch_all(conn)
    .await?;
    Ok(Unit::loaded(
        rows.into_iter().map(|(order_id, user_id, message)| (order_id, Notification { order_id, user_id, message })),
    ))
}

pub async fn save(conn: &mut SqliteConnection, notifications: &Unit<Notification>) -> sqlx::Result<()> {
    let rows = notifications.changed().map(|(order_id, told)| (order_id, told.user_id, &told.message));
    sqlx::query(
        "insert into notifications (order_id, user_id, message)
         select value ->> 0, value ->> 1, value ->> 2 from json_each(?)",
    )
    .bind(json(rows))
    .execute(conn)
    .await
    .map(drop)
}
