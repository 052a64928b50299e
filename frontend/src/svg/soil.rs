//! The soil: the whole record from left to right, painted with what stands out in it.

use diagram::{Layer, MarkKind, Strata};
use protocol::Position;

/// A mark wants so many pixels; where there are fewer, marks become columns.
const WIDE: usize = 8;
const COLUMNS: u64 = 200;
/// The shortest record drawn over the whole width.
const SHORTEST: Position = 160;

/// How many positions the whole width stands for: a little more than there are, in steps, so
/// that marks stay where they are while the record grows.
pub fn scale(end: Position) -> Position {
    let mut scale = SHORTEST;
    while scale < end + end / 20 {
        scale += scale / 4;
    }
    scale
}

/// Marks from old to new on so many pixels, shaded while something was broken.
pub fn strata(strata: &Strata, end: Position, pixels: usize) -> String {
    let scale = scale(end);
    let marked: Vec<(Position, &Layer)> =
        (0..).zip(&strata.layers).map(|(i, layer)| (strata.first_of(i), layer)).collect();
    let single = marked.iter().map(|(_, layer)| layer.iter().filter(|count| **count > 0).count()).sum::<usize>() * WIDE
        <= pixels;
    let mut out = String::from("<svg width=\"100%\" height=\"30\" aria-hidden=\"true\">");
    shade(&mut out, &marked, end, scale);
    if single {
        for (position, layer) in &marked {
            for kind in MarkKind::ALL.into_iter().filter(|kind| layer[*kind as usize] > 0) {
                let at = percent(*position + strata.width / 2, scale);
                out.push_str(&format!("<svg x=\"{at}\" overflow=\"visible\">{}</svg>", glyph(kind)));
            }
        }
    } else {
        columns(&mut out, &marked, scale);
    }
    out.push_str("</svg>");
    out
}

/// A thousandth of the width is close enough.
fn percent(position: Position, scale: Position) -> String {
    let part = position * 1_000 / scale.max(1);
    format!("{}.{}%", part / 10, part % 10)
}

fn columns(out: &mut String, marked: &[(Position, &Layer)], scale: Position) {
    let mut from = 0;
    while from < marked.len() {
        let column = marked[from].0 * COLUMNS / scale;
        let to = from + marked[from..].iter().take_while(|(position, _)| position * COLUMNS / scale == column).count();
        let count = |kind: MarkKind| marked[from..to].iter().map(|(_, layer)| layer[kind as usize]).sum::<u32>();
        let x = format!("{}.{}%", column * 1000 / COLUMNS / 10, column * 1000 / COLUMNS % 10);
        let mut bar = |class: &str, y: u32, height: u32| {
            if height > 0 {
                out.push_str(&format!(
                    "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\".4%\" height=\"{height}\"/>"
                ));
            }
        };
        let tall = |count: u32, most: u32| if count == 0 { 0 } else { (2 + count.ilog2() * 2).min(most) };
        bar("command", 3, tall(count(MarkKind::Command), 8));
        let events = tall(count(MarkKind::Event), 10);
        bar("event", 12, events);
        bar("failure", 23, tall(count(MarkKind::Failure), 6));
        bar("compensation", 26, tall(count(MarkKind::Compensation), 4));
        let mut sign = |kind: MarkKind| {
            if count(kind) > 0 {
                out.push_str(&format!("<svg x=\"{x}\" overflow=\"visible\">{}</svg>", glyph(kind)));
            }
        };
        for kind in [MarkKind::Crash, MarkKind::Restart, MarkKind::FaultOn, MarkKind::FaultOff, MarkKind::Takeover] {
            sign(kind);
        }
        from = to;
    }
}

/// While something was broken: a service crashed, a fault stood, a promise did not hold.
fn shade(out: &mut String, marked: &[(Position, &Layer)], end: Position, scale: Position) {
    let (mut broken, mut since) = (0_i64, 0);
    let mut band = |from: Position, to: Position| {
        let part = |position: Position| position * 1_000 / scale;
        let width = (part(to) - part(from)).max(2);
        let x = percent(from, scale);
        out.push_str(&format!(
            "<rect class=\"broken\" x=\"{x}\" width=\"{}.{}%\" height=\"30\"/>",
            width / 10,
            width % 10
        ));
    };
    for (position, layer) in marked {
        let count = |kind: MarkKind| i64::from(layer[kind as usize]);
        let more = count(MarkKind::Crash) + count(MarkKind::FaultOn) + count(MarkKind::Broken);
        let fewer = count(MarkKind::Restart) + count(MarkKind::FaultOff) + count(MarkKind::Restored);
        let now = (broken + more - fewer).max(0);
        if broken == 0 && more > 0 {
            since = *position;
        }
        if now == 0 && (broken > 0 || more > 0) {
            band(since, *position);
        }
        broken = now;
    }
    if broken > 0 {
        band(since, end);
    }
}

/// A mark around 0, in the middle of the soil's height.
fn glyph(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Command => "<rect class=\"command\" x=\"-2\" y=\"7\" width=\"5\" height=\"16\"/>",
        MarkKind::Event => "<circle class=\"event\" cy=\"15\" r=\"4\"/>",
        MarkKind::Failure => "<path class=\"failure\" d=\"M0 8l7 7l-7 7l-7-7z\"/>",
        MarkKind::Compensation => "<circle class=\"compensation\" cy=\"15\" r=\"5.5\"/>",
        MarkKind::Crash => "<path class=\"crash\" d=\"M-5 10l10 10m0-10l-10 10\"/>",
        MarkKind::Restart => "<path class=\"restart\" d=\"M0 22v-14m-5 5l5-5l5 5\"/>",
        MarkKind::FaultOn | MarkKind::FaultOff => "<path class=\"fault\" d=\"M0 5v20\"/>",
        // One circle before another: the next one leads.
        MarkKind::Takeover => "<path class=\"takeover\" d=\"M-6 15a4 4 0 1 1 0 .1m8-3.6l4 3.5l-4 3.5\"/>",
        MarkKind::Broken | MarkKind::Restored => "<path class=\"fault\" d=\"M0 3v24m-3 0h6m-6-24h6\"/>",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(kinds: &[MarkKind]) -> String {
        let mut painted = Strata::default();
        for (position, kind) in (1..).zip(kinds) {
            painted.add(position, Some(*kind));
        }
        strata(&painted, kinds.len() as u64, 700)
    }

    #[test]
    fn what_was_broken_is_shaded_until_it_was_mended() {
        use MarkKind::*;
        assert_eq!(drawn(&[Command, Crash, Event, Restart, Event]).matches("broken").count(), 1);
        assert_eq!(drawn(&[Command, Crash, Event]).matches("broken").count(), 1);
        assert_eq!(drawn(&[Command, Crash, Restart, FaultOn, FaultOff]).matches("broken").count(), 2);
        assert_eq!(drawn(&[Command, Event]).matches("broken").count(), 0);
    }

    #[test]
    fn the_scale_has_room_for_what_comes_and_seldom_changes() {
        assert_eq!((scale(0), scale(100)), (160, 160));
        let scales: Vec<_> = (0..50_000).map(scale).collect();
        assert!(scales.iter().zip(0..).all(|(scale, end)| *scale >= end));
        assert!(scales.chunk_by(|a, b| a == b).count() < 32);
    }

    #[test]
    fn a_long_record_is_drawn_with_a_bounded_number_of_shapes() {
        let kinds: Vec<_> = (0..20_000).map(|n| MarkKind::ALL[n % 4]).collect();
        assert!(drawn(&kinds).matches('<').count() < 6 * COLUMNS as usize);
    }
}
