//! The layout on the topology's grid: services at their places, each pipe between its
//! publisher and a neighbour, edges between neighbours straight, the others curved.

use super::curve::{Curve, at};
use super::layout::{Area, Edge, Layout, NodeBox, PipeBox, Shape, can_decline, label_width, pipe_height};
use diagram::Place;
use protocol::{ServiceSpec, Topology};

/// Measures of a grid.
pub struct Measures {
    width: i32,
    margin: i32,
    node_w: i32,
    node_h: i32,
    /// Between the nodes of a column.
    row_gap: i32,
    edge: i32,
    slot_label: i32,
}

pub const WIDE: Measures =
    Measures { width: 740, margin: 14, node_w: 206, node_h: 138, row_gap: 138, edge: 52, slot_label: 72 };
pub const COMPACT: Measures =
    Measures { width: 512, margin: 8, node_w: 174, node_h: 134, row_gap: 122, edge: 26, slot_label: 0 };

/// The least room between two columns, and the shortest pipe that lies in one.
const NARROW: i32 = 28;
const PIPE: i32 = 70;
/// A name of so many letters leaves room for a button beside it.
const SHORT: usize = 14;
/// Between what leaves a pipe to the right and to the left, from its middle.
const APART: i32 = 8;
/// Room above the first row, where commands come in.
const TOP: i32 = 40;
/// Below the last row, for what lies outside the glass.
const BELOW: i32 = 64;

pub fn layout(topology: &Topology, shape: Shape, measures: &Measures) -> Layout {
    let columns = 1 + topology.services.iter().map(|service| service.place[0]).max().unwrap_or(0) as i32;
    let rows = 1 + topology.services.iter().map(|service| service.place[1]).max().unwrap_or(0) as i32;
    let inner = measures.width - 2 * measures.margin;
    // Many columns stand closer, and are narrower if they must be.
    let node_w = measures.node_w.min((inner - (columns - 1) * NARROW) / columns);
    let column_gap = if columns > 1 { (inner - columns * node_w) / (columns - 1) } else { 0 };
    // Too little room between two columns for a pipe: then they lie between the rows.
    let narrow = column_gap < 2 * measures.edge + PIPE;
    // A column alone stands in the middle.
    let left = if columns > 1 { measures.margin } else { (measures.width - node_w) / 2 };
    let nodes: Vec<NodeBox> = topology
        .services
        .iter()
        .map(|service| {
            let [column, row] = service.place.map(i32::from);
            let area = Area {
                x: left + column * (node_w + column_gap),
                y: TOP + row * (measures.node_h + measures.row_gap),
                w: node_w,
                h: measures.node_h,
            };
            let inset = if shape == Shape::Wide { 10 } else { 6 };
            let outside = service.outside.as_ref().map(|outside| {
                let place = Area { x: area.x, y: area.bottom() + 8, w: area.w, h: 20 };
                (outside.name.clone(), outside.latency_ms, place)
            });
            // Beside its name, or under it where that is long.
            let beside = shape == Shape::Wide && service.name.len() <= SHORT;
            NodeBox {
                name: service.name.clone(),
                area,
                cylinder: Area { x: area.x + inset, y: area.y + 62, w: area.w - 2 * inset, h: area.h - 62 - inset },
                outside,
                crash: (area.right() - 10, area.y + if beside { 11 } else { 31 }),
                decline: can_decline(service).then_some((area.right(), area.bottom() + 33)),
                takes_commands: !service.commands.is_empty(),
            }
        })
        .collect();

    let mut layout = Layout {
        shape,
        width: measures.width,
        height: TOP + rows * measures.node_h + (rows - 1) * measures.row_gap + BELOW,
        nodes,
        pipes: vec![],
        edges: vec![],
    };
    let mut taken = vec![];
    for service in &topology.services {
        if !service.commands.is_empty() {
            let node = area_of(&layout, &service.name);
            let x = node.x + 34;
            layout.edges.push(Edge {
                from: Place::Learner,
                to: Place::Service(service.name.clone()),
                curve: Curve::straight(at(x, 8), at(x, node.y)),
                far: false,
            });
        }
        let Some(topic) = &service.publishes else { continue };
        let readers: Vec<_> = topology.readers(topic).map(|(reader, _)| reader).collect();
        let [column, row] = service.place.map(i32::from);
        // Beside a free neighbour, best one that reads it; else where a neighbour could be, or
        // below. Places between cells count in halves.
        let neighbours = || {
            [(1, 0), (-1, 0), (0, 1), (0, -1)]
                .into_iter()
                .filter(|(dx, dy)| (0..columns).contains(&(column + dx)) && (0..rows).contains(&(row + dy)))
        };
        let at_cell = |service: &ServiceSpec, dx: i32, dy: i32| service.place.map(i32::from) == [column + dx, row + dy];
        let (x, y) = neighbours()
            .filter(|(dx, _)| *dx == 0 || !narrow)
            .filter(|(dx, dy)| !taken.contains(&(2 * column + dx, 2 * row + dy)))
            .min_by_key(|(dx, dy)| !readers.iter().any(|reader| at_cell(reader, *dx, *dy)))
            .map(|(dx, dy)| (2 * column + dx, 2 * row + dy))
            .or_else(|| {
                neighbours()
                    .filter(|(dx, dy)| !topology.services.iter().any(|service| at_cell(service, *dx, *dy)))
                    .map(|(dx, dy)| (2 * (column + dx), 2 * (row + dy)))
                    .find(|place| !taken.contains(place))
            })
            .unwrap_or((2 * column, 2 * row + 1));
        taken.push((x, y));

        let step_x = node_w + column_gap;
        let step_y = measures.node_h + measures.row_gap;
        let cx = left + node_w / 2 + x * step_x / 2;
        let cy = TOP + measures.node_h / 2 + y * step_y / 2;
        let lanes: Vec<_> = readers.iter().map(|reader| reader.name.clone()).collect();
        let w = if x % 2 == 1 { column_gap - 2 * measures.edge } else { node_w - 14 };
        let h = pipe_height(lanes.len());
        let label = if w >= 150 { label_width(&lanes, 74) } else { measures.slot_label };
        layout.pipes.push(PipeBox {
            topic: topic.clone(),
            area: Area { x: cx - w / 2, y: cy - h / 2, w, h },
            lanes,
            slots: ((w - 20 - label) / 18).clamp(3, 6),
            label,
            upright: y % 2 == 1,
        });
    }
    let lowest = layout.pipes.iter().map(|pipe| pipe.area.bottom() + BELOW).max().unwrap_or(0);
    layout.height = layout.height.max(lowest);
    edges(topology, &mut layout, narrow);
    layout
}

