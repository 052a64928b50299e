//! Where the name of what moves on an edge stands: still, beside the middle of the edge,
//! on nothing else if there is room.

use super::curve::Curve;
use super::layout::{Area, Layout};

pub const HEIGHT: i32 = 26;
/// Between the edge and its label.
const GAP: i32 = 15;
/// A pipe's name stands above it.
const TOPIC: i32 = 24;

/// The area for a label of this width.
pub fn label(layout: &Layout, curve: &Curve, width: i32) -> Area {
    label_beside(layout, curve, width, &[])
}

/// The same, where other labels stand already.
pub fn label_beside(layout: &Layout, curve: &Curve, width: i32, others: &[Area]) -> Area {
    let (x, y) = curve.point(0.5);
    let (x, y) = (x as i32, y as i32);
    let rows = [y - GAP - HEIGHT, y - HEIGHT / 2, y + GAP, y - 80, y + 52];
    let places = rows.into_iter().flat_map(|top| (-12..=12).map(move |step| (x - width / 2 + 8 * step, top)));
    places
        .map(|(left, top)| Area {
            x: left.clamp(3, (layout.width - width - 3).max(3)),
            y: top.clamp(3, layout.height - HEIGHT - 3),
            w: width,
            h: HEIGHT,
        })
        .min_by_key(|area| {
            let far = (area.cx() - x).abs() + 2 * (area.cy() - y).abs();
            let taken: i32 = others.iter().map(|other| 6 * overlap(area, other)).sum();
            4 * covered(layout, area, x, y) + taken + far
        })
        .unwrap_or(Area { x: 3, y: 3, w: width, h: HEIGHT })
}

/// How much of the picture a label would cover; services, and the token itself, count most.
fn covered(layout: &Layout, area: &Area, x: i32, y: i32) -> i32 {
    let nodes = layout.nodes.iter().map(|node| 4 * overlap(area, &node.area));
    let pipes = layout.pipes.iter().map(|pipe| {
        let Area { x, y, w, h } = pipe.area;
        2 * overlap(area, &Area { x, y: y - TOPIC, w, h: h + TOPIC })
    });
    let token = Area { x: x - 12, y: y - 12, w: 24, h: 24 };
    nodes.chain(pipes).sum::<i32>() + 4 * overlap(area, &token)
}

fn overlap(a: &Area, b: &Area) -> i32 {
    let w = a.right().min(b.right()) - a.x.max(b.x);
    let h = a.bottom().min(b.bottom()) - a.y.max(b.y);
    w.max(0) * h.max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::Shape;

    #[test]
    fn on_the_grid_a_name_covers_no_service() {
        let topology = protocol::topology("saga-choreography").expect("known");
        for shape in [Shape::Wide, Shape::Compact] {
            let layout = Layout::new(&topology, shape);
            for edge in &layout.edges {
                let area = label(&layout, &edge.curve, 134);
                let worst = layout.nodes.iter().map(|node| overlap(&area, &node.area)).max();
                assert!(worst < Some(134 * HEIGHT / 8), "{shape:?} {:?} -> {:?}: {area:?}", edge.from, edge.to);
            }
        }
    }
}
