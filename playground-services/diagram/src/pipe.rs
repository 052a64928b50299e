//! A topic and what waits in it, per consumer group.

use protocol::{Envelope, Name, Position, Topology};
use serde::{Deserialize, Serialize};

/// A topic of the broker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipe {
    pub topic: Name,
    pub lanes: Vec<Lane>,
    /// Messages ever published to it.
    pub published: u64,
}

/// What one consumer group has of a topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    pub group: Name,
    /// The types this group reads.
    pub types: Vec<Name>,
    pub waiting: Waiting,
    pub in_flight: Waiting,
    /// Where the messages in flight were published: a second copy of one travels with the first.
    #[serde(default)]
    pub flying: Vec<Position>,
    pub acked: u64,
    pub dead_lettered: u64,
}

/// A count of messages, and the first of them by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    pub count: u64,
    pub tokens: Vec<Held>,
}

/// A message in a pipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Of its `MessagePublished`.
    pub position: Position,
    /// `OrderCreated`, ...
    pub kind: Name,
    /// `order/101`
    pub subject: Name,
    /// How often it was delivered so far.
    pub attempt: u32,
}

/// How many messages of a lane are kept by name.
pub const SHOWN_TOKENS: usize = 32;

impl Waiting {
    fn put(&mut self, token: Option<Held>) {
        self.count += 1;
        if let Some(token) = token
            && self.tokens.len() < SHOWN_TOKENS
        {
            let at = self.tokens.partition_point(|other| other.position < token.position);
            self.tokens.insert(at, token);
        }
    }

    fn take(&mut self, position: Position) -> Option<Held> {
        self.count = self.count.saturating_sub(1);
        let at = self.tokens.iter().position(|token| token.position == position)?;
        Some(self.tokens.remove(at))
    }
}

impl Pipe {
    pub(crate) fn new(topic: &Name, topology: &Topology) -> Self {
        let lanes = topology
            .readers(topic)
            .map(|(service, types)| Lane {
                group: service.name.clone(),
                types: types.to_vec(),
                waiting: Waiting::default(),
                in_flight: Waiting::default(),
                flying: vec![],
                acked: 0,
                dead_lettered: 0,
            })
            .collect();
        Pipe { topic: topic.clone(), lanes, published: 0 }
    }

    pub(crate) fn published(&mut self, position: Position, envelope: &Envelope) {
        self.published += 1;
        for lane in self.lanes.iter_mut().filter(|lane| lane.types.contains(&envelope.kind)) {
            lane.waiting.put(Some(Held {
                position,
                kind: envelope.kind.clone(),
                subject: envelope.subject.clone(),
                attempt: 0,
            }));
        }
    }

    /// Messages waiting in any lane.
    pub fn waiting(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.waiting.count).sum()
    }
}

impl Lane {
    pub(crate) fn delivered(&mut self, position: Position, attempt: u32) {
        if self.flying.contains(&position) {
            let named = self.in_flight.tokens.iter_mut().find(|held| held.position == position);
            named.into_iter().for_each(|held| held.attempt = attempt);
            return;
        }
        self.flying.push(position);
        let token = self.waiting.take(position);
        self.in_flight.put(token.map(|token| Held { attempt, ..token }));
    }

    pub(crate) fn acked(&mut self, position: Position) {
        if self.lands(position) {
            self.in_flight.take(position);
        } else {
            // Its time was up, and it was dealt with all the same.
            self.waiting.take(position);
        }
        self.acked += 1;
    }

    /// One that came back when its service went down waits already.
    pub(crate) fn returned(&mut self, position: Position) {
        if self.lands(position) {
            let token = self.in_flight.take(position);
            self.waiting.put(token);
        }
    }

    /// Whether it was in flight until now.
    fn lands(&mut self, position: Position) -> bool {
        let at = self.flying.iter().position(|flying| *flying == position);
        at.map(|at| self.flying.swap_remove(at)).is_some()
    }

    pub(crate) fn dead_lettered(&mut self, position: Position) {
        // Its last rejection has put it back.
        self.waiting.take(position);
        self.dead_lettered += 1;
    }

    pub(crate) fn all_returned(&mut self) {
        self.flying.clear();
        let held = std::mem::take(&mut self.in_flight);
        let unnamed = held.count.saturating_sub(held.tokens.len() as u64);
        for token in held.tokens {
            self.waiting.put(Some(token));
        }
        self.waiting.count += unnamed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_counted_once_whether_it_comes_back_twice_or_is_dealt_with_late() {
        let topology = protocol::topology("saga-choreography").expect("exists");
        let mut lane = Pipe::new(&"orders".into(), &topology).lanes.remove(0);
        lane.waiting.put(None);
        lane.delivered(9, 1);
        lane.all_returned();
        lane.returned(9);
        assert_eq!((lane.waiting.count, lane.in_flight.count), (1, 0));
        lane.delivered(9, 2);
        lane.returned(9);
        lane.acked(9);
        assert_eq!((lane.waiting.count, lane.in_flight.count, lane.acked), (0, 0, 1));
    }

    #[test]
    fn a_second_copy_travels_with_the_first_however_many_wait() {
        let topology = protocol::topology("saga-choreography").expect("exists");
        let mut lane = Pipe::new(&"orders".into(), &topology).lanes.remove(0);
        for _ in 0..2 * SHOWN_TOKENS {
            lane.waiting.put(None);
        }
        lane.delivered(99, 1);
        lane.delivered(99, 2);
        assert_eq!((lane.waiting.count, lane.in_flight.count), (2 * SHOWN_TOKENS as u64 - 1, 1));
        lane.acked(99);
        assert_eq!((lane.in_flight.count, lane.flying.len()), (0, 0));
    }
}
