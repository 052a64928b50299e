//! What is still under way for each order: whoever has yet to hear may yet put things right. What
//! is delivered was published, too.

use super::Verdict;
use protocol::{Name, Observation, Position, Recorded, Topology, Uuid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many of the latest messages are remembered.
const WINDOW: usize = 512;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flight {
    /// Who reads it, by topic and type.
    readers: BTreeMap<Name, BTreeMap<Name, Vec<Name>>>,
    /// Messages that somebody has not acknowledged yet.
    pending: BTreeMap<Position, Pending>,
    /// How many of those there are for each order.
    of_order: BTreeMap<i64, u32>,
    published: BTreeMap<Position, Uuid>,
    unknown: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pending {
    order: i64,
    groups: Vec<Name>,
}

impl Flight {
    /// Whether an order has come to rest by it, or an unknown message was seen.
    pub fn evolve(&mut self, event: &Recorded) -> bool {
        match &event.observation {
            Observation::SandboxStarted { topology, .. } => self.readers = readers(topology),
            Observation::MessagePublished { topic, envelope } => {
                self.published.insert(event.position, envelope.id);
                if self.published.len() > WINDOW {
                    self.published.pop_first();
                }
                let groups = self.readers.get(topic).and_then(|types| types.get(&envelope.kind));
                if let (Some(groups), Some(order)) = (groups, order(&envelope.subject)) {
                    self.pending.insert(event.position, Pending { order, groups: groups.clone() });
                    *self.of_order.entry(order).or_default() += 1;
                }
            }
            Observation::MessageDelivered { source_position, message_id, .. }
            | Observation::MessageRedelivered { source_position, message_id, .. } => {
                return self.delivered(event.position, *source_position, *message_id);
            }
            Observation::MessageAcked { source_position, group, .. }
            | Observation::MessageDeadLettered { source_position, group, .. } => {
                return self.dealt_with(*source_position, group);
            }
            _ => {}
        }
        false
    }

    fn delivered(&mut self, at: Position, source: Position, id: Uuid) -> bool {
        let oldest = self.published.first_key_value().map(|(position, _)| *position);
        let known = match self.published.get(&source) {
            Some(published) => *published == id,
            None => source < at && oldest.is_none_or(|oldest| source < oldest),
        };
        if !known {
            self.unknown.get_or_insert_with(|| format!("{id} was delivered and never published"));
        }
        !known
    }

    fn dealt_with(&mut self, source: Position, group: &Name) -> bool {
        let Some(pending) = self.pending.get_mut(&source) else { return false };
        pending.groups.retain(|waiting| waiting != group);
        if !pending.groups.is_empty() {
            return false;
        }
        let order = pending.order;
        self.pending.remove(&source);
        let Some(left) = self.of_order.get_mut(&order) else { return true };
        *left -= 1;
        if *left > 0 {
            return false;
        }
        self.of_order.remove(&order);
        true
    }

    /// Whether somebody has yet to hear something about this order.
    pub fn is_under_way(&self, order: i64) -> bool {
        self.of_order.contains_key(&order)
    }

    pub fn published(&self) -> Verdict {
        self.unknown.clone().map_or(Ok(String::new()), Err)
    }
}

fn readers(topology: &Topology) -> BTreeMap<Name, BTreeMap<Name, Vec<Name>>> {
    let mut readers: BTreeMap<Name, BTreeMap<Name, Vec<Name>>> = BTreeMap::new();
    for service in &topology.services {
        for subscription in &service.consumes {
            let types = readers.entry(subscription.topic.clone()).or_default();
            for kind in &subscription.types {
                types.entry(kind.clone()).or_default().push(service.name.clone());
            }
        }
    }
    readers
}

/// `order/101`
fn order(subject: &str) -> Option<i64> {
    subject.strip_prefix("order/")?.parse().ok()
}
