//! The dashboard's own tables. Never begins or commits: whoever calls owns the transaction.

use super::Counts;
use crate::progress::Progress;
use crate::reading;
use kit::storage::json;
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;

/// It has heard nothing yet.
pub async fn begin(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("insert into progress values (1, 0) on conflict do nothing").execute(conn).await.map(drop)
}

pub async fn progress(conn: &mut SqliteConnection) -> sqlx::Result<Progress> {
    let rows: Vec<(i64,)> =
        sqlx::query_as("select position from progress union all select post_id from ahead").fetch_all(conn).await?;
    let mut numbers = rows.into_iter().map(|(number,)| number);
    Ok(Progress::new(numbers.next().unwrap_or_default(), numbers))
}

pub async fn save(conn: &mut SqliteConnection, counts: &Counts) -> sqlx::Result<()> {
    let added = counts.added.iter().map(|((kind, name), posts)| (kind, name, posts));
    sqlx::query(
        "insert into counts (kind, name, posts)
         select value ->> 0, value ->> 1, value ->> 2 from json_each(?1) where true
         on conflict (kind, name) do update set posts = posts + excluded.posts;
         update progress set position = ?2 where position <> ?2;
         insert or ignore into ahead (post_id) select value from json_each(?3);
         delete from ahead where post_id <= ?2",
    )
    .bind(json(added))
    .bind(counts.progress.position())
    .bind(json(counts.progress.ahead()))
    .execute(conn)
    .await
    .map(drop)
}

/// All counts, the largest first.
pub async fn counts(conn: &mut SqliteConnection) -> sqlx::Result<Value> {
    let position = progress(conn).await?.position();
    let counts: Vec<(String, String, i64)> =
        sqlx::query_as("select kind, name, posts from counts order by posts desc, name limit 200")
            .fetch_all(conn)
            .await?;
    Ok(reading::counts(position, counts))
}
