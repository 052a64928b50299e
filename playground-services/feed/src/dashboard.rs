//! The dashboard, a read model: how many posts there are by author, by tag and by day.
//!
//! Owns `counts`, `progress` and `ahead`. Hears `PostPublished`. Its rows do not say which posts
//! they have counted, so a post that comes twice would count twice: here nothing but the inbox
//! knows a repeat.

mod storage;

use crate::progress::Progress;
use kit::{Ctx, NoAnswer, Query, Refusal, Reply, Service, Stage, Work};
use protocol::PostPublished;
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;

pub struct Dashboard;

/// How far it has come, and what is to be added.
#[derive(Debug)]
pub struct Counts {
    progress: Progress,
    /// By kind and name.
    added: BTreeMap<(&'static str, String), i64>,
}

impl Service for Dashboard {
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0001_dashboard.sql")];
    type Outside = ();

    async fn seed(&self, _: &Ctx, conn: &mut SqliteConnection) -> anyhow::Result<()> {
        Ok(storage::begin(conn).await?)
    }

    async fn outside(&self, _: &Ctx, _: &Work) {}

    type Rows = Counts;

    async fn load(&self, conn: &mut SqliteConnection, _: &[&Work]) -> sqlx::Result<Counts> {
        Ok(Counts { progress: storage::progress(conn).await?, added: BTreeMap::new() })
    }

    fn handle(&self, counts: &mut Counts, work: &Work, (): &(), _: &mut Stage<'_>) -> Result<Reply, Refusal> {
        let PostPublished { post_id, author, tags, posted_at, .. } = work.data()?;
        // `2026-11-28` of an RFC 3339 time
        let day = posted_at.chars().take(10).collect();
        let names = [("author", author), ("day", day)].into_iter().chain(tags.into_iter().map(|tag| ("tag", tag)));
        for name in names {
            *counts.added.entry(name).or_default() += 1;
        }
        counts.progress.put(post_id);
        Ok(Reply::default())
    }

    async fn position(&self, conn: &mut SqliteConnection) -> sqlx::Result<i64> {
        Ok(storage::progress(conn).await?.position())
    }

    async fn query(&self, conn: &mut SqliteConnection, query: &Query) -> Result<Value, NoAnswer> {
        match &*query.name {
            "counts" => Ok(storage::counts(conn).await?),
            _ => Err(NoAnswer::Unknown),
        }
    }

    async fn save(&self, conn: &mut SqliteConnection, counts: &Counts) -> sqlx::Result<()> {
        storage::save(conn, counts).await
    }
}
