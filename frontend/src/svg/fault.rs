//! Faults that stand, drawn where they act: a diamond and a word. Those at a service are in its
//! words of health.

use super::layout::{Edge, Layout};
use super::{escape, token::glyph};
use crate::texts::faults::badge;
use diagram::{DiagramState, Place, Token};
use protocol::{BROKER, TERRARIUM, Target};

/// Where a mark stands, and what is written beside it.
struct Mark {
    x: i32,
    y: i32,
    words: String,
}

pub fn draw(state: &DiagramState, layout: &Layout) -> String {
    let mut marks: Vec<Mark> = vec![];
    for fault in &state.faults {
        let word = badge(fault.spec.kind);
        for (x, y) in places(Target::parse(&fault.spec.target), layout) {
            match marks.iter_mut().find(|mark| (mark.x, mark.y) == (x, y)) {
                Some(mark) => mark.words = format!("{}, {word}", mark.words),
                None => marks.push(Mark { x, y, words: word.into() }),
            }
        }
    }
    let one = |Mark { x, y, words }: Mark| {
        // Beside the mark where there is room, else above it.
        let beside = layout.is_free(x + 13, y, 8 * words.len() as i32);
        let (at, below, anchor) = if beside { (x + 13, 5, "start") } else { (x, -12, "middle") };
        format!(
            "{}<text class=\"fault-word\" x=\"{at}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            glyph(Token::Failure, x, y),
            y + below,
            escape(&words)
        )
    };
    marks.into_iter().map(one).collect()
}

fn places(target: Target, layout: &Layout) -> Vec<(i32, i32)> {
    let on_edges = |wanted: &dyn Fn(&Edge) -> bool| {
        let middle = |edge: &Edge| {
            let (x, y) = edge.curve.point(0.5);
            (x as i32, y as i32)
        };
        layout.edges.iter().filter(|edge| wanted(edge)).map(middle).collect()
    };
    let on_pipes = |wanted: &dyn Fn(&str) -> bool| {
        let end = |pipe: &super::layout::PipeBox| (pipe.area.cx() + 10, pipe.area.y - 12);
        layout.pipes.iter().filter(|pipe| wanted(&pipe.topic)).map(end).collect()
    };
    match target {
        // From and to the broker are the ways into and out of its pipes.
        Target::Edge(from, BROKER) => on_edges(
            &|edge| matches!((&edge.from, &edge.to), (Place::Service(name), Place::Topic(_)) if **name == *from),
        ),
        Target::Edge(BROKER, to) => {
            on_edges(&|edge| matches!((&edge.from, &edge.to), (Place::Topic(_), Place::Service(name)) if **name == *to))
        }
        Target::Edge(from, to) => on_edges(&|edge| aim(edge).is_some_and(|aimed| aimed == format!("{from}->{to}"))),
        Target::Topic(topic) => on_pipes(&|known| known == topic),
        Target::Broker => on_pipes(&|_| true),
        Target::Service(_) | Target::Replica(..) => vec![],
    }
}

/// What a fault of an edge in the picture is aimed at.
pub fn aim(edge: &Edge) -> Option<String> {
    match (&edge.from, &edge.to) {
        (Place::Learner, Place::Service(to)) => Some(format!("{TERRARIUM}->{to}")),
        (Place::Topic(from), Place::Service(to)) => Some(format!("{from}->{to}")),
        (Place::Service(_), Place::Topic(topic)) => Some(format!("topic:{topic}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::Shape;

    #[test]
    fn every_edge_can_be_aimed_at_and_is_marked_where_it_is() {
        let topology = protocol::topology("saga-choreography").expect("known");
        for shape in Shape::ALL {
            let layout = Layout::new(&topology, shape);
            for edge in &layout.edges {
                let target = aim(edge).expect("an aim");
                assert!(Target::parse(&target).is_in(&topology), "{target}");
                assert!(!places(Target::parse(&target), &layout).is_empty(), "{shape:?} {target}");
            }
        }
    }
}
