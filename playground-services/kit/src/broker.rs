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
use crate::fault::{Leg, Passing, Verdict, severed, verdict};
use protocol::{Envelope, Fault, FaultKind, Name, Observation, Position, Recorded, Topology};
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
    /// The longest a message waits for the next one to overtake it, in microseconds.
    pub overtaking_us: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { visibility_us: 5_000_000, nacks_max: 5, backoff_us: 100_000, overtaking_us: 500_000 }
    }
}

/// Given back more often than this, a message waits no longer than before: 1.6 seconds.
const GIVEN_BACK_DOUBLINGS: u32 = 5;

pub struct Broker {
    settings: Settings,
    groups: Vec<Group>,
    deadlines: BTreeSet<(u64, usize, Position)>,
    /// Groups whose leader has something to do again.
    roused: BTreeSet<usize>,
}

struct Group {
    name: Name,
    /// Topic to the types read from it.
    reads: HashMap<Name, Vec<Name>>,
    messages: BTreeMap<Position, Message>,
    ready: BTreeSet<Position>,
    /// Those that wait for the next one to overtake them.
    overtaken: BTreeSet<Position>,
    consumers: Vec<Consumer>,
    /// Only one of its consumers works at a time.
    led: bool,
    /// That one.
    leader: Option<ConsumerId>,
}

struct Message {
    topic: Name,
    envelope: Arc<Envelope>,
    attempt: u32,
    nacks: u32,
    /// A fault has had its say on the next attempt.
    judged: bool,
    /// The fault that has held it up last, if that was the last thing that became of it.
    held_up_by: Option<Name>,
    /// It was noted that something keeps it from its group.
    severed: bool,
    /// Handed over so many times without an answer yet.
    copies: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Waits for a consumer with room.
    Ready,
    /// Nacked a moment ago, or held up by a fault: waits until then.
    Delayed { until: u64 },
    /// Waits for the next one to overtake it, or until then.
    Overtaken { until: u64 },
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

/// A message on its way to a consumer, and what became of it there.
#[derive(Clone, Debug)]
pub struct Handout {
    pub group: Name,
    pub delivery: Delivery,
    pub fate: Fate,
    /// The fault that decided so.
    pub fault: Option<Name>,
}

/// What becomes of a message on its way to a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// To be handed to this consumer, once this is durable.
    To(ConsumerId),
    /// It was sent and does not arrive; it will be offered again when its time is up.
    Lost,
    /// It was sent and not taken.
    Refused,
    /// It has not been sent yet.
    Held,
}

/// Whom a message is with that nobody has.
const NOBODY: ConsumerId = 0;

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

impl Message {
    fn new(topic: Name, envelope: Arc<Envelope>) -> Self {
        Message {
            topic,
            envelope,
            attempt: 0,
            nacks: 0,
            judged: false,
            held_up_by: None,
            severed: false,
            copies: 0,
            state: State::Ready,
        }
    }

    fn delivery(&self, position: Position) -> Delivery {
        let (topic, envelope) = (self.topic.clone(), self.envelope.clone());
        Delivery { position, topic, attempt: self.attempt, envelope }
    }
}

impl State {
    fn deadline(self) -> Option<u64> {
        match self {
            State::Delayed { until } | State::Overtaken { until } | State::InFlight { until, .. } => Some(until),
            State::Ready | State::Dead => None,
        }
    }
}

