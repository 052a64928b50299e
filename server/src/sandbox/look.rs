//! A service's table as it stood at a position, folded from the rows its transactions recorded.

use super::error::SandboxError;
use crate::recorder::History;
use kit::tables::{ROWS_MAX, TableRows};
use protocol::{Observation, Position, Recorded, Value};
use std::collections::BTreeMap;

/// Only the services' own tables: the kit's bookkeeping is not recorded row by row.
pub async fn table_at(
    history: &History,
    service: &str,
    table: &str,
    columns: Vec<String>,
    at: Position,
) -> Result<TableRows, SandboxError> {
    if kit::changes::BOOKKEEPING.contains(&table) {
        return Err(SandboxError::NoSuchTable);
    }
    let fold = |rows: &mut BTreeMap<Key, Value>, event: &Recorded| {
        let Observation::TransactionCommitted { rows: changes, .. } = &event.observation else { return };
        if &*event.service != service {
            return;
        }
        for change in changes.iter().filter(|change| &*change.table == table) {
            let key = Key::of(&change.key);
            match &change.after {
                Some(after) => rows.insert(key, after.clone()),
                None => rows.remove(&key),
            };
        }
    };
    let rows = history.fold(0, at, BTreeMap::new(), fold).await?;
    let cells = |row: &Value| columns.iter().map(|column| row.get(column).cloned().unwrap_or_default()).collect();
    // As many as a look at the present shows, the newest.
    let older = rows.len().saturating_sub(ROWS_MAX as usize);
    Ok(TableRows { rows: rows.values().skip(older).map(cells).collect(), columns })
}

/// Numbers in the order of numbers, the rest as text.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(String),
}

impl Key {
    fn of(key: &str) -> Self {
        key.parse().map_or_else(|_| Key::Text(key.to_owned()), Key::Number)
    }
}
