//! Notifications' own table. Never begins or commits: whoever calls owns the transaction.

use crate::domain::Notification;
use sqlx::sqlite::SqliteConnection;

pub async fn load(conn: &mut SqliteConnection, order_id: i64) -> Result<Option<Notification>, sqlx::Error> {
    let row: Option<(i64, i64, String)> =
        sqlx::query_as("select order_id, user_id, message from notifications where order_id = ?")
            .bind(order_id)
            .fetch_optional(conn)
            .await?;
    Ok(row.map(|(order_id, user_id, message)| Notification { order_id, user_id, message }))
}

pub async fn insert(conn: &mut SqliteConnection, notification: &Notification) -> Result<(), sqlx::Error> {
    sqlx::query("insert into notifications (order_id, user_id, message) values (?, ?, ?)")
        .bind(notification.order_id)
        .bind(notification.user_id)
        .bind(&notification.message)
        .execute(conn)
        .await
        .map(drop)
}
