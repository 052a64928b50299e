//! The latest orders and the services' tables, as HTML.

use crate::texts;
use crate::views::markup::put;
use diagram::{DiagramState, SagaView, row_text};

/// The latest orders in a line: number and status.
pub fn ledger(state: &DiagramState, most: usize) -> String {
    if state.sagas.latest.is_empty() {
        return format!("<li class=\"none\">{}</li>", texts::NO_ORDERS);
    }
    let mut out = String::new();
    for saga in state.sagas.latest.iter().rev().take(most) {
        put!(&mut out, "<li class=\"@\"><span class=\"id\">#</span> ", class(saga), saga.order_id);
        put!(&mut out, "<span class=\"status\">$</span></li>", &saga.order);
    }
    out
}

/// The latest orders with what each service knows of them, as rows of a table.
pub fn order_table(state: &DiagramState) -> String {
    if state.sagas.latest.is_empty() {
        return format!("<tr><td class=\"none\" colspan=\"6\">{}</td></tr>", texts::NO_ORDERS);
    }
    let mut out = String::new();
    for saga in state.sagas.latest.iter().rev() {
        put!(&mut out, "<tr class=\"@\"><th scope=\"row\">#</th>", class(saga), saga.order_id);
        put!(&mut out, "<td><span class=\"status\">$</span></td>", &saga.order);
        for part in [&saga.reservation, &saga.payment, &saga.notification] {
            let word = part.as_ref().map_or_else(|| texts::NOT_YET.into(), |part| part.to_ascii_lowercase());
            put!(&mut out, "<td>$</td>", &word);
        }
        if &*saga.order == "PENDING" {
            put!(&mut out, "<td class=\"number\">@</td></tr>", texts::NOT_YET);
        } else {
            put!(&mut out, "<td class=\"number\">~</td></tr>", saga.changed_at.saturating_sub(saga.began_at));
        }
    }
    out
}

/// Each service's tables: how many rows, and the latest of them.
pub fn tables(state: &DiagramState) -> String {
    let mut out = String::new();
    for node in &state.nodes {
        for table in &node.tables {
            let caption = texts::table(&node.name, &table.name, table.count);
            put!(&mut out, "<li><h3>$</h3><ul>", &caption);
            for row in table.rows.iter().rev() {
                put!(&mut out, "<li>$</li>", &row_text(&table.name, &row.row));
            }
            out.push_str("</ul></li>");
        }
    }
    if out.is_empty() {
        out = format!("<li class=\"none\">{}</li>", texts::NO_ROWS);
    }
    out
}

fn class(saga: &SagaView) -> &'static str {
    match &*saga.order {
        "CONFIRMED" => "confirmed",
        "CANCELLED" => "cancelled",
        _ => "pending",
    }
}