/// The next attempt to bring a message to a group.
fn passing<'a>(group: &'a Group, message: &'a Message) -> Passing<'a> {
    Passing {
        leg: Leg::Delivery,
        from: &message.envelope.source,
        to: &group.name,
        topic: Some(&message.topic),
        ordinal: message.envelope.commandordinal,
        what: &message.envelope.kind,
        attempt: message.attempt + 1,
    }
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
                overtaken: BTreeSet::new(),
                consumers: vec![],
                led: service.is_led(),
                leader: None,
            })
            .collect();
        Broker { settings, groups, deadlines: BTreeSet::new(), roused: BTreeSet::new() }
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
        let message = Message { attempt, nacks, state, ..Message::new(topic, envelope) };
        group.messages.insert(position, message);
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
                group.messages.insert(position, Message::new(topic.clone(), envelope.clone()));
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

    /// Whether this consumer's group should have a leader and has none.
    pub fn is_vacant(&self, id: ConsumerId) -> bool {
        self.group_of(id).is_some_and(|index| self.groups[index].led && self.groups[index].leader.is_none())
    }

    /// The others of this consumer's group, where only one works at a time.
    pub fn standbys(&self, id: ConsumerId) -> Vec<ConsumerId> {
        let group = self.group_of(id).map(|index| &self.groups[index]).filter(|group| group.led);
        group
            .into_iter()
            .flat_map(|group| &group.consumers)
            .map(|other| other.id)
            .filter(|other| *other != id)
            .collect()
    }

    /// Those that stand by for a leader that has something to do again, since the last call.
    pub fn roused(&mut self) -> Vec<ConsumerId> {
        let leaders = std::mem::take(&mut self.roused).into_iter().filter_map(|index| self.groups[index].leader);
        leaders.flat_map(|leader| self.standbys(leader)).collect()
    }

    /// It alone gets its group's messages from now on. What the others have is offered again at
    /// once, and returned here for the record.
    pub fn lead(&mut self, id: ConsumerId, room: usize) -> Vec<Settled> {
        let Some(index) = self.group_of(id) else { return vec![] };
        self.groups[index].leader = Some(id);
        for consumer in &mut self.groups[index].consumers {
            consumer.room = if consumer.id == id { room } else { 0 };
        }
        // What was lost on its way is with nobody, and its time is not up.
        self.take_back(index, |holder| holder != id && holder != NOBODY)
    }

    /// A consumer is gone: what it had is offered to others at once. Returned here for the record
    /// where others of its group remain; else it is clear from its end.
    pub fn disconnect(&mut self, id: ConsumerId) -> Vec<Settled> {
        let Some(index) = self.group_of(id) else { return vec![] };
        let had = self.take_back(index, |holder| holder == id);
        self.groups[index].leader = self.groups[index].leader.filter(|leader| *leader != id);
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
        let message = group.messages.get_mut(&position)?;
        if message.copies > 1 {
            message.copies -= 1;
            return None;
        }
        let message = group.messages.remove(&position)?;
        group.ready.remove(&position);
        self.leave(index, position, state);
        Some(self.settled(index, position, &message, false))
    }

    /// The consumer could not deal with it: offered again after a pause, or dead-lettered.
    /// `None` when the consumer does not have it (any more).
    pub fn nack(&mut self, consumer: ConsumerId, position: Position, now_us: u64) -> Option<Settled> {
        let (index, message) = self.held_by(consumer, position)?;
        message.nacks += 1;
        let (nacks, state) = (message.nacks, message.state);
        // First: its next deadline may be at the same moment as the one that goes.
        self.leave(index, position, state);
        if nacks < self.settings.nacks_max {
            self.offer_later(index, position, nacks, now_us);
        } else {
            self.groups[index].messages.get_mut(&position)?.state = State::Dead;
        }
        let message = &self.groups[index].messages[&position];
        Some(self.settled(index, position, message, message.state == State::Dead))
    }

    /// The consumer will never deal with it: it is dead-lettered at once. `None` when the consumer
    /// does not have it (any more).
    pub fn refuse(&mut self, consumer: ConsumerId, position: Position) -> Option<Settled> {
        let (index, message) = self.held_by(consumer, position)?;
        let state = std::mem::replace(&mut message.state, State::Dead);
        self.leave(index, position, state);
        Some(self.settled(index, position, &self.groups[index].messages[&position], true))
    }

    /// A fault struck it at the consumer: offered again after a pause, however often.
    /// `None` when the consumer does not have it (any more).
    pub fn give_back(&mut self, consumer: ConsumerId, position: Position, now_us: u64) -> Option<Settled> {
        let (index, message) = self.held_by(consumer, position)?;
        let (attempt, state) = (message.attempt, message.state);
        self.leave(index, position, state);
        self.offer_later(index, position, attempt.min(GIVEN_BACK_DOUBLINGS), now_us);
        Some(self.settled(index, position, &self.groups[index].messages[&position], false))
    }

    fn held_by(&mut self, consumer: ConsumerId, position: Position) -> Option<(usize, &mut Message)> {
        let index = self.group_of(consumer)?;
        let message = self.groups[index].messages.get_mut(&position)?;
        let held = matches!(message.state, State::InFlight { consumer: holder, .. } if holder == consumer);
        held.then_some((index, message))
    }

    /// The `nth` pause, from 1: each is twice as long as the one before.
    fn offer_later(&mut self, index: usize, position: Position, nth: u32, now_us: u64) {
        let until = now_us + (self.settings.backoff_us << (nth - 1).min(16));
        self.deadlines.insert((until, index, position));
        if let Some(message) = self.groups[index].messages.get_mut(&position) {
            message.state = State::Delayed { until };
        }
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

    /// Gives waiting messages to consumers with room, oldest first, unless a fault stands in the
    /// way. To be handed over only when it is recorded.
    pub fn take(&mut self, now_us: u64, faults: &[Fault]) -> Vec<Handout> {
        let mut handouts = vec![];
        for index in 0..self.groups.len() {
            if faults.iter().any(|fault| matches!(fault.spec.kind, FaultKind::Partition | FaultKind::BrokerOutage)) {
                self.note_severed(index, now_us, faults, &mut handouts);
            }
            let mut behind = 0;
            while let Some(position) = self.next_ready(index, behind, now_us, faults) {
                behind = position;
                if self.hand_out(index, position, now_us, faults, &mut handouts) && self.release_overtaken(index) {
                    behind = 0;
                }
            }
        }
        handouts
    }

    /// Says once of each message that a partition or an outage keeps it.
    fn note_severed(&mut self, index: usize, now_us: u64, faults: &[Fault], handouts: &mut Vec<Handout>) {
        let group = &self.groups[index];
        let kept = |position: &Position| {
            let message = &group.messages[position];
            let fault = severed(faults, &passing(group, message), now_us).filter(|_| !message.severed)?;
            let delivery = message.delivery(*position);
            Some(Handout { group: group.name.clone(), delivery, fate: Fate::Held, fault: Some(fault.id.clone()) })
        };
        let kept: Vec<Handout> = group.ready.iter().filter_map(kept).collect();
        for handout in &kept {
            if let Some(message) = self.groups[index].messages.get_mut(&handout.delivery.position) {
                message.severed = true;
            }
        }
        handouts.extend(kept);
    }

    /// The oldest message behind a position that a consumer has room for and nothing keeps from it.
    fn next_ready(&self, index: usize, behind: Position, now_us: u64, faults: &[Fault]) -> Option<Position> {
        let group = &self.groups[index];
        if group.consumers.iter().all(|consumer| consumer.free() == 0) {
            return None;
        }
        let reaches = |position: &&Position| {
            faults.is_empty() || severed(faults, &passing(group, &group.messages[*position]), now_us).is_none()
        };
        group.ready.range(behind + 1..).find(reaches).copied()
    }

    /// Sends a message to the consumer with the most room. Says whether it got there.
    fn hand_out(
        &mut self,
        index: usize,
        position: Position,
        now_us: u64,
        faults: &[Fault],
        handouts: &mut Vec<Handout>,
    ) -> bool {
        let Settings { visibility_us, backoff_us, overtaking_us, .. } = self.settings;
        let group = &self.groups[index];
        let message = &group.messages[&position];
        let verdict = match message.judged {
            true => Verdict::Pass,
            false => verdict(faults, &passing(group, message), now_us),
        };
        let fault = verdict.fault().map(|fault| fault.id.clone());
        let group = &mut self.groups[index];
        let consumer = group.consumers.iter_mut().max_by_key(|consumer| consumer.free());
        let (Some(consumer), Some(message)) = (consumer, group.messages.get_mut(&position)) else { return false };
        let (fate, state) = match verdict {
            Verdict::Pass | Verdict::Duplicate { .. } => {
                if consumer.held == 0 && group.leader == Some(consumer.id) {
                    self.roused.insert(index);
                }
                consumer.held += 1;
                (Fate::To(consumer.id), State::InFlight { until: now_us + visibility_us, consumer: consumer.id })
            }
            Verdict::Drop { .. } => (Fate::Lost, State::InFlight { until: now_us + visibility_us, consumer: NOBODY }),
            Verdict::Fail { .. } => {
                // Ever more seldom: what is refused for as long as a fault stands must not fill the record.
                let pause_us = backoff_us << message.attempt.min(GIVEN_BACK_DOUBLINGS);
                (Fate::Refused, State::Delayed { until: now_us + pause_us })
            }
            Verdict::Delay { us, .. } => (Fate::Held, State::Delayed { until: now_us.saturating_add(us) }),
            Verdict::Reorder { .. } => (Fate::Held, State::Overtaken { until: now_us + overtaking_us }),
        };
        message.judged = fate == Fate::Held;
        message.held_up_by = fault.clone().filter(|_| matches!(fate, Fate::Held | Fate::Refused));
        message.attempt += u32::from(fate != Fate::Held);
        message.copies = 1;
        message.state = state;
        group.ready.remove(&position);
        self.deadlines.extend(state.deadline().map(|until| (until, index, position)));
        if let State::Overtaken { .. } = state {
            group.overtaken.insert(position);
        }
        let handout = Handout { group: group.name.clone(), delivery: message.delivery(position), fate, fault };
        if let Verdict::Duplicate { .. } = verdict {
            // Behind the first, and the one that the fault has made.
            message.copies = 2;
            message.attempt += 1;
            let second = Handout { delivery: message.delivery(position), ..handout.clone() };
            handouts.extend([Handout { fault: None, ..handout }, second]);
        } else {
            handouts.push(handout);
        }
        matches!(fate, Fate::To(_))
    }

    /// Another message went first: those that waited for that need wait no longer.
    fn release_overtaken(&mut self, index: usize) -> bool {
        let group = &mut self.groups[index];
        let overtaken = std::mem::take(&mut group.overtaken);
        let mut released = false;
        for position in overtaken {
            // Its time may have been up before.
            if let Some(message) = group.messages.get_mut(&position)
                && let State::Overtaken { until } = message.state
            {
                message.state = State::Ready;
                group.ready.insert(position);
                self.deadlines.remove(&(until, index, position));
                released = true;
            }
        }
        released
    }

    /// A fault is gone: what it has held up need wait no longer.
    pub fn release(&mut self, fault: &str) {
        for index in 0..self.groups.len() {
            let waits = |message: &Message| {
                matches!(message.state, State::Delayed { .. } | State::Overtaken { .. })
                    && message.held_up_by.as_deref() == Some(fault)
            };
            let messages = &self.groups[index].messages;
            let held: Vec<(Position, State)> = messages
                .iter()
                .filter(|(_, message)| waits(message))
                .map(|(at, message)| (*at, message.state))
                .collect();
            for (position, state) in held {
                self.leave(index, position, state);
                let group = &mut self.groups[index];
                group.overtaken.remove(&position);
                group.ready.insert(position);
                if let Some(message) = group.messages.get_mut(&position) {
                    message.state = State::Ready;
                }
            }
        }
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
            State::Delayed { until } | State::Overtaken { until } => {
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
