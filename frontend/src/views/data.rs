//! The data: every service's own tables at the position, with what changed last marked.

use super::Scope;
use super::markup::{back_from, became, dot, empty, n, plain, put};
use crate::svg::escape;
use crate::tape::Entry;
use crate::texts::views as words;
use protocol::{Name, Observation, RowChange, Value};

/// A service's table as the API gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub service: Name,
    pub name: Name,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

/// Until the tables of a position are here.
pub fn loading() -> String {
    empty(words::DATA_LOADING)
}

pub fn data(tables: &[Table], scope: &Scope) -> String {
    if tables.is_empty() {
        return empty(words::DATA_EMPTY);
    }
    let last = back_from(scope, scope.position()).find_map(changed);
    let mut out = String::new();
    if let Some((entry, rows)) = last {
        let count = if rows.len() == 1 { words::ROW } else { words::ROWS };
        put(&mut out, &["<p class=\"last-change\">", words::LAST_CHANGE, " <b>", &escape(&entry.event.service)]);
        put(&mut out, &["</b>, ", &n(rows.len() as u64), " ", count, ": "]);
        dot(&mut out, scope, entry.position(), &transaction(entry));
        out.push_str("</p>");
    }
    let mut service: Option<&Name> = None;
    for table in tables {
        if service != Some(&table.service) {
            out.push_str(if service.is_some() { "</section>" } else { "" });
            put(&mut out, &["<section class=\"service-data\"><h3>", &escape(&table.service), "</h3>"]);
            service = Some(&table.service);
        }
        let changes: Vec<&RowChange> = last
            .iter()
            .filter(|(entry, _)| entry.event.service == table.service)
            .flat_map(|(_, rows)| rows.iter().filter(|row| row.table == table.name))
            .collect();
        draw(&mut out, table, &changes);
    }
    out.push_str("</section>");
    out
}

fn changed(entry: &Entry) -> Option<(&Entry, &[RowChange])> {
    match &entry.event.observation {
        Observation::TransactionCommitted { rows, .. } if !rows.is_empty() => Some((entry, rows)),
        _ => None,
    }
}

fn transaction(entry: &Entry) -> String {
    match &entry.event.observation {
        Observation::TransactionCommitted { transaction_id, .. } => {
            [words::TRANSACTION, " ", &n(*transaction_id)].concat()
        }
        _ => String::new(),
    }
}

fn draw(out: &mut String, table: &Table, changes: &[&RowChange]) {
    put(out, &["<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"", &escape(&table.service), ": "]);
    put(out, &[&escape(&table.name), "\"><table><caption>", &escape(&table.name), " <span class=\"count\">"]);
    let count = table.rows.len();
    put(
        out,
        &[&n(count as u64), " ", if count == 1 { words::ROW } else { words::ROWS }, "</span></caption><thead><tr>"],
    );
    for column in &table.columns {
        put(out, &["<th scope=\"col\">", &escape(column), "</th>"]);
    }
    put(
        out,
        &["<th scope=\"col\"><span class=\"visually-hidden\">", words::CHANGE, "</span></th></tr></thead><tbody>"],
    );
    for cells in &table.rows {
        let column = |name: &str| table.columns.iter().position(|column| column == name);
        // A row is the one a transaction wrote if it has all that was written.
        let wrote = |change: &&&RowChange| {
            let mut fields = change.after.iter().flat_map(Value::as_object).flatten().peekable();
            fields.peek().is_some()
                && fields.all(|(name, value)| column(name).and_then(|at| cells.get(at)) == Some(value))
        };
        row(out, table, cells, changes.iter().find(wrote).copied());
    }
    for change in changes.iter().filter(|change| change.after.is_none()) {
        out.push_str("<tr class=\"deleted\">");
        for column in &table.columns {
            let was = change.before.as_ref().and_then(|before| before.get(column)).map(plain).unwrap_or_default();
            put(out, &["<td><del>", &escape(&was), "</del></td>"]);
        }
        put(out, &["<td class=\"mark\">", words::DELETED, "</td></tr>"]);
    }
    if count == 0 {
        let columns = n(table.columns.len() as u64 + 1);
        put(out, &["<tr><td class=\"none\" colspan=\"", &columns, "\">", crate::texts::NO_ROWS, "</td></tr>"]);
    }
    out.push_str("</tbody></table></div>");
}

fn row(out: &mut String, table: &Table, cells: &[Value], change: Option<&RowChange>) {
    let (class, word) = match change {
        None => ("", ""),
        Some(RowChange { before: None, .. }) => ("new", words::NEW),
        Some(_) => ("changed", words::CHANGED),
    };
    put(out, &["<tr class=\"", class, "\">"]);
    for (column, cell) in table.columns.iter().zip(cells) {
        let before = change.and_then(|change| change.before.as_ref()).and_then(|before| before.get(column));
        out.push_str(match cell {
            Value::Number(_) => "<td class=\"number\">",
            Value::Null => "<td class=\"null\">",
            _ => "<td>",
        });
        match before {
            Some(before) if before != cell => became(out, &plain(before), &plain(cell)),
            _ => out.push_str(&escape(&plain(cell))),
        }
        out.push_str("</td>");
    }
    put(out, &["<td class=\"mark\">", word, "</td></tr>"]);
}