fn area_of(layout: &Layout, name: &str) -> Area {
    layout.nodes.iter().find(|node| &*node.name == name).map_or(Area { x: 0, y: 0, w: 0, h: 0 }, |node| node.area)
}

fn edges(topology: &Topology, layout: &mut Layout, narrow: bool) {
    let mut edges = vec![];
    for service in &topology.services {
        let Some(topic) = &service.publishes else { continue };
        let Some(pipe) = layout.pipes.iter().find(|pipe| pipe.topic == *topic).map(|pipe| pipe.area) else { continue };
        let publisher = area_of(layout, &service.name);
        let level = overlaps(publisher.y, publisher.bottom(), pipe.cy());
        let in_curve = if level { along_row(publisher, pipe) } else { along_column(publisher, pipe) };
        edges.push(Edge {
            from: Place::Service(service.name.clone()),
            to: Place::Topic(topic.clone()),
            curve: in_curve,
            far: false,
        });
        for (reader, _) in topology.readers(topic) {
            let node = area_of(layout, &reader.name);
            let straight = if level {
                overlaps(node.y, node.bottom(), pipe.cy())
            } else {
                overlaps(node.x, node.right(), pipe.cx())
            };
            let curve = match (straight, level) {
                (true, true) => along_row(pipe, node),
                (true, false) => along_column(pipe, node),
                (false, _) if narrow => between_rows(pipe, node, level),
                (false, _) => far(pipe, node, level, layout, topology, &reader.name, topic),
            };
            edges.push(Edge {
                from: Place::Topic(topic.clone()),
                to: Place::Service(reader.name.clone()),
                curve,
                far: !straight,
            });
        }
    }
    layout.edges.extend(edges);
}

