//! A service: its name, health in words, replicas as pips, and its database.

use super::View;
use super::layout::{Area, Layout, NodeBox, Shape};
use crate::texts;
use crate::views::markup::put;
use diagram::{DiagramState, Health, Node, row_text};
use protocol::FaultKind;

pub fn draw(node: &Node, place: &NodeBox, state: &DiagramState, layout: &Layout, view: View) -> String {
    let Area { x, y, w, h } = place.area;
    let (class, words) = match (health(node, state), layout.shape) {
        // The pips say how many there are.
        (("up", _), Shape::Compact) if node.lease.is_none() => ("up", texts::UP.into()),
        // Beside the button there is room for who leads.
        (("up", words), shape) if node.lease.is_some() => {
            let leads = words.strip_prefix(texts::UP_AND).unwrap_or(&words);
            let short = leads.split(',').next().filter(|_| shape == Shape::Compact);
            ("up", short.unwrap_or(leads).into())
        }
        (("up declining", words), Shape::Compact) => {
            ("up declining", words.strip_prefix(texts::UP_AND).unwrap_or(&words).into())
        }
        (health, _) => health,
    };
    let committing = if view.committing.contains(&node.name) { " committing" } else { "" };
    let mut out = String::new();
    put!(&mut out, "<g class=\"node @@\" data-dot=\"$\">", class, committing, &node.name);
    put!(&mut out, "<rect class=\"box\" x=\"#\" y=\"#\" width=\"#\" height=\"#\" rx=\"14\"/>", x, y, w, h);
    if node.health == Health::Crashed {
        put!(&mut out, "<rect x=\"#\" y=\"#\" width=\"#\" height=\"#\" rx=\"14\" ", x, y, w, h);
        // The pattern's name begins with a sign that stands for a number here.
        put!(&mut out, "fill=\"url(@hatch-@)\"/>", "#", layout.shape.name());
    }
    let left = x + if layout.shape == Shape::Compact { 12 } else { 16 };
    let pips = node.replicas.min(6);
    put!(&mut out, "<text class=\"name\" x=\"#\" y=\"#\"", left, y + 28);
    // A long name is drawn a little closer, and ends before what stands beside it.
    let room = if layout.shape == Shape::Tall { place.cylinder.x } else { x + w } - left - 6;
    if node.name.len() as i32 * 9 > room {
        put!(&mut out, " textLength=\"#\" lengthAdjust=\"spacingAndGlyphs\"", room);
    }
    put!(&mut out, ">$</text>", &node.name);
    put!(&mut out, "<text class=\"health\" x=\"#\" y=\"#\">$</text>", left + 11 * pips as i32 + 3, y + 49, &words);
    for replica in 0..pips {
        pip(&mut out, node, replica, left + 4 + 11 * replica as i32, y + 44);
    }
    out.push_str(&cylinder(node, place.cylinder, layout.shape));
    if let Some((name, latency, at)) = &place.outside {
        let tall = layout.shape == Shape::Tall;
        let (x, y) = if tall { (at.x + 8, at.y + 15) } else { (at.x + 14, at.y + 14) };
        if !tall {
            put!(&mut out, "<path class=\"outside\" d=\"M# #v12\"/>", at.x + 5, at.y - 8);
        }
        let words = texts::outside(name, *latency);
        put!(&mut out, "<text class=\"outside\" x=\"#\" y=\"#\">$</text>", x, y, &words);
    }
    out.push_str("</g>");
    out
}

/// A replica: full while it is up, with a ring around the one that leads.
fn pip(out: &mut String, node: &Node, replica: u32, x: i32, y: i32) {
    let class = match node.health_of(replica) {
        Health::Up => "pip up",
        Health::Crashed => "pip down",
        _ => "pip",
    };
    put!(out, "<circle class=\"@\" cx=\"#\" cy=\"#\" r=\"3.5\"/>", class, x, y);
    if node.lease.as_ref().is_some_and(|lease| lease.holder == replica) {
        put!(out, "<circle class=\"pip leader\" cx=\"#\" cy=\"#\" r=\"5.5\"/>", x, y);
    }
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
        Health::Up => ("up", [texts::UP_AND, &among(node)].concat()),
    }
}

/// Who of its replicas leads, or how many there are.
fn among(node: &Node) -> String {
    let all = node.instances.len();
    let up = node.instances.iter().filter(|instance| instance.health == Health::Up).count();
    match &node.lease {
        Some(lease) => texts::saga::leader(lease.holder, lease.token),
        None if up < all => texts::saga::some_up(up, all),
        None => texts::replicas(node.replicas),
    }
}

fn cylinder(node: &Node, area: Area, shape: Shape) -> String {
    let Area { x, y, w, h } = area;
    let (half, lid) = (w / 2, 6);
    let mut out = String::new();
    let side = h - lid - 8;
    put!(&mut out, "<path class=\"cylinder\" d=\"M# #v#q0 8 10 8h#q10 0 10-8v#\"/>", x, y + lid, side, w - 20, -side);
    put!(&mut out, "<ellipse class=\"lid\" cx=\"#\" cy=\"#\" rx=\"#\" ry=\"#\"/>", x + half, y + lid, half, lid);
    let inset = if shape == Shape::Wide { 10 } else { 7 };
    let room = w - 2 * inset;
    let lines = lines(rows(node), room / if shape == Shape::Compact { 7 } else { 8 });
    let first = y + lid + (h - lid) / 2 + if lines.len() > 1 { -4 } else { 6 };
    let x = x + inset;
    if lines.is_empty() {
        put!(&mut out, "<text class=\"row none\" x=\"#\" y=\"#\">@</text>", x, first, texts::NO_ROWS);
    }
    for (i, (text, newest)) in lines.iter().enumerate() {
        let class = if *newest { "row now" } else { "row" };
        put!(&mut out, "<text class=\"@\" x=\"#\" y=\"#\"", class, x, first + 20 * i as i32);
        // A little too long is drawn a little closer.
        let advance = if shape == Shape::Compact { 75 } else { 81 };
        if text.chars().count() as i32 * advance > room * 10 {
            put!(&mut out, " textLength=\"#\" lengthAdjust=\"spacingAndGlyphs\"", room);
        }
        put!(&mut out, ">$</text>", text);
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
        let end = row.get(..end).and_then(|head| head.rfind(' ')).unwrap_or(end);
        let (head, tail) = row.split_at_checked(end).unwrap_or((row, ""));
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
