//! The picture in words, for those who hear it.

use super::node::health;
use crate::texts;
use diagram::DiagramState;

pub fn summary(state: &DiagramState) -> String {
    let nodes = state.nodes.iter().map(|node| format!("{}: {}", node.name, health(node, state).1));
    let waiting = state
        .pipes
        .iter()
        .flat_map(|pipe| &pipe.lanes)
        .filter(|lane| lane.waiting.count > 0)
        .map(|lane| texts::waiting(lane.waiting.count, &lane.group));
    let mut words: Vec<String> = nodes.chain(waiting).collect();
    if let Some(topology) = &state.topology {
        words.insert(0, topology.title.to_string());
    }
    words.join(". ")
}
