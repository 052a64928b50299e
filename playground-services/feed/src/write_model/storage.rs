//! The write model's own tables. Never begins or commits: whoever calls owns the transaction.

use super::domain::Desk;
use crate::reading::{self, Shown, posts};
use futures_util::TryStreamExt;
use kit::storage::json;
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;

pub async fn know_authors(conn: &mut SqliteConnection, authors: impl Iterator<Item = (i64, &str)>) -> sqlx::Result<()> {
    sqlx::query("insert into authors (author_id, name) select value ->> 0, value ->> 1 from json_each(?)")
        .bind(json(authors))
        .execute(conn)
        .await
        .map(drop)
}

pub async fn load(conn: &mut SqliteConnection) -> sqlx::Result<Desk> {
    let rows: Vec<(i64, Option<String>, i64)> = sqlx::query_as(
        "select 0, null, coalesce(max(post_id), 0) from posts
         union all select 1, name, author_id from authors
         union all select 2, name, tag_id from tags",
    )
    .fetch_all(conn)
    .await?;
    let mut desk = Desk::default();
    for row in rows {
        match row {
            (1, Some(name), id) => drop(desk.authors.insert(id, name)),
            (2, Some(name), id) => drop(desk.tags.insert(name, id)),
            (_, _, last) => desk.last_post = last,
        }
    }
    Ok(desk)
}

pub async fn save(conn: &mut SqliteConnection, desk: &Desk) -> sqlx::Result<()> {
    let posts = desk.posts.iter().map(|post| (post.post_id, post.author_id, &post.text, &post.posted_at));
    let tagged = desk.posts.iter().flat_map(|post| post.tag_ids.iter().map(|tag| (post.post_id, *tag)));
    sqlx::query(
        "insert into tags (tag_id, name) select value ->> 0, value ->> 1 from json_each(?);
         insert into posts (post_id, author_id, text, posted_at)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?);
         insert into post_tags (post_id, tag_id) select value ->> 0, value ->> 1 from json_each(?)",
    )
    .bind(json(desk.coined.iter()))
    .bind(json(posts))
    .bind(json(tagged))
    .execute(conn)
    .await
    .map(drop)
}

/// The number of the last post: what is written can be read at once.
pub async fn position(conn: &mut SqliteConnection) -> sqlx::Result<i64> {
    let (last,): (i64,) = sqlx::query_as("select coalesce(max(post_id), 0) from posts").fetch_one(conn).await?;
    Ok(last)
}

/// The newest posts, or those of one author.
pub async fn newest(conn: &mut SqliteConnection, limit: i64, author: Option<i64>) -> sqlx::Result<Value> {
    let position = position(conn).await?;
    let newest: Vec<Shown> = sqlx::query_as(
        "select posts.post_id, authors.name, posts.text, coalesce(group_concat(tags.name, ' '), ''), posts.posted_at
         from posts
         join authors using (author_id)
         left join post_tags using (post_id)
         left join tags using (tag_id)
         where ?1 is null or posts.author_id = ?1
         group by posts.post_id order by posts.post_id desc limit ?2",
    )
    .bind(author)
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(posts(position, newest))
}

/// The newest posts that hold all of these words, or words that begin so. There is no index of
/// words here: every post is looked at.
pub async fn search(conn: &mut SqliteConnection, limit: i64, wanted: &[String]) -> sqlx::Result<Value> {
    let position = position(conn).await?;
    // One after the other: there may be more than fit into memory.
    let mut rows = sqlx::query_as::<_, Shown>(
        "select posts.post_id, authors.name, posts.text, coalesce(group_concat(tags.name, ' '), ''), posts.posted_at
         from posts
         join authors using (author_id)
         left join post_tags using (post_id)
         left join tags using (tag_id)
         group by posts.post_id order by posts.post_id desc",
    )
    .fetch(conn);
    let (mut found, limit) = (vec![], usize::try_from(limit).unwrap_or(usize::MAX));
    while let Some(post) = rows.try_next().await? {
        let (_, author, text, tags, _) = &post;
        let there = reading::words(&format!("{text} {author} {tags}"));
        if wanted.iter().all(|wanted| there.iter().any(|word| word.starts_with(wanted.as_str()))) {
            found.push(post);
            if found.len() == limit {
                break;
            }
        }
    }
    Ok(posts(position, found))
}

/// All posts counted anew, by author, by tag and by day.
pub async fn counts(conn: &mut SqliteConnection) -> sqlx::Result<Value> {
    let position = position(conn).await?;
    let counts: Vec<(String, String, i64)> = sqlx::query_as(
        "select * from (
             select 'author' as kind, authors.name as name, count(*) as posts
             from posts join authors using (author_id) group by author_id
             union all
             select 'tag', tags.name, count(*) from post_tags join tags using (tag_id) group by tag_id
             union all
             select 'day', substr(posted_at, 1, 10), count(*) from posts group by 2)
         order by posts desc, name limit 200",
    )
    .fetch_all(conn)
    .await?;
    Ok(reading::counts(position, counts))
}
