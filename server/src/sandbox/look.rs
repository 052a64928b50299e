//! A service's tables as they stood at a position, folded from the rows its transactions recorded.

use super::error::SandboxError;
use crate::recorder::History;
use kit::tables::{TableRows, TableSummary};
use protocol::{Position, Value};

/// Those of the service's own, with their rows at the position. The kit's bookkeeping is not
/// recorded row by row.
pub async fn tables_at(
    history: &History,
    service: &str,
    present: Vec<TableSummary>,
    at: Position,
) -> Result<Vec<TableSummary>, SandboxError> {
    let rows = history.rows_at(service, at).await?;
    let count = |name: &str| rows.table(service, name).map_or(0, |table| table.count);
    let own = present.into_iter().filter(|table| !is_bookkeeping(&table.name));
    Ok(own.map(|table| TableSummary { rows: count(&table.name), ..table }).collect())
}

/// As many rows as a look at the present shows, the newest; of those only whose keys begin with
/// `under`, where it is given.
pub async fn table_at(
    history: &History,
    service: &str,
    table: &str,
    columns: Vec<String>,
    at: Position,
    under: Option<&str>,
) -> Result<TableRows, SandboxError> {
    if is_bookkeeping(table) {
        return Err(SandboxError::NoSuchTable);
    }
    let rows = match under {
        None => history.rows_at(service, at).await?,
        Some(under) => history.rows_under(service, table, under, at).await?,
    };
    let rows = match (rows.table(service, table), under) {
        (None, _) => Ok(vec![]),
        (Some(table), None) => cells(table.rows(), &columns),
        (Some(table), Some(under)) => cells(table.rows_under(under), &columns),
    };
    Ok(TableRows { rows: rows.map_err(anyhow::Error::from)?, columns })
}

fn cells<'a>(rows: impl Iterator<Item = &'a str>, columns: &[String]) -> serde_json::Result<Vec<Vec<Value>>> {
    let cells = |row: &str| {
        let mut row: Value = serde_json::from_str(row)?;
        Ok(columns.iter().map(|column| row.get_mut(column).map(Value::take).unwrap_or_default()).collect())
    };
    rows.map(cells).collect()
}

fn is_bookkeeping(table: &str) -> bool {
    kit::changes::BOOKKEEPING.contains(&table)
}
