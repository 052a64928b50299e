//! The write model. It is there to be right, not to be read: each fact stands in one place, and
//! nothing is stored that could be worked out.
//!
//! Owns `authors`, `posts`, `tags` and `post_tags`. Takes `PublishPost`, publishes
//! `PostPublished`. Numbers its posts from 1 without a gap, so that whoever has read one can say
//! how far a read model has to have come.

mod domain;
mod storage;

use crate::reading::{limit, wanted};
use domain::{Desk, decide, evolve};
use kit::{Ctx, NoAnswer, Query, Refusal, Reply, Service, Stage, Work};
use protocol::{PostPublished, PublishPost};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;

pub struct Feed;

impl Service for Feed {
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0001_write_model.sql")];
    type Outside = ();

    async fn seed(&self, _: &Ctx, conn: &mut SqliteConnection) -> anyhow::Result<()> {
        Ok(storage::know_authors(conn, protocol::AUTHORS.iter().copied()).await?)
    }

    async fn outside(&self, _: &Ctx, _: &Work) {}

    type Rows = Desk;

    async fn load(&self, conn: &mut SqliteConnection, _: &[&Work]) -> sqlx::Result<Desk> {
        storage::load(conn).await
    }

    fn handle(&self, desk: &mut Desk, work: &Work, (): &(), stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
        let command: PublishPost = work.data()?;
        let published = decide(desk, &command).map_err(Refusal::Domain)?;
        let posted_at = stage.time().to_owned();
        *desk = evolve(std::mem::take(desk), &published, &posted_at);
        let post_id = published.post_id;
        stage.state_changed("post", post_id, None, "PUBLISHED");
        // It carries all that a read model wants, the author's name as well: nobody has to ask back.
        let PublishPost { author_id, text, .. } = command;
        let (author, tags) = (published.author, published.tags);
        let data = PostPublished { post_id, author_id, author, text, tags, posted_at };
        stage.publish(PostPublished::TYPE, format!("post/{post_id}"), json!(data));
        Ok(Reply(json!({ "post_id": post_id })))
    }

    async fn position(&self, conn: &mut SqliteConnection) -> sqlx::Result<i64> {
        storage::position(conn).await
    }

    /// All three kinds of reading, each by its joins: what a single model has to do.
    async fn query(&self, conn: &mut SqliteConnection, query: &Query) -> Result<Value, NoAnswer> {
        Ok(match &*query.name {
            "newest" => storage::newest(conn, limit(query)?, query.number("author")?).await?,
            "search" => storage::search(conn, limit(query)?, &wanted(query)?).await?,
            "counts" => storage::counts(conn).await?,
            _ => return Err(NoAnswer::Unknown),
        })
    }

    async fn save(&self, conn: &mut SqliteConnection, desk: &Desk) -> sqlx::Result<()> {
        storage::save(conn, desk).await
    }
}
