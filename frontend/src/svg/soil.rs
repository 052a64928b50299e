//! The soil: history in strata, from left to right.

use diagram::MarkKind;
use std::collections::VecDeque;

/// Something that happened, as a mark in the soil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub kind: MarkKind,
    pub position: u64,
}

const HEIGHT: i32 = 30;
const STEP: i32 = 16;
/// Extra room before a command: a new layer begins.
const LAYER: i32 = 14;

/// Marks from old to new, shaded while something was broken, then the playhead, then what
/// has been received and is not shown yet. `broken` says whether anything is broken now.
pub fn strata(marks: &VecDeque<Mark>, coming: &[Mark], broken: bool) -> String {
    let mut bands = String::new();
    let mut glyphs = String::new();
    let mut x = 4;
    let mut broken_since = None;
    // What broke before the first mark kept is broken from the beginning on.
    let first_turn = marks.iter().find_map(|mark| turn(mark.kind));
    if first_turn == Some(false) || first_turn.is_none() && broken {
        broken_since = Some(0);
    }
    for mark in marks {
        if mark.kind == MarkKind::Command && x > 4 {
            x += LAYER;
        }
        x += STEP;
        match turn(mark.kind) {
            Some(true) => {
                broken_since.get_or_insert(x);
            }
            Some(false) => {
                if let Some(since) = broken_since.take() {
                    bands.push_str(&band(since, x));
                }
            }
            None => {}
        }
        glyphs.push_str(&glyph(mark.kind, x));
    }
    let head = x + STEP;
    if let Some(since) = broken_since.filter(|_| broken) {
        bands.push_str(&band(since, head));
    }
    if !marks.is_empty() {
        glyphs.push_str(&format!("<rect class=\"playhead\" x=\"{head}\" width=\"3\" height=\"{HEIGHT}\"/>"));
    }
    x = head + 4;
    glyphs.push_str("<g class=\"coming\">");
    for mark in coming {
        x += STEP;
        glyphs.push_str(&glyph(mark.kind, x));
    }
    let width = x + STEP;
    format!("<svg width=\"{width}\" height=\"{HEIGHT}\">{bands}{glyphs}</g></svg>")
}

/// Whether with this something broke, or was mended.
fn turn(kind: MarkKind) -> Option<bool> {
    match kind {
        MarkKind::Crash | MarkKind::FaultOn | MarkKind::Broken => Some(true),
        MarkKind::Restart | MarkKind::FaultOff | MarkKind::Restored => Some(false),
        _ => None,
    }
}

fn band(from: i32, to: i32) -> String {
    format!("<rect class=\"broken\" x=\"{from}\" width=\"{}\" height=\"{HEIGHT}\"/>", to - from)
}

fn glyph(kind: MarkKind, x: i32) -> String {
    let middle = HEIGHT / 2;
    match kind {
        MarkKind::Command => format!("<rect class=\"command\" x=\"{}\" y=\"7\" width=\"5\" height=\"16\"/>", x - 2),
        MarkKind::Event => format!("<circle class=\"event\" cx=\"{x}\" cy=\"{middle}\" r=\"4\"/>"),
        MarkKind::Failure => format!("<path class=\"failure\" d=\"M{x} 8l7 7l-7 7l-7-7z\"/>"),
        MarkKind::Compensation => format!("<circle class=\"compensation\" cx=\"{x}\" cy=\"{middle}\" r=\"5.5\"/>"),
        MarkKind::Crash => format!("<path class=\"crash\" d=\"M{} 10l10 10m0-10l-10 10\"/>", x - 5),
        MarkKind::Restart => format!("<path class=\"restart\" d=\"M{x} 22v-14m-5 5l5-5l5 5\"/>"),
        MarkKind::FaultOn | MarkKind::FaultOff | MarkKind::Broken | MarkKind::Restored => {
            format!("<path class=\"fault\" d=\"M{x} 5v20\"/>")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(kinds: &[MarkKind], broken: bool) -> String {
        let marks = kinds.iter().map(|&kind| Mark { kind, position: 1 }).collect();
        strata(&marks, &[], broken)
    }

    #[test]
    fn what_was_broken_is_shaded_until_it_was_mended() {
        use MarkKind::*;
        assert_eq!(drawn(&[Command, Crash, Event, Restart, Event], false).matches("broken").count(), 1);
        assert_eq!(drawn(&[Command, Crash, Event], true).matches("broken").count(), 1);
        assert_eq!(drawn(&[Command, Event, Restart, Event], false).matches("broken").count(), 1);
        assert_eq!(drawn(&[Command, Event], false).matches("broken").count(), 0);
    }
}
