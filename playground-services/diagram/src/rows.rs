//! A service's own rows, as its cylinder shows them.

use protocol::{Name, Position, RowChange, Value, money};
use serde::{Deserialize, Serialize};

/// A table: how many rows, and the two that changed last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableView {
    pub name: Name,
    pub count: u64,
    /// Most recently changed last.
    pub rows: Vec<RowView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowView {
    pub key: String,
    pub row: Value,
    /// The position of the transaction that wrote it.
    pub changed_at: Position,
}

const SHOWN_ROWS: usize = 2;

impl TableView {
    pub(crate) fn changed(tables: &mut Vec<TableView>, change: &RowChange, position: Position) {
        let at = tables.iter().position(|table| table.name == change.table).unwrap_or_else(|| {
            tables.push(TableView { name: change.table.clone(), count: 0, rows: vec![] });
            tables.len() - 1
        });
        let table = &mut tables[at];
        match (&change.before, &change.after) {
            (None, Some(_)) => table.count += 1,
            (Some(_), None) => table.count = table.count.saturating_sub(1),
            _ => {}
        }
        table.rows.retain(|row| row.key != change.key);
        if let Some(after) = &change.after {
            table.rows.push(RowView { key: change.key.clone(), row: after.clone(), changed_at: position });
        }
        if table.rows.len() > SHOWN_ROWS {
            table.rows.remove(0);
        }
    }
}

/// A row of a table nothing is known about: its columns that are numbers or texts.
fn plain(row: &Value) -> String {
    let mut words = vec![];
    for (column, value) in row.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => words.push(format!("{column} {text}")),
            Value::Number(number) => words.extend(number.as_i64().map(|number| format!("{column} {number}"))),
            _ => {}
        }
    }
    words.join(", ")
}

/// A row in a few words: `105 CONFIRMED`, `item 42 on hand 96`.
pub fn row_text(table: &str, row: &Value) -> String {
    let number = |column: &str| row.get(column).and_then(Value::as_i64).unwrap_or_default();
    let text = |column: &str| row.get(column).and_then(Value::as_str).unwrap_or_default();
    match table {
        "orders" => format!("{} {}", number("id"), text("status")),
        "stock" => format!("item {} on hand {}", number("item_id"), number("on_hand")),
        "reservations" => {
            let verb = text("status").to_ascii_lowercase();
            format!("{verb} {} → order {}", number("quantity"), number("order_id"))
        }
        "payments" => {
            let verb = text("status").to_ascii_lowercase();
            format!("{} {} {verb}", number("order_id"), money(number("amount_minor")))
        }
        "saga" => format!("{} {}", number("order_id"), text("status")),
        "saga_log" => format!("{} {} {}", number("order_id"), text("entry"), text("step")),
        "notifications" => format!("{} “{}”", number("order_id"), text("message")),
        _ => plain(row),
    }
}
