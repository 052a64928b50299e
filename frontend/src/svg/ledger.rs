//! The latest orders and the services' tables, as HTML.

use super::escape;
use crate::texts;
use diagram::{DiagramState, SagaView, row_text};
use std::fmt::Write;

/// The latest orders in a line: number and status.
pub fn ledger(state: &DiagramState, most: usize) -> String {
    if state.sagas.latest.is_empty() {
        return format!("<li class=\"none\">{}</li>", texts::NO_ORDERS);
    }
    let mut out = String::new();
    for saga in state.sagas.latest.iter().rev().take(most) {
        let status = escape(&saga.order);
        let _ = write!(
            out,
            "<li class=\"{}\"><span class=\"id\">{}</span> <span class=\"status\">{status}</span></li>",
            class(saga),
            saga.order_id
        );
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
        let word = |part: &Option<protocol::Name>| match part {
            Some(part) => escape(&part.to_ascii_lowercase()),
            None => texts::NOT_YET.into(),
        };
        let took = if &*saga.order == "PENDING" {
            texts::NOT_YET.into()
        } else {
            texts::elapsed(saga.changed_at.saturating_sub(saga.began_at))
        };
        let _ = write!(
            out,
            "<tr class=\"{}\"><th scope=\"row\">{}</th><td><span class=\"status\">{}</span></td><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{took}</td></tr>",
            class(saga),
            saga.order_id,
            escape(&saga.order),
            word(&saga.reservation),
            word(&saga.payment),
            word(&saga.notification),
        );
    }
    out
}

/// Each service's tables: how many rows, and the latest of them.
pub fn tables(state: &DiagramState) -> String {
    let mut out = String::new();
    for node in &state.nodes {
        for table in &node.tables {
            let caption = texts::table(&node.name, &table.name, table.count);
            let _ = write!(out, "<li><h3>{}</h3><ul>", escape(&caption));
            for row in table.rows.iter().rev() {
                let _ = write!(out, "<li>{}</li>", escape(&row_text(&table.name, &row.row)));
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
