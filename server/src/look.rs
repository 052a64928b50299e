//! What can be looked at: a sandbox, or a kept run, which behaves like one that only stands still.

use crate::runs::Run;
use crate::sandbox::{Invariant, Sandbox, SandboxError, TableRows, TableSummary};
use bytes::Bytes;
use diagram::{DiagramState, Strata};
use futures_util::stream::BoxStream;
use protocol::{Position, Recorded};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

type Result<T> = std::result::Result<T, SandboxError>;

#[derive(Clone)]
pub enum Look {
    Sandbox(Arc<Sandbox>),
    Run(Arc<Run>),
}

impl Look {
    pub fn id(&self) -> String {
        match self {
            Look::Sandbox(sandbox) => sandbox.id().to_string(),
            Look::Run(run) => run.row.id.to_string(),
        }
    }

    /// The picture at the end of the record.
    pub fn state(&self) -> Arc<DiagramState> {
        match self {
            Look::Sandbox(sandbox) => sandbox.state(),
            Look::Run(run) => Arc::new(run.state()),
        }
    }

    pub async fn state_at(&self, position: Position) -> Result<DiagramState> {
        match self {
            Look::Sandbox(sandbox) => sandbox.state_at(position).await,
            Look::Run(run) => run.state_at(position).await,
        }
    }

    /// Ready server-sent events from behind `after`, then whatever else happens.
    pub async fn events(&self, after: Position) -> Result<BoxStream<'static, Bytes>> {
        match self {
            Look::Sandbox(sandbox) => Ok(Box::pin(sandbox.events(after).await?)),
            Look::Run(run) => Ok(Box::pin(run.clone().events(after)?)),
        }
    }

    /// At most `limit` lines of the record behind `after`, as NDJSON in pieces.
    pub async fn history(&self, after: Position, limit: usize) -> Result<Vec<Bytes>> {
        match self {
            Look::Sandbox(sandbox) => sandbox.history(after, limit).await,
            Look::Run(run) => run.history(after, limit).await,
        }
    }

    /// Folds the events of these kinds from the beginning up to `end`; all, where none is named.
    pub async fn fold<T>(
        &self,
        end: Position,
        kinds: &[&str],
        seed: T,
        step: impl FnMut(&mut T, &Recorded),
    ) -> Result<T> {
        let record = match self {
            Look::Sandbox(sandbox) => sandbox.record().await?,
            Look::Run(run) => run.record(),
        };
        Ok(record.fold_events(end, kinds, seed, step).await?)
    }

    pub async fn tables(&self, service: &str, at: Option<Position>) -> Result<Vec<TableSummary>> {
        match self {
            Look::Sandbox(sandbox) => sandbox.tables(service, at).await,
            Look::Run(run) => run.tables(service, at).await,
        }
    }

    /// `under`: only rows whose keys begin with these columns' values, a `/` between them.
    pub async fn table(
        &self,
        service: &str,
        table: &str,
        at: Option<Position>,
        under: Option<&str>,
    ) -> Result<TableRows> {
        match self {
            Look::Sandbox(sandbox) => sandbox.table(service, table, at, under).await,
            Look::Run(run) => run.table(service, table, at, under).await,
        }
    }

    /// The rows of a table as what they are; none of one that a kept run does not know, since nothing
    /// was ever written to it.
    pub async fn rows<T: DeserializeOwned>(&self, service: &str, table: &str) -> Result<Vec<T>> {
        self.rows_under(service, table, None).await
    }

    /// The same, of only the rows whose keys begin so.
    pub async fn rows_under<T: DeserializeOwned>(
        &self,
        service: &str,
        table: &str,
        under: Option<&str>,
    ) -> Result<Vec<T>> {
        let TableRows { columns, rows } = match self.table(service, table, None, under).await {
            Err(SandboxError::NoSuchTable) => return Ok(vec![]),
            found => found?,
        };
        let named = |row: Vec<Value>| Value::Object(columns.iter().cloned().zip(row).collect());
        let read = rows.into_iter().map(|row| serde_json::from_value(named(row)));
        Ok(read.collect::<serde_json::Result<_>>().map_err(anyhow::Error::from)?)
    }

    /// Where in the record something stands out.
    pub async fn strata(&self) -> Result<Strata> {
        match self {
            Look::Sandbox(sandbox) => sandbox.strata().await,
            Look::Run(run) => Ok(run.strata()),
        }
    }

    pub async fn invariants(&self) -> Result<Vec<Invariant>> {
        match self {
            Look::Sandbox(sandbox) => sandbox.invariants().await,
            Look::Run(run) => Ok(run.invariants()),
        }
    }
}
