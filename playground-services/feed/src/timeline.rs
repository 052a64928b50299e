//! The timeline, a read model: the posts as they are shown, newest first.
//!
//! Owns `timeline`, `builds` and `heard`. Hears `PostPublished`. Keeps what it has heard, too, so
//! that it can be built anew without asking anybody.

mod domain;
mod storage;

use crate::reading::limit;
use domain::Timelines;
use kit::{Ctx, NoAnswer, Query, Refusal, Reply, Service, Stage, Work};
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;

pub struct Timeline;

impl Service for Timeline {
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0001_timeline.sql")];
    type Outside = ();

    async fn outside(&self, _: &Ctx, _: &Work) {}

    type Rows = Timelines;

    async fn load(&self, conn: &mut SqliteConnection, _: &[&Work]) -> sqlx::Result<Timelines> {
        storage::load(conn).await
    }

    fn handle(&self, timelines: &mut Timelines, work: &Work, (): &(), _: &mut Stage<'_>) -> Result<Reply, Refusal> {
        timelines.hear(work.data()?);
        Ok(Reply::default())
    }

    async fn position(&self, conn: &mut SqliteConnection) -> sqlx::Result<i64> {
        storage::position(conn).await
    }

    async fn query(&self, conn: &mut SqliteConnection, query: &Query) -> Result<Value, NoAnswer> {
        match &*query.name {
            "newest" => Ok(storage::newest(conn, limit(query)?, query.number("author")?).await?),
            _ => Err(NoAnswer::Unknown),
        }
    }

    async fn save(&self, conn: &mut SqliteConnection, timelines: &Timelines) -> sqlx::Result<()> {
        storage::save(conn, timelines).await
    }
}