fn overlaps(from: i32, to: i32, value: i32) -> bool {
    (from..=to).contains(&value)
}

/// Ends a little short of the target, for the arrow head's tip to be seen.
const GAP: i32 = 2;

fn along_row(from: Area, to: Area) -> Curve {
    let y = if from.h < to.h { from.cy() } else { to.cy() };
    if from.cx() < to.cx() {
        Curve::straight(at(from.right(), y), at(to.x - GAP, y))
    } else {
        Curve::straight(at(from.x, y), at(to.right() + GAP, y))
    }
}

fn along_column(from: Area, to: Area) -> Curve {
    let x = if from.w < to.w { from.cx() } else { to.cx() };
    if from.cy() < to.cy() {
        Curve::straight(at(x, from.bottom()), at(x, to.y - GAP))
    } else {
        Curve::straight(at(x, from.y), at(x, to.bottom() + GAP))
    }
}

/// From a pipe between the rows to a node beside it: each way has a height of its own, so that
/// those to the left and those to the right do not lie on each other.
fn between_rows(pipe: Area, node: Area, level: bool) -> Curve {
    let above = node.cy() < pipe.cy();
    if level && (node.cx() - pipe.cx()).abs() < node.w {
        // Another pipe may hang below the node: around it, and in from the side.
        return Curve::around(at(pipe.x, pipe.cy()), at(node.x - GAP, node.bottom() - 24), node.x - NARROW);
    }
    let leftwards = node.cx() < pipe.cx();
    let inward = node.w / 5;
    let end = at(
        if leftwards { node.right() - inward } else { node.x + inward },
        if above { node.bottom() + GAP } else { node.y - GAP },
    );
    let start = if leftwards { at(pipe.x, pipe.cy() + APART) } else { at(pipe.right(), pipe.cy() - APART) };
    Curve::corner(start, end)
}

/// To a reader that is no neighbour: curved, and each arrival at a node has a port of its own.
fn far(pipe: Area, node: Area, level: bool, layout: &Layout, topology: &Topology, reader: &str, topic: &str) -> Curve {
    let leftwards = node.cx() < pipe.cx();
    let above = node.cy() < pipe.cy();
    // The pipes that arrive at the same side from afar, by how far out they are.
    let others: Vec<i32> = topology
        .services
        .iter()
        .filter(|service| service.publishes.as_deref() != Some(topic))
        .filter(|service| {
            service
                .publishes
                .as_ref()
                .is_some_and(|topic| topology.readers(topic).any(|(other, _)| &*other.name == reader))
        })
        .filter_map(|service| layout.pipes.iter().find(|pipe| Some(&pipe.topic) == service.publishes.as_ref()))
        .map(|pipe| pipe.area)
        .filter(|area| (node.cy() < area.cy()) == above && !overlaps(node.y, node.bottom(), area.cy()))
        .map(|area| (area.cx() - node.cx()).abs())
        .collect();
    let distance = (pipe.cx() - node.cx()).abs();
    let rank = others.iter().filter(|other| **other < distance).count() as i32;
    // From the middle of the side outwards to the pipes; alone it stands well off the middle.
    let inward = if others.is_empty() { 74 } else { 56 + 28 * rank };
    let x = if leftwards { node.x + node.w * inward / 100 } else { node.right() - node.w * inward / 100 };
    let end = at(x, if above { node.bottom() + GAP } else { node.y - GAP });
    if level {
        let side = if leftwards { pipe.cx() - pipe.w / 5 } else { pipe.cx() + pipe.w / 5 };
        let between =
            |other: &PipeBox| other.area.cx() == node.cx() && (node.cy()..pipe.cy()).contains(&other.area.cy());
        if above && layout.pipes.iter().any(between) {
            // A pipe hangs below the node: come in from the side.
            let end = at(if leftwards { node.right() + GAP } else { node.x - GAP }, node.bottom() - 24);
            return Curve::swing(at(side, pipe.y), end);
        }
        Curve::upright(at(side, if above { pipe.y } else { pipe.bottom() }), end)
    } else {
        Curve::corner(at(if leftwards { pipe.x } else { pipe.right() }, pipe.cy()), end)
    }
}
