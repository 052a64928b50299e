//! The table `readings`.

use crate::readers::Reading;
use kit::storage::json;
use sqlx::sqlite::SqliteConnection;

/// Stores them in the place of what was read before.
pub async fn keep(conn: &mut SqliteConnection, account: i64, readings: &[Reading]) -> sqlx::Result<()> {
    sqlx::query("delete from readings where account_id = ?").bind(account).execute(&mut *conn).await?;
    let rows = readings
        .iter()
        .map(|it| (account, it.sequence, it.reader, it.schema, it.outcome, &it.detail, it.balance_minor));
    sqlx::query(
        "insert into readings
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
         from json_each(?)",
    )
    .bind(json(rows))
    .execute(conn)
    .await
    .map(drop)
}
