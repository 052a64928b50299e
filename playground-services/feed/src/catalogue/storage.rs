//! The catalogue's own tables. Never begins or commits: whoever calls owns the transaction.

use super::Entries;
use crate::progress::Progress;
use crate::reading::{Shown, posts, words};
use kit::storage::json;
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;

/// It has heard nothing yet.
pub async fn begin(conn: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("insert into progress values (1, 0) on conflict do nothing").execute(conn).await.map(drop)
}

pub async fn progress(conn: &mut SqliteConnection) -> sqlx::Result<Progress> {
    let rows: Vec<(i64,)> = sqlx::query_as(
        "select position from progress
         union all
         select post_id from entries where post_id > (select position from progress)",
    )
    .fetch_all(conn)
    .await?;
    let mut numbers = rows.into_iter().map(|(number,)| number);
    Ok(Progress::new(numbers.next().unwrap_or_default(), numbers))
}

pub async fn save(conn: &mut SqliteConnection, entries: &Entries) -> sqlx::Result<()> {
    let new =
        entries.new.iter().map(|post| (post.post_id, &post.author, &post.text, post.tags.join(" "), &post.posted_at));
    let words = entries.new.iter().flat_map(|post| {
        let all = format!("{} {} {}", post.text, post.author, post.tags.join(" "));
        words(&all).into_iter().map(move |word| (word, post.post_id))
    });
    sqlx::query(
        "insert into entries (post_id, author, text, tags, posted_at)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from json_each(?1);
         insert into words (word, post_id) select value ->> 0, value ->> 1 from json_each(?2);
         update progress set position = ?3 where position <> ?3",
    )
    .bind(json(new))
    .bind(json(words))
    .bind(entries.progress.position())
    .execute(conn)
    .await
    .map(drop)
}

/// The newest posts that hold all of these words, or words that begin so.
pub async fn search(conn: &mut SqliteConnection, limit: i64, wanted: &[String]) -> sqlx::Result<Value> {
    let position = progress(conn).await?.position();
    let found: Vec<Shown> = sqlx::query_as(
        "select post_id, author, text, tags, posted_at from entries
         where post_id in (
             select post_id from json_each(?1) as wanted
             join words on word >= wanted.value and word < wanted.value || char(1114111)
             group by post_id having count(distinct wanted.key) = json_array_length(?1))
         order by post_id desc limit ?2",
    )
    .bind(json(wanted.iter()))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(posts(position, found))
}
