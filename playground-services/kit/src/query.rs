//! Reads: what a service answers without changing anything.
//!
//! They go over a connection that cannot write, and past the writer: a reader never waits for a
//! transaction. What they do share with commands and messages are the replica's workers.

use crate::{Ctx, Service, storage};
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard, Semaphore, watch};

/// How long a reader waits for what it has seen elsewhere, in microseconds.
const PATIENCE_US: u64 = 2_000_000;
/// While it waits: another replica may be the one that writes it, and says nothing here.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// `newest`
    pub name: String,
    params: HashMap<String, String>,
}

impl Query {
    pub fn new(name: String, params: HashMap<String, String>) -> Self {
        Query { name, params }
    }

    /// A parameter, where it is given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }

    /// A whole number from 0, where it is given.
    pub fn number(&self, name: &str) -> Result<Option<i64>, NoAnswer> {
        let number = self.text(name).map(|text| text.parse().ok().filter(|number| *number >= 0));
        number.map(|number| number.ok_or_else(|| NoAnswer::Bad(format!("{name} is no whole number.")))).transpose()
    }
}

/// Why a read has no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    #[error("There is no such query here.")]
    Unknown,
    /// A sentence that says what does not fit.
    #[error("{0}")]
    Bad(String),
    /// What was to be in it is not there yet.
    #[error("It has come as far as {position}, and {after} was asked for.")]
    Behind { position: i64, after: i64 },
    #[error("the store failed: {0}")]
    Store(#[from] sqlx::Error),
}

/// A replica's side of reading.
pub(crate) struct Reader {
    /// Opened by the first read: most services have none.
    conn: Mutex<Option<SqliteConnection>>,
    /// Changes with each transaction of this replica.
    shipped: watch::Receiver<u64>,
}

impl Reader {
    pub(crate) fn new(shipped: watch::Receiver<u64>) -> Arc<Self> {
        Arc::new(Reader { conn: Mutex::default(), shipped })
    }

    /// `after` is a position: the answer waits until the replica's database has come so far.
    pub(crate) async fn answer<S: Service>(
        &self,
        service: &S,
        ctx: &Ctx,
        workers: &Semaphore,
        query: &Query,
    ) -> Result<Value, NoAnswer> {
        if let Some(after) = query.number("after")? {
            self.reach(service, ctx, after).await?;
        }
        // Closed never: it ends with the service.
        let _busy = workers.acquire().await.map_err(|_| NoAnswer::Unknown)?;
        // What a read of this model is declared to take; the page says so.
        let latency_ms = ctx.spec.reads.as_ref().map_or(0, |reads| reads.latency_ms);
        ctx.clock.sleep_until(ctx.clock.now_us() + latency_ms * 1000).await;
        let mut conn = self.lend(ctx).await?;
        let Some(conn) = conn.as_mut() else { return Err(NoAnswer::Unknown) };
        let mut answer = service.query(conn, query).await?;
        answer["service"] = ctx.name().to_string().into();
        answer["replica"] = ctx.replica.into();
        Ok(answer)
    }

    /// Returns once it has come so far. Nobody's worker is kept busy by waiting.
    async fn reach<S: Service>(&self, service: &S, ctx: &Ctx, after: i64) -> Result<(), NoAnswer> {
        let until = ctx.clock.now_us() + PATIENCE_US;
        let mut shipped = self.shipped.clone();
        loop {
            let position = match self.lend(ctx).await?.as_mut() {
                Some(conn) => service.position(conn).await?,
                None => 0,
            };
            if position >= after {
                return Ok(());
            }
            if ctx.clock.now_us() >= until {
                return Err(NoAnswer::Behind { position, after });
            }
            // Whatever comes first; what it was shows when it looks.
            let _ = tokio::time::timeout(LOOK_AGAIN, shipped.changed()).await;
        }
    }

    async fn lend(&self, ctx: &Ctx) -> sqlx::Result<MutexGuard<'_, Option<SqliteConnection>>> {
        let mut conn = self.conn.lock().await;
        if conn.is_none() {
            *conn = Some(storage::open_to_read(&ctx.database()).await?);
        }
        Ok(conn)
    }
}
