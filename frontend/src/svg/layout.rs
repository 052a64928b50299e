//! Where everything stands: three layouts of one topology, none of them knowing its services.

use super::column;
use super::curve::Curve;
use super::grid;
use diagram::Place;
use protocol::{Name, ServiceSpec, Topology};

/// Which layout: the container's width decides, in the stylesheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Services on the topology's grid, with room around them.
    Wide,
    /// The same grid for half a small screen.
    Compact,
    /// Services down the page, pipes between.
    Tall,
}

impl Shape {
    pub const ALL: [Shape; 3] = [Shape::Wide, Shape::Compact, Shape::Tall];

    pub fn name(self) -> &'static str {
        match self {
            Shape::Wide => "wide",
            Shape::Compact => "compact",
            Shape::Tall => "tall",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub shape: Shape,
    pub width: i32,
    pub height: i32,
    pub nodes: Vec<NodeBox>,
    pub pipes: Vec<PipeBox>,
    pub edges: Vec<Edge>,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    pub x: i32,
    pub y: i32,
    pub w: i32,
    pub h: i32,
}

impl Area {
    pub fn right(&self) -> i32 {
        self.x + self.w
    }
    pub fn bottom(&self) -> i32 {
        self.y + self.h
    }
    pub fn cx(&self) -> i32 {
        self.x + self.w / 2
    }
    pub fn cy(&self) -> i32 {
        self.y + self.h / 2
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct NodeBox {
    pub name: Name,
    pub area: Area,
    /// The database attached to it.
    pub cylinder: Area,
    /// What lies outside the glass, with its declared latency: words and where they begin.
    pub outside: Option<(Name, u64, Area)>,
    /// Where *Crash* and *Restart* sit: right and top edge.
    pub crash: (i32, i32),
    /// Where a fault of what lies outside sits: right and top edge.
    pub decline: Option<(i32, i32)>,
    /// Takes commands from the learner.
    pub takes_commands: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PipeBox {
    pub topic: Name,
    pub area: Area,
    /// A lane per reader, in the topology's order.
    pub lanes: Vec<Name>,
    /// How many messages of a lane have a slot.
    pub slots: i32,
    /// Room for the reader's name in front of the slots.
    pub label: i32,
    /// Fed from above or below: its name keeps clear of the edge.
    pub upright: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    pub from: Place,
    pub to: Place,
    pub curve: Curve,
    /// Not between neighbours: drawn fainter.
    pub far: bool,
}

impl Layout {
    pub fn new(topology: &Topology, shape: Shape) -> Self {
        match shape {
            Shape::Wide => grid::layout(topology, shape, &grid::WIDE),
            Shape::Compact => grid::layout(topology, shape, &grid::COMPACT),
            Shape::Tall => column::layout(topology),
        }
    }

    /// Whether a word of so many pixels, from `x` on, stands in no service and within the picture.
    pub fn is_free(&self, x: i32, y: i32, width: i32) -> bool {
        let mut areas = self.nodes.iter().map(|node| node.area);
        x + width <= self.width
            && !areas.any(|area| x < area.right() && area.x < x + width && area.y < y && y < area.bottom())
    }

    /// The way between two places; commands and replies share one, run both ways.
    pub fn curve(&self, from: &Place, to: &Place) -> Option<Curve> {
        let forth = self.edges.iter().find(|edge| edge.from == *from && edge.to == *to);
        let back = || self.edges.iter().find(|edge| edge.from == *to && edge.to == *from);
        forth.map(|edge| edge.curve).or_else(|| {
            back().map(|edge| {
                let [a, b, c, d] = edge.curve.0;
                Curve([d, c, b, a])
            })
        })
    }
}

/// The pipe's height for so many lanes.
pub(super) fn pipe_height(lanes: usize) -> i32 {
    12 + 20 * lanes.max(1) as i32
}

/// The room for the longest reader's name in front of a pipe's slots.
pub(super) fn label_width(lanes: &[Name], least: i32) -> i32 {
    let longest = lanes.iter().map(|name| name.len()).max().unwrap_or(0) as i32;
    least.max(6 * longest + 8)
}

/// Whether charges can be declined on the way out of this service.
pub fn can_decline(service: &ServiceSpec) -> bool {
    service.outside.as_ref().is_some_and(|outside| &*outside.name == "card network")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that can be started, and one of six services that fills its grid.
    fn topologies() -> Vec<Topology> {
        let mut topologies = protocol::topologies();
        let mut six = protocol::topology("saga-orchestration").expect("known");
        let mut sixth = six.services.last().expect("has services").clone();
        (sixth.name, sixth.place, sixth.publishes) = ("gift-wrapping".into(), [1, 1], Some("gift-wrapping".into()));
        six.services.push(sixth);
        topologies.push(six);
        topologies
    }

    fn layouts() -> Vec<Layout> {
        let topologies = topologies();
        let each = |topology| Shape::ALL.into_iter().map(move |shape| Layout::new(topology, shape));
        topologies.iter().flat_map(each).collect()
    }

    fn overlap(a: &Area, b: &Area) -> bool {
        a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
    }

    #[test]
    fn nothing_stands_on_anything_else_or_outside_the_picture() {
        for layout in layouts() {
            let areas: Vec<Area> =
                layout.nodes.iter().map(|node| node.area).chain(layout.pipes.iter().map(|pipe| pipe.area)).collect();
            for (i, a) in areas.iter().enumerate() {
                assert!(a.x >= 0 && a.y >= 0 && a.right() <= layout.width && a.bottom() <= layout.height, "{a:?}");
                assert!(areas[i + 1..].iter().all(|b| !overlap(a, b)), "{:?} {a:?}", layout.shape);
            }
        }
    }

    #[test]
    fn every_message_has_a_way() {
        for (topology, shape) in topologies().iter().flat_map(|known| Shape::ALL.map(|shape| (known, shape))) {
            let layout = Layout::new(topology, shape);
            for service in &topology.services {
                let here = Place::Service(service.name.clone());
                if let Some(topic) = &service.publishes {
                    assert!(layout.curve(&here, &Place::Topic(topic.clone())).is_some());
                }
                for subscription in &service.consumes {
                    assert!(layout.curve(&Place::Topic(subscription.topic.clone()), &here).is_some());
                }
                if !service.commands.is_empty() {
                    assert!(layout.curve(&Place::Learner, &here).is_some());
                    assert!(layout.curve(&here, &Place::Learner).is_some(), "the answer goes back");
                }
            }
        }
    }
}
