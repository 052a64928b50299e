//! The catalogue, a read model: the posts by the words in them, so that they can be searched.
//!
//! Owns `entries`, `words` and `progress`. Hears `PostPublished`. The words are a table like any
//! other and not SQLite's own index for full text, so that one sees in the record which rows a
//! single post becomes.

mod storage;

use crate::progress::Progress;
use crate::reading::{limit, wanted};
use kit::{Ctx, NoAnswer, Query, Refusal, Reply, Service, Stage, Work};
use protocol::PostPublished;
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;

pub struct Catalogue;

/// How far it has come, and the posts that are new since it was loaded.
#[derive(Debug)]
pub struct Entries {
    progress: Progress,
    new: Vec<PostPublished>,
}

impl Service for Catalogue {
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0001_catalogue.sql")];
    type Outside = ();

    async fn seed(&self, _: &Ctx, conn: &mut SqliteConnection) -> anyhow::Result<()> {
        Ok(storage::begin(conn).await?)
    }

    async fn outside(&self, _: &Ctx, _: &Work) {}

    type Rows = Entries;

    async fn load(&self, conn: &mut SqliteConnection, _: &[&Work]) -> sqlx::Result<Entries> {
        Ok(Entries { progress: storage::progress(conn).await?, new: vec![] })
    }

    fn handle(&self, entries: &mut Entries, work: &Work, (): &(), _: &mut Stage<'_>) -> Result<Reply, Refusal> {
        let post: PostPublished = work.data()?;
        // A repeat changes nothing, whoever lets it through: a post is known by its number.
        if !entries.progress.has(post.post_id) {
            entries.progress.put(post.post_id);
            entries.new.push(post);
        }
        Ok(Reply::default())
    }

    async fn position(&self, conn: &mut SqliteConnection) -> sqlx::Result<i64> {
        Ok(storage::progress(conn).await?.position())
    }

    async fn query(&self, conn: &mut SqliteConnection, query: &Query) -> Result<Value, NoAnswer> {
        match &*query.name {
            "search" => Ok(storage::search(conn, limit(query)?, &wanted(query)?).await?),
            _ => Err(NoAnswer::Unknown),
        }
    }

    async fn save(&self, conn: &mut SqliteConnection, entries: &Entries) -> sqlx::Result<()> {
        storage::save(conn, entries).await
    }
}
