//! The layout for phones: services down the page, each pipe under its publisher, and what
//! skips a service runs in the gutters, upwards on the left, downwards on the right.

use super::curve::{Curve, at};
use super::layout::{Area, Edge, Layout, NodeBox, PipeBox, Shape, can_decline, label_width, pipe_height};
use diagram::Place;
use protocol::Topology;

const WIDTH: i32 = 360;
const GUTTER: i32 = 26;
const NODE_H: i32 = 94;
const OUTSIDE_H: i32 = 24;
const DECLINE_H: i32 = 36;
const EDGE: i32 = 30;
const PIPE_W: i32 = 224;
const TOP: i32 = 40;
/// So long is the way of a command: it begins right above its service, below any pipe.
const YOU: i32 = 28;

pub fn layout(topology: &Topology) -> Layout {
    let mut layout =
        Layout { shape: Shape::Tall, width: WIDTH, height: 0, nodes: vec![], pipes: vec![], edges: vec![] };
    let mut y = TOP;
    for service in &topology.services {
        let declines = can_decline(service);
        let outside_h = if service.outside.is_some() { OUTSIDE_H } else { 0 };
        let h = NODE_H + outside_h + if declines { DECLINE_H } else { 0 };
        let area = Area { x: GUTTER, y, w: WIDTH - 2 * GUTTER, h };
        layout.nodes.push(NodeBox {
            name: service.name.clone(),
            area,
            cylinder: Area { x: area.x + 129, y: area.y + 8, w: area.w - 137, h: NODE_H - 16 },
            outside: service.outside.as_ref().map(|outside| {
                let place = Area { x: area.x + 4, y: area.y + NODE_H - 5, w: area.w - 8, h: 20 };
                (outside.name.clone(), outside.latency_ms, place)
            }),
            crash: (area.x + 72, area.y + 58),
            decline: declines.then_some((area.right() - 10, area.y + NODE_H + OUTSIDE_H - 3)),
            takes_commands: !service.commands.is_empty(),
        });
        y += h;
        if let Some(topic) = &service.publishes {
            let lanes: Vec<_> = topology.readers(topic).map(|(reader, _)| reader.name.clone()).collect();
            let h = pipe_height(lanes.len());
            let area = Area { x: (WIDTH - PIPE_W) / 2, y: y + EDGE, w: PIPE_W, h };
            let label = label_width(&lanes, 86);
            let slots = ((PIPE_W - 20 - label) / 18).min(6);
            layout.pipes.push(PipeBox { topic: topic.clone(), area, lanes, slots, label, upright: true });
            y += h + 2 * EDGE;
        }
    }
    layout.height = y + 10;
    edges(topology, &mut layout);
    layout
}

fn edges(topology: &Topology, layout: &mut Layout) {
    let middle = WIDTH / 2;
    let mut edges = vec![];
    let mut arrivals = vec![0; layout.nodes.len()];
    for (i, service) in topology.services.iter().enumerate() {
        let node = layout.nodes[i].area;
        let here = Place::Service(service.name.clone());
        if !service.commands.is_empty() {
            let x = node.x + 34;
            let curve = Curve::straight(at(x, node.y - YOU), at(x, node.y));
            edges.push(Edge { from: Place::Learner, to: here.clone(), curve, far: false });
        }
        let Some(pipe) =
            service.publishes.as_ref().and_then(|topic| layout.pipes.iter().find(|pipe| pipe.topic == *topic))
        else {
            continue;
        };
        let topic = Place::Topic(pipe.topic.clone());
        let pipe_area = pipe.area;
        let curve = Curve::straight(at(middle, node.bottom()), at(middle, pipe_area.y - 2));
        edges.push(Edge { from: here, to: topic.clone(), curve, far: false });
        for (j, other) in topology.services.iter().enumerate() {
            if !pipe.lanes.contains(&other.name) {
                continue;
            }
            let target = layout.nodes[j].area;
            let (curve, far) = if j == i + 1 {
                (Curve::straight(at(middle, pipe_area.bottom()), at(middle, target.y - 2)), false)
            } else {
                let y = target.y + 26 + 20 * arrivals[j];
                arrivals[j] += 1;
                let apart = 6 * (i as i32);
                let curve = if j <= i {
                    Curve::around(at(pipe_area.x, pipe_area.cy()), at(target.x - 2, y), -4 - apart)
                } else {
                    let from = at(pipe_area.right(), pipe_area.cy());
                    Curve::around(from, at(target.right() + 2, y), WIDTH + 4 + apart)
                };
                (curve, true)
            };
            edges.push(Edge { from: topic.clone(), to: Place::Service(other.name.clone()), curve, far });
        }
    }
    layout.edges.extend(edges);
}
