//! A service: its name, health in words, replicas as pips, and its database.

use super::layout::{Area, Layout, NodeBox, Shape};
use super::{View, escape};
use crate::texts;
use diagram::{DiagramState, Health, Node, row_text};
use protocol::FaultKind;

pub fn draw(node: &Node, place: &NodeBox, state: &DiagramState, layout: &Layout, view: View) -> String {
    let Area { x, y, w, h } = place.area;
    let (class, words) = health(node, state);
    let committing = if view.committing.contains(&node.name) { " committing" } else { "" };
    let mut out = format!("<g class=\"node {class}{committing}\"><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"14\"/>");
    if node.health == Health::Crashed {
        out.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"14\" fill=\"url(#hatch-{})\"/>",
            layout.shape.name()
        ));
    }
    let left = x + if layout.shape == Shape::Compact { 12 } else { 16 };
    out.push_str(&format!(
        "<text class=\"name\" x=\"{left}\" y=\"{}\">{}</text><text class=\"health\" x=\"{left}\" y=\"{}\">{}</text>",
        y + 28,
        escape(&node.name),
        y + 48,
        escape(&words)
    ));
    out.push_str(&pips(node, place, layout.shape));
    out.push_str(&cylinder(node, place.cylinder));
    if let Some((name, latency, at)) = &place.outside {
        let tall = layout.shape == Shape::Tall;
        let (x, y) = if tall { (at.x + 8, at.y + 15) } else { (at.x + 14, at.y + 14) };
        if !tall {
            out.push_str(&format!("<path class=\"outside\" d=\"M{} {}v12\"/>", at.x + 5, at.y - 8));
        }
        out.push_str(&format!("<text class=\"outside\" x=\"{x}\" y=\"{y}\">{}</text>", escape(&texts::outside(name, *latency))));
    }
    out.push_str("</g>");
    out
}

/// A class and words: `crashed`, `up · 1 replica`, `up · declining`.
pub fn health(node: &Node, state: &DiagramState) -> (&'static str, String) {
    let declining = state
        .faults
        .iter()
        .any(|fault| fault.spec.kind == FaultKind::DeclinePayments && fault.spec.target == node.name);
    match node.health {
        Health::Crashed => ("crashed", texts::CRASHED.into()),
        _ if state.hibernated => ("asleep", texts::ASLEEP.into()),
        Health::Stopped if state.position == 0 => ("stopped", texts::NOT_RUNNING.into()),
        Health::Stopped => ("stopped", texts::STOPPED.into()),
        Health::Up if declining => ("up declining", texts::DECLINING.into()),
        Health::Up => ("up", format!("{} · {}", texts::UP, texts::replicas(node.replicas))),
    }
}

fn pips(node: &Node, place: &NodeBox, shape: Shape) -> String {
    let (right, y) = match shape {
        Shape::Tall => (place.cylinder.x - 12, place.area.y + 22),
        _ => (place.area.right() - 18, place.area.y + 51),
    };
    let class = if node.health == Health::Up { "pip up" } else { "pip" };
    (0..node.replicas.min(6) as i32)
        .map(|i| format!("<circle class=\"{class}\" cx=\"{}\" cy=\"{y}\" r=\"3.5\"/>", right - 11 * i))
        .collect()
}

fn cylinder(node: &Node, area: Area) -> String {
    let Area { x, y, w, h } = area;
    let (half, lid) = (w / 2, 6);
    let mut out = format!(
        "<path class=\"cylinder\" d=\"M{x} {}v{}q0 8 10 8h{}q10 0 10-8v-{}\"/><ellipse class=\"lid\" cx=\"{}\" cy=\"{}\" rx=\"{half}\" ry=\"{lid}\"/>",
        y + lid,
        h - lid - 8,
        w - 20,
        h - lid - 8,
        x + half,
        y + lid,
    );
    let rows = rows(node);
    let first = y + lid + (h - lid) / 2 + if rows.len() > 1 { -4 } else { 6 };
    if rows.is_empty() {
        out.push_str(&format!("<text class=\"row none\" x=\"{}\" y=\"{first}\">{}</text>", x + 10, texts::NO_ROWS));
    }
    for (i, (text, newest)) in rows.iter().enumerate() {
        let class = if *newest { "row now" } else { "row" };
        let y = first + 20 * i as i32;
        out.push_str(&format!("<text class=\"{class}\" x=\"{}\" y=\"{y}\">{}</text>", x + 10, escape(text)));
    }
    out
}

/// The one or two rows that matter now: the last of each table if it has several, else the
/// last two; the newest is marked.
fn rows(node: &Node) -> Vec<(String, bool)> {
    let mut rows: Vec<_> = if node.tables.len() > 1 {
        let last = |table: &'_ diagram::TableView| table.rows.last().cloned().map(|row| (table.name.clone(), row));
        node.tables.iter().filter_map(last).collect()
    } else {
        node.tables.iter().flat_map(|table| table.rows.iter().map(|row| (table.name.clone(), row.clone()))).collect()
    };
    rows.truncate(2);
    let newest = rows.iter().map(|(_, row)| row.changed_at).max();
    rows.iter().map(|(table, row)| (row_text(table, &row.row), Some(row.changed_at) == newest)).collect()
}
