//! The embedded broker: topics, consumer groups, at-least-once delivery.
//!
//! A pure state machine: no IO, no clock. Whoever owns it (the recorder of a sandbox) tells
//! it what happened and the time, records what follows from that, and only when that is
//! durable hands out what [`Broker::take`] gave. It never polls: it says when its next
//! deadline is.
//!
//! It has no table of its own. All that must outlive a crash is in the record; a broker that
//! follows the record ([`Broker::follow`]) is where the other one was.

use crate::Delivery;
use protocol::{Envelope, Name, Observation, Position, Recorded, Topology};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Names one connection of a consumer; a restarted consumer has another.
pub type ConsumerId = u64;

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a consumer may keep a message before it is offered again, in microseconds.
    pub visibility_us: u64,
    /// How many of the consumer's own nacks send a message to the dead-letter queue. Crashes,
    /// timeouts and fault verdicts never count.
    pub nacks_max: u32,
    /// A nacked message waits this long, doubled with each nack, in microseconds.
    pub backoff_us: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { visibility_us: 30_000_000, nacks_max: 5, backoff_us: 100_000 }
    }
}

pub struct Broker {
    settings: Settings,
    groups: Vec<Group>,
    deadlines: BTreeSet<(u64, usize, Position)>,
}

struct Group {
    name: Name,
    /// Topic to the types read from it.
    reads: HashMap<Name, Vec<Name>>,
    messages: BTreeMap<Position, Message>,
    ready: BTreeSet<Position>,
    consumers: Vec<Consumer>,
}

struct Message {
    topic: Name,
    envelope: Arc<Envelope>,
    attempt: u32,
    nacks: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Waits for a consumer with room.
    Ready,
    /// Nacked a moment ago: waits until then.
    Delayed { until: u64 },
    /// With a consumer, until it acks or the time is up.
    InFlight { until: u64, consumer: ConsumerId },
    /// In the dead-letter queue.
    Dead,
}

struct Consumer {
    id: ConsumerId,
    /// How many messages it takes at a time.
    room: usize,
    /// How many it has.
    held: usize,
}

impl Consumer {
    /// How many more it takes. Where its room has shrunk, it may have more than it would take.
    fn free(&self) -> usize {
        self.room.saturating_sub(self.held)
    }
}

/// A message to hand to a consumer, once this is durable.
#[derive(Clone, Debug)]
pub struct Handout {
    pub consumer: ConsumerId,
    pub group: Name,
    pub delivery: Delivery,
}

/// What became of a delivery, for the record.
#[derive(Clone, Debug)]
pub struct Settled {
    pub group: Name,
    pub topic: Name,
    pub position: Position,
    pub attempt: u32,
    /// How often consumers have said no to it.
    pub nacks: u32,
    pub envelope: Arc<Envelope>,
    /// Nacked once too often.
    pub dead: bool,
}

/// A message that is not acked yet, without its envelope: that is in the record, at its position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    pub group: Name,
    pub position: Position,
    pub attempt: u32,
    pub nacks: u32,
    pub dead: bool,
}

impl Broker {
    pub fn new(topology: &Topology, settings: Settings) -> Self {
        let groups = topology
            .services
            .iter()
            .map(|service| Group {
                name: service.name.clone(),
                reads: service.consumes.iter().map(|s| (s.topic.clone(), s.types.clone())).collect(),
                messages: BTreeMap::new(),
                ready: BTreeSet::new(),
                consumers: vec![],
            })
            .collect();
        Broker { settings, groups, deadlines: BTreeSet::new() }
    }

    /// Every message not acked yet.
    pub fn waiting(&self) -> Vec<Waiting> {
        let of = |group: &Group, (position, message): (&Position, &Message)| Waiting {
            group: group.name.clone(),
            position: *position,
            attempt: message.attempt,
            nacks: message.nacks,
            dead: message.state == State::Dead,
        };
        self.groups.iter().flat_map(|group| group.messages.iter().map(|message| of(group, message))).collect()
    }

    /// Puts back a message that was waiting. Nothing is in flight then.
    pub fn restore(&mut self, waiting: &Waiting, topic: Name, envelope: Arc<Envelope>) {
        let Some(group) = self.group_mut(&waiting.group) else { return };
        let state = if waiting.dead { State::Dead } else { State::Ready };
        if state == State::Ready {
            group.ready.insert(waiting.position);
        }
        let Waiting { position, attempt, nacks, .. } = *waiting;
        group.messages.insert(position, Message { topic, envelope, attempt, nacks, state });
    }

