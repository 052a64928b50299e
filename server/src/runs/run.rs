//! One kept run, looked at as a sandbox is.

use crate::recorder::{History, Kept};
use crate::sandbox::{Invariant, SandboxError, TableRows, TableSummary, table_at};
use crate::store::RunRow;
use bytes::Bytes;
use diagram::{DiagramState, Node, RowView, Strata};
use futures_util::{Stream, StreamExt};
use protocol::{Position, Value};
use std::path::Path;
use std::sync::Arc;

type Result<T> = std::result::Result<T, SandboxError>;

pub struct Run {
    pub row: RunRow,
    record: Kept,
}

impl Run {
    pub async fn open(row: RunRow, path: &Path) -> anyhow::Result<Self> {
        Ok(Run { row, record: Kept::open(path).await? })
    }

    /// The picture at its end.
    pub fn state(&self) -> DiagramState {
        self.record.history.state()
    }

    pub async fn state_at(&self, position: Position) -> Result<DiagramState> {
        self.check_cursor(position)?;
        Ok(self.record.history.picture_at(position).await?.state)
    }

    /// Ready server-sent events from behind `after`. The stream stays open after the last.
    pub fn events(self: Arc<Self>, after: Position) -> Result<impl Stream<Item = Bytes> + Send + 'static> {
        self.check_cursor(after)?;
        let events = self.record.history.clone().events(after);
        Ok(events.map(move |event| {
            // It holds the run, whose record would be closed without it.
            let _open = &self.record;
            event
        }))
    }

    /// At most `limit` lines of the record behind `after`, as NDJSON in pieces.
    pub async fn history(&self, after: Position, limit: usize) -> Result<Vec<Bytes>> {
        self.check_cursor(after)?;
        Ok(self.record.history.ndjson(after, limit).await?)
    }

    pub fn record(&self) -> Arc<History> {
        self.record.history.clone()
    }

    pub fn strata(&self) -> Strata {
        self.record.history.with_picture(|picture| picture.strata.clone())
    }

    pub fn invariants(&self) -> Vec<Invariant> {
        self.record.history.with_picture(|picture| picture.checks.report().to_vec())
    }

    /// The tables a service has ever written to, with their rows at a position.
    pub async fn tables(&self, service: &str, at: Option<Position>) -> Result<Vec<TableSummary>> {
        let then = match at {
            Some(at) => Some(self.state_at(at).await?),
            None => None,
        };
        let end = self.state();
        let rows = |name: &str| {
            let node = then.as_ref().unwrap_or(&end).node(service)?;
            node.tables.iter().find(|table| &*table.name == name).map(|table| table.count)
        };
        let known = &service_of(&end, service)?.tables;
        let summary = |name: &str| TableSummary { name: name.to_owned(), rows: rows(name).unwrap_or(0) };
        Ok(known.iter().map(|table| summary(&table.name)).collect())
    }

    /// A table's rows at a position, folded from the record, which has all that is known of it.
    /// `under`: only those whose keys begin so.
    pub async fn table(
        &self,
        service: &str,
        table: &str,
        at: Option<Position>,
        under: Option<&str>,
    ) -> Result<TableRows> {
        let end = self.state();
        let at = at.unwrap_or(end.position);
        let then = self.state_at(at).await?;
        let shown = |state: &DiagramState| -> Option<Vec<RowView>> {
            let table = state.node(service)?.tables.iter().find(|known| &*known.name == table)?;
            Some(table.rows.clone())
        };
        service_of(&end, service)?;
        let last = shown(&end).ok_or(SandboxError::NoSuchTable)?;
        let columns = columns(shown(&then).unwrap_or_default().iter().chain(&last));
        table_at(&self.record.history, service, table, columns, at, under).await
    }

    fn check_cursor(&self, position: Position) -> Result<()> {
        let end = self.record.history.position();
        if position > end { Err(SandboxError::CursorAhead { position: end }) } else { Ok(()) }
    }
}

fn service_of<'a>(state: &'a DiagramState, service: &str) -> Result<&'a Node> {
    state.node(service).ok_or(SandboxError::NoSuchService)
}

/// Rows are recorded without the order of their columns: the key comes first, then the
/// alphabet's order.
fn columns<'a>(rows: impl Iterator<Item = &'a RowView>) -> Vec<String> {
    let rows: Vec<_> = rows.filter_map(|row| Some((&row.key, row.row.as_object()?))).collect();
    let mut columns: Vec<&String> = rows.iter().flat_map(|(_, row)| row.keys()).collect();
    columns.sort_unstable();
    columns.dedup();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_key = |column: &String| rows.iter().all(|(key, row)| row.get(column).map(text).as_ref() == Some(*key));
    if let Some(key) = columns.iter().position(|column| is_key(column)) {
        columns[..=key].rotate_right(1);
    }
    columns.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_column_that_is_the_key_comes_first() {
        let row = |key: &str, row| RowView { key: key.into(), row, changed_at: 1 };
        let rows = [
            row("101", json!({"amount": 101, "id": 101, "status": "PENDING"})),
            row("102", json!({"amount": 7, "id": 102, "status": "x"})),
        ];
        assert_eq!(columns(rows.iter()), ["id", "amount", "status"]);
        assert!(columns([].iter()).is_empty());
    }
}
