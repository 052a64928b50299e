//! What is still under way for each order: whoever has yet to hear may yet put things right, and
//! so may what a service has yet to publish. What is delivered was published, too.

use super::Verdict;
use protocol::{FaultKind, Name, Observation, Position, Recorded, SpanId, Topology, Uuid};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// Faults that keep a message from the broker, by the latest installed under each id.
    keeping: BTreeMap<Name, bool>,
    /// Messages that a fault keeps in a service's outbox, by order: the spans that published them.
    held: BTreeMap<i64, BTreeSet<SpanId>>,
    /// Without an outbox, what does not get through is gone.
    outbox_off: bool,
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
            Observation::SandboxStarted { topology, .. } => {
                self.readers = readers(topology);
                self.outbox_off = topology.switches.iter().any(|switch| &*switch.name == OUTBOX && !switch.on);
            }
            Observation::SwitchSet { name, enabled } if &**name == OUTBOX => self.outbox_off = !enabled,
            Observation::FaultInstalled { fault } => {
                self.keeping.insert(fault.id.clone(), keeps(fault.spec.kind));
                if self.keeping.len() > WINDOW {
                    self.keeping.pop_first();
                }
            }
            Observation::FaultTriggered { fault_id, on } => self.struck(event, fault_id, on),
            Observation::MessagePublished { topic, envelope } => {
                self.published.insert(event.position, envelope.id);
                if self.published.len() > WINDOW {
                    self.published.pop_first();
                }
                let groups = self.readers.get(topic).and_then(|types| types.get(&envelope.kind));
                let Some(order) = order(&envelope.subject) else { return false };
                let unread = groups.is_none();
                if let Some(groups) = groups {
                    self.pending.insert(event.position, Pending { order, groups: groups.clone() });
                    *self.of_order.entry(order).or_default() += 1;
                }
                return self.let_go(order, event.span_id) && unread;
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

    /// A fault of the wire at a service strikes what it publishes.
    fn struck(&mut self, event: &Recorded, fault: &Name, on: &str) {
        let keeps = !self.outbox_off && self.keeping.get(fault).is_some_and(|keeps| *keeps);
        let at_service = self.is_publisher(&event.service);
        if let Some(order) = order(on).filter(|_| keeps && at_service) {
            self.held.entry(order).or_default().insert(event.span_id);
            if self.held.len() > WINDOW {
                self.held.pop_first();
            }
        }
    }

    /// Whether that was the last one kept for this order.
    fn let_go(&mut self, order: i64, span: SpanId) -> bool {
        let Some(held) = self.held.get_mut(&order) else { return false };
        held.remove(&span);
        if !held.is_empty() {
            return false;
        }
        self.held.remove(&order);
        true
    }

    /// Topics carry the name of who publishes to them.
    fn is_publisher(&self, service: &Name) -> bool {
        self.readers.contains_key(service)
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

    /// Whether somebody has yet to hear something about this order, or to say it.
    pub fn is_under_way(&self, order: i64) -> bool {
        self.of_order.contains_key(&order) || self.held.contains_key(&order)
    }

    pub fn published(&self) -> Verdict {
        self.unknown.clone().map_or(Ok(String::new()), Err)
    }
}

const OUTBOX: &str = "outbox";

/// Whether what a fault of this kind strikes on its way to the broker comes later, if at all.
fn keeps(kind: FaultKind) -> bool {
    use FaultKind::*;
    matches!(kind, Delay | Reorder | Drop | Fail | Partition | BrokerOutage)
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
