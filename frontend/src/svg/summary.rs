//! The picture in words, for those who hear it.

use super::View;
use super::node::health;
use super::pipe::count;
use crate::texts;
use diagram::DiagramState;

pub fn summary(state: &DiagramState, view: View) -> String {
    let nodes = state.nodes.iter().map(|node| format!("{}: {}", node.name, health(node, state).1));
    let waiting = state
        .pipes
        .iter()
        .flat_map(|pipe| &pipe.lanes)
        .filter(|lane| count(lane, view) > 0)
        .map(|lane| texts::waiting(count(lane, view), &lane.group));
    let mut words: Vec<String> = nodes.chain(waiting).collect();
    if let Some(topology) = &state.topology {
        words.insert(0, topology.title.to_string());
    }
    words.join(". ")
}