    /// Follows the record of an earlier run by one line. Nothing is in flight then.
    pub fn follow(&mut self, event: &Recorded) {
        match &event.observation {
            Observation::MessagePublished { topic, envelope } => self.publish(event.position, topic, envelope),
            Observation::MessageDelivered { group, source_position, attempt, .. }
            | Observation::MessageRedelivered { group, source_position, attempt, .. } => {
                if let Some(message) = self.message_mut(group, *source_position) {
                    message.attempt = *attempt;
                }
            }
            Observation::MessageRejected { group, source_position, nacks, .. } => {
                if let Some(message) = self.message_mut(group, *source_position) {
                    message.nacks = *nacks;
                }
            }
            Observation::MessageDeadLettered { group, source_position, .. } => {
                if let Some(group) = self.group_mut(group)
                    && let Some(message) = group.messages.get_mut(source_position)
                {
                    message.state = State::Dead;
                    group.ready.remove(source_position);
                }
            }
            Observation::MessageAcked { group, source_position, .. } => {
                if let Some(group) = self.group_mut(group) {
                    group.messages.remove(source_position);
                    group.ready.remove(source_position);
                }
            }
            _ => {}
        }
    }

    fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        self.groups.iter_mut().find(|group| &*group.name == name)
    }

    fn message_mut(&mut self, group: &str, position: Position) -> Option<&mut Message> {
        self.group_mut(group)?.messages.get_mut(&position)
    }

    /// A message published at `position`: every group that reads its type gets it once.
    pub fn publish(&mut self, position: Position, topic: &Name, envelope: &Arc<Envelope>) {
        for group in &mut self.groups {
            if group.reads.get(topic).is_some_and(|types| types.contains(&envelope.kind)) {
                let message = Message {
                    topic: topic.clone(),
                    envelope: envelope.clone(),
                    attempt: 0,
                    nacks: 0,
                    state: State::Ready,
                };
                group.messages.insert(position, message);
                group.ready.insert(position);
            }
        }
    }

    /// A consumer of a group is there, with room for so many messages at a time.
    pub fn connect(&mut self, group: &str, id: ConsumerId, room: usize) {
        if let Some(group) = self.group_mut(group) {
            group.consumers.push(Consumer { id, room, held: 0 });
        }
    }

    /// From now on it takes so many at a time; what it has stays with it.
    pub fn set_room(&mut self, id: ConsumerId, room: usize) {
        if let Some(consumer) = self.groups.iter_mut().flat_map(|group| &mut group.consumers).find(|c| c.id == id) {
            consumer.room = room;
        }
    }

    /// It alone gets its group's messages from now on. What the others have is offered again at
    /// once, and returned here for the record.
    pub fn lead(&mut self, id: ConsumerId, room: usize) -> Vec<Settled> {
        let Some(index) = self.group_of(id) else { return vec![] };
        for consumer in &mut self.groups[index].consumers {
            consumer.room = if consumer.id == id { room } else { 0 };
        }
        self.take_back(index, |holder| holder != id)
    }

    /// A consumer is gone: what it had is offered to others at once. Returned here for the record
    /// where others of its group remain; else it is clear from its end.
    pub fn disconnect(&mut self, id: ConsumerId) -> Vec<Settled> {
        let Some(index) = self.group_of(id) else { return vec![] };
        let had = self.take_back(index, |holder| holder == id);
        let consumers = &mut self.groups[index].consumers;
        consumers.retain(|consumer| consumer.id != id);
        if consumers.is_empty() { vec![] } else { had }
    }

    /// Takes what these consumers of a group have out of their hands.
    fn take_back(&mut self, index: usize, from: impl Fn(ConsumerId) -> bool) -> Vec<Settled> {
        let in_flight = |(position, message): (&Position, &Message)| match message.state {
            State::InFlight { consumer, .. } if from(consumer) => Some((*position, message.state)),
            _ => None,
        };
        let theirs: Vec<(Position, State)> = self.groups[index].messages.iter().filter_map(in_flight).collect();
        let mut taken = Vec::with_capacity(theirs.len());
        for (position, state) in theirs {
            self.leave(index, position, state);
            let group = &mut self.groups[index];
            group.ready.insert(position);
            if let Some(message) = group.messages.get_mut(&position) {
                message.state = State::Ready;
            }
            taken.push(self.settled(index, position, &self.groups[index].messages[&position], false));
        }
        taken
    }

    /// The consumer has dealt with it. `None` when it was dealt with before, or is not known here.
    pub fn ack(&mut self, consumer: ConsumerId, position: Position) -> Option<Settled> {
        let index = self.group_of(consumer)?;
        let group = &mut self.groups[index];
        let message = group.messages.get(&position)?;
        if message.state == State::Dead {
            return None;
        }
        let state = message.state;
        let message = group.messages.remove(&position)?;
        group.ready.remove(&position);
        self.leave(index, position, state);
        Some(self.settled(index, position, &message, false))
    }

    /// The consumer could not deal with it: offered again after a pause, or dead-lettered.
    /// `None` when the consumer does not have it (any more).
    pub fn nack(&mut self, consumer: ConsumerId, position: Position, now_us: u64) -> Option<Settled> {
        let index = self.group_of(consumer)?;
        let message = self.groups[index].messages.get_mut(&position)?;
        let state = message.state;
        if !matches!(state, State::InFlight { consumer: holder, .. } if holder == consumer) {
            return None;
        }
        message.nacks += 1;
        let dead = message.nacks >= self.settings.nacks_max;
        message.state = if dead {
            State::Dead
        } else {
            let until = now_us + (self.settings.backoff_us << (message.nacks - 1).min(16));
            self.deadlines.insert((until, index, position));
            State::Delayed { until }
        };
        self.leave(index, position, state);
        let message = &self.groups[index].messages[&position];
        Some(self.settled(index, position, message, dead))
    }

    /// Deadlines that have passed: pauses after a nack end silently; messages a consumer kept
    /// too long are offered again and returned here, for the record.
    pub fn expire(&mut self, now_us: u64) -> Vec<Settled> {
        let mut late = vec![];
        while let Some(&(until, index, position)) = self.deadlines.first()
            && until <= now_us
        {
            self.deadlines.pop_first();
            let Some(message) = self.groups[index].messages.get_mut(&position) else { continue };
            let state = message.state;
            message.state = State::Ready;
            self.groups[index].ready.insert(position);
            if matches!(state, State::InFlight { .. }) {
                self.leave(index, position, state);
                let message = &self.groups[index].messages[&position];
                late.push(self.settled(index, position, message, false));
            }
        }
        late
    }

    /// Gives waiting messages to consumers with room, oldest first. To be handed over only
    /// when it is recorded.
    pub fn take(&mut self, now_us: u64) -> Vec<Handout> {
        let until = now_us + self.settings.visibility_us;
        let mut handouts = vec![];
        for (index, group) in self.groups.iter_mut().enumerate() {
            while !group.ready.is_empty()
                && let Some(consumer) = group.consumers.iter_mut().max_by_key(|c| c.free()).filter(|c| c.free() > 0)
                && let Some(position) = group.ready.pop_first()
                && let Some(message) = group.messages.get_mut(&position)
            {
                consumer.held += 1;
                message.attempt += 1;
                message.state = State::InFlight { until, consumer: consumer.id };
                self.deadlines.insert((until, index, position));
                let delivery = Delivery {
                    position,
                    topic: message.topic.clone(),
                    attempt: message.attempt,
                    envelope: message.envelope.clone(),
                };
                handouts.push(Handout { consumer: consumer.id, group: group.name.clone(), delivery });
            }
        }
        handouts
    }

    /// When [`Broker::expire`] has something to do next, in microseconds since the sandbox was created.
    pub fn next_deadline(&self) -> Option<u64> {
        self.deadlines.first().map(|(until, ..)| *until)
    }

    fn group_of(&self, consumer: ConsumerId) -> Option<usize> {
        self.groups.iter().position(|group| group.consumers.iter().any(|c| c.id == consumer))
    }

    /// A message leaves its consumer's hands: there is room again.
    fn leave(&mut self, index: usize, position: Position, state: State) {
        match state {
            State::InFlight { until, consumer } => {
                self.deadlines.remove(&(until, index, position));
                if let Some(consumer) = self.groups[index].consumers.iter_mut().find(|c| c.id == consumer) {
                    consumer.held -= 1;
                }
            }
            State::Delayed { until } => {
                self.deadlines.remove(&(until, index, position));
            }
            State::Ready | State::Dead => {}
        }
    }

    fn settled(&self, index: usize, position: Position, message: &Message, dead: bool) -> Settled {
        Settled {
            group: self.groups[index].name.clone(),
            topic: message.topic.clone(),
            position,
            attempt: message.attempt,
            nacks: message.nacks,
            envelope: message.envelope.clone(),
            dead,
        }
    }
}

#[cfg(test)]
mod tests;
