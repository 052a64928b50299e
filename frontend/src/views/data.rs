//! The data: every service's own tables at the position, with what changed last marked.

use super::Scope;
use super::markup::{became, dot, empty, find_back, n, plain, put};
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
    let last = find_back(scope, scope.position(), &|entry| changed(entry).is_some()).and_then(changed);
    let mut out = String::new();
    if let Some((entry, rows)) = last {
        let count = if rows.len() == 1 { words::ROW } else { words::ROWS };
        put!(&mut out, "<p class=\"last-change\">@ <b>$", words::LAST_CHANGE, &entry.event.service);
        put!(&mut out, "</b>, # @: ", rows.len() as u64, count);
        dot(&mut out, scope, entry.position(), &transaction(entry));
        out.push_str("</p>");
    }
    let mut service: Option<&Name> = None;
    for table in tables {
        if service != Some(&table.service) {
            out.push_str(if service.is_some() { "</section>" } else { "" });
            put!(&mut out, "<section class=\"service-data\"><h3>$</h3>", &table.service);
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
    put!(out, "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"$: ", &table.service);
    put!(out, "$\"><table><caption>$ <span class=\"count\">", &table.name, &table.name);
    let count = table.rows.len();
    put!(out, "# @</span></caption><thead><tr>", count as u64, if count == 1 { words::ROW } else { words::ROWS });
    for column in &table.columns {
        put!(out, "<th scope=\"col\">$</th>", column);
    }
    put!(out, "<th scope=\"col\"><span class=\"visually-hidden\">@</span></th></tr></thead><tbody>", words::CHANGE);
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
            put!(out, "<td><del>$</del></td>", &was);
        }
        put!(out, "<td class=\"mark\">@</td></tr>", words::DELETED);
    }
    if count == 0 {
        let columns = n(table.columns.len() as u64 + 1);
        put!(out, "<tr><td class=\"none\" colspan=\"@\">@</td></tr>", &columns, crate::texts::NO_ROWS);
    }
    out.push_str("</tbody></table></div>");
}

fn row(out: &mut String, table: &Table, cells: &[Value], change: Option<&RowChange>) {
    let (class, word) = match change {
        None => ("", ""),
        Some(RowChange { before: None, .. }) => ("new", words::NEW),
        Some(_) => ("changed", words::CHANGED),
    };
    put!(out, "<tr class=\"@\">", class);
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
    put!(out, "<td class=\"mark\">@</td></tr>", word);
}
