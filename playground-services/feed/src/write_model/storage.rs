//! The write model's own tables. Never begins or commits: whoever calls owns the transaction.

use super::domain::Desk;
use kit::storage::json;
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
