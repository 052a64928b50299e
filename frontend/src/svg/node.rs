//! A service: its name, health in words, replicas as pips, and its database.

use super::layout::{Area, Layout, NodeBox, Shape};
use super::{View, escape};
use crate::texts;
use diagram::{DiagramState, Health, Node, row_text};
use protocol::FaultKind;

pub fn draw(node: &Node, place: &NodeBox, state: &DiagramState, layout: &Layout, view: View) -> String {
    let Area { x, y, w, h } = place.area;
    let (class, words) = match (health(node, state), layout.shape) {
        // The pips say how many there are.
        (("up", _), Shape::Compact) => ("up", texts::UP.into()),
        (("up declining", words), Shape::Compact) => {
            ("up declining", words.strip_prefix(texts::UP_AND).unwrap_or(&words).into())
        }
        (health, _) => health,
    };
    let committing = if view.committing.contains(&node.name) { " committing" } else { "" };
    let mut out = format!(
        "<g class=\"node {class}{committing}\" data-dot=\"{}\"><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"14\"/>",
        escape(&node.name)
    );
    if node.health == Health::Crashed {
        out.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"14\" fill=\"url(#hatch-{})\"/>",
            layout.shape.name()
        ));
    }
    let left = x + if layout.shape == Shape::Compact { 12 } else { 16 };
    // A long name is drawn a little closer, and ends before what stands beside it.
    let room = if layout.shape == Shape::Tall { place.cylinder.x } else { x + w } - left - 6;
    let squeeze = if node.name.len() as i32 * 9 > room {
        format!(" textLength=\"{room}\" lengthAdjust=\"spacingAndGlyphs\"")
    } else {
        String::new()
    };
    let pips = node.replicas.min(6) as i32;
    out.push_str(&format!(
        "<text class=\"name\" x=\"{left}\" y=\"{}\"{squeeze}>{}</text><text class=\"health\" x=\"{}\" y=\"{}\">{}</text>",
        y + 28,
        escape(&node.name),
        left + 11 * pips + 3,
        y + 49,
        escape(&words)
    ));
    let pip = if node.health == Health::Up { "pip up" } else { "pip" };
    for i in 0..pips {
        out.push_str(&format!("<circle class=\"{pip}\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>", left + 4 + 11 * i, y + 44));
    }
    out.push_str(&cylinder(node, place.cylinder, layout.shape));
    if let Some((name, latency, at)) = &place.outside {
        let tall = layout.shape == Shape::Tall;
        let (x, y) = if tall { (at.x + 8, at.y + 15) } else { (at.x + 14, at.y + 14) };
        if !tall {
            out.push_str(&format!("<path class=\"outside\" d=\"M{} {}v12\"/>", at.x + 5, at.y - 8));
        }
        out.push_str(&format!(
            "<text class=\"outside\" x=\"{x}\" y=\"{y}\">{}</text>",
            escape(&texts::outside(name, *latency))
        ));
    }
    out.push_str("</g>");
    out
}

/// The first fault that stands at a service, and how many more.
fn struck(node: &Node, state: &DiagramState) -> String {
    let mut here = state.faults.iter().filter(|fault| {
        fault.spec.target == node.name && !matches!(fault.spec.kind, FaultKind::Crash | FaultKind::Pause)
    });
    let Some(first) = here.next() else { return String::new() };
    let word = texts::faults::badge(first.spec.kind);
    match here.count() {
        0 => word.into(),
        more => format!("{word} +{more}"),
    }
}

/// A class and words: `crashed`, `up · 1 replica`, `up · declining`.
pub fn health(node: &Node, state: &DiagramState) -> (&'static str, String) {
    let words = struck(node, state);
    match node.health {
        Health::Crashed => ("crashed", texts::CRASHED.into()),
        _ if state.hibernated => ("asleep", texts::ASLEEP.into()),
        Health::Paused => ("paused", texts::PAUSED.into()),
        Health::Stopped if state.position == 0 => ("stopped", texts::NOT_RUNNING.into()),
        Health::Stopped => ("stopped", texts::STOPPED.into()),
        Health::Up if !words.is_empty() => ("up declining", format!("{}{words}", texts::UP_AND)),
        Health::Up => ("up", format!("{} · {}", texts::UP, texts::replicas(node.replicas))),
    }
}

fn cylinder(node: &Node, area: Area, shape: Shape) -> String {
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
    let inset = if shape == Shape::Wide { 10 } else { 7 };
    let room = w - 2 * inset;
    let lines = lines(rows(node), room / if shape == Shape::Compact { 7 } else { 8 });
    let first = y + lid + (h - lid) / 2 + if lines.len() > 1 { -4 } else { 6 };
    let x = x + inset;
    if lines.is_empty() {
        out.push_str(&format!("<text class=\"row none\" x=\"{x}\" y=\"{first}\">{}</text>", texts::NO_ROWS));
    }
    for (i, (text, newest)) in lines.iter().enumerate() {
        let class = if *newest { "row now" } else { "row" };
        let y = first + 20 * i as i32;
        // A little too long is drawn a little closer.
        let advance = if shape == Shape::Compact { 75 } else { 81 };
        let squeeze = if text.chars().count() as i32 * advance > room * 10 {
            format!(" textLength=\"{room}\" lengthAdjust=\"spacingAndGlyphs\"")
        } else {
            String::new()
        };
        out.push_str(&format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{squeeze}>{}</text>", escape(text)));
    }
    out
}

/// Rows as lines of at most so many characters and a little more: a row that stands alone may
/// take two lines, what is longer still is cut.
fn lines(rows: Vec<(String, bool)>, limit: i32) -> Vec<(String, bool)> {
    let limit = limit.max(8) as usize;
    let fits = |text: &str| text.chars().count() <= limit + limit / 6;
    let cut = |text: &str| -> String {
        if fits(text) { text.into() } else { text.chars().take(limit).chain(['…']).collect() }
    };
    if let [(row, newest)] = &rows[..]
        && !fits(row)
    {
        let end = row.char_indices().nth(limit).map_or(row.len(), |(end, _)| end);
        let (head, tail) = row.split_at(row[..end].rfind(' ').unwrap_or(end));
        return vec![(head.into(), *newest), (cut(tail.trim_start()), *newest)];
    }
    rows.iter().map(|(row, newest)| (cut(row), *newest)).collect()
}

/// The one or two rows that matter now: the last of each table if it has several, else the
/// last two; the newest is marked.
pub fn rows(node: &Node) -> Vec<(String, bool)> {
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

#[cfg(test)]
mod tests {
    use super::lines;

    fn texts(rows: &[&str], limit: i32) -> Vec<String> {
        lines(rows.iter().map(|row| (row.to_string(), true)).collect(), limit)
            .into_iter()
            .map(|(text, _)| text)
            .collect()
    }

    #[test]
    fn a_row_alone_takes_two_lines_and_two_rows_are_cut() {
        assert_eq!(texts(&["101 “cancelled: card declined”"], 20), ["101 “cancelled:", "card declined”"]);
        assert_eq!(
            texts(&["101 PENDING", "a very long row that never ends"], 20),
            ["101 PENDING", "a very long row that…"]
        );
        assert_eq!(texts(&["wordwithoutanyendtoitatallforever"], 10), ["wordwithou", "tanyendtoi…"]);
    }
}
