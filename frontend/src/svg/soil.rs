//! The soil: history in strata, newest at the right.

use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    Command,
    Event,
    Failure,
    Compensation,
    Crash,
    Restart,
    FaultOn,
    FaultOff,
}

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

/// Marks from old to new, drawn from right to left; shaded while something was broken.
/// `broken` says whether anything is broken at the newest mark.
pub fn strata(marks: &VecDeque<Mark>, broken: bool) -> String {
    let mut bands = String::new();
    let mut glyphs = String::new();
    let mut x = -20;
    let mut shade_until = broken.then_some(0);
    for mark in marks.iter().rev() {
        match mark.kind {
            MarkKind::Restart | MarkKind::FaultOff => {
                shade_until.get_or_insert(x);
            }
            MarkKind::Crash | MarkKind::FaultOn => {
                if let Some(end) = shade_until.take() {
                    bands.push_str(&format!("<rect class=\"broken\" x=\"{x}\" width=\"{}\" height=\"{HEIGHT}\"/>", end - x));
                }
            }
            _ => {}
        }
        glyphs.push_str(&glyph(mark.kind, x));
        x -= STEP;
        if mark.kind == MarkKind::Command {
            x -= LAYER;
        }
    }
    if let Some(end) = shade_until {
        bands.push_str(&format!("<rect class=\"broken\" x=\"{x}\" width=\"{}\" height=\"{HEIGHT}\"/>", end - x));
    }
    format!("{bands}{glyphs}")
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
        MarkKind::FaultOn | MarkKind::FaultOff => format!("<path class=\"fault\" d=\"M{x} 5v20\"/>"),
    }
}
