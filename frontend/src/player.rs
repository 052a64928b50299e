//! The picture's own time. The record keeps true times; here every hop is on screen long
//! enough to be seen, and the learner goes back and forth at will.
//!
//! Events are folded strictly in the order of the record. An event waits for its turn only
//! while what caused it is still under way in the picture: a message cannot leave a pipe it
//! has not reached, and a service does not act on a message that has not arrived. On an edge
//! that flows nothing waits; there the record's own times set the pace.

use crate::flow::{Flow, LATELY};
use crate::tape::{Entry, Tape};
use crate::texts::Sentence;
use diagram::{DiagramState, MarkKind, Motion, Place, Token, motion};
use protocol::{Name, Observation, Position, Recorded, Uuid};
use std::collections::VecDeque;

/// How long a hop is on screen, in milliseconds.
pub const HOP: f64 = 400.0;
/// How long a commit is seen before what it publishes departs, in hops.
const COMMIT: f64 = 0.45;
/// How long a message rests in its pipe at least, in hops.
const REST: f64 = 0.3;
/// How far apart tokens on the same edge are, in hops.
const APART: f64 = 0.2;
/// The picture may be this far behind, in milliseconds, before hops get shorter.
const BEHIND: f64 = 5_000.0;
/// Beyond this speed nothing can be followed: what happened is shown without travel.
const TOO_FAST: f64 = 16.0;
/// Events behind beyond which it is no use to follow at all.
const LOST: Position = 2_000;
/// Events looked at to find out what flows.
const RECALLED: usize = 1_000;
/// Events a second from which it is no use to show them one by one.
const STORM: Position = 600;
/// Events folded in one step of time at most; the next goes on.
const AT_ONCE: usize = 1_000;

/// How many times as fast as hops at leisure, with the words for it.
pub const SPEEDS: [(f64, &str); 13] = [
    (0.001, "0.001"),
    (0.003, "0.003"),
    (0.01, "0.01"),
    (0.03, "0.03"),
    (0.1, "0.1"),
    (0.25, "0.25"),
    (0.5, "0.5"),
    (1.0, "1"),
    (2.0, "2"),
    (5.0, "5"),
    (10.0, "10"),
    (30.0, "30"),
    (100.0, "100"),
];
/// Where in [`SPEEDS`] one begins.
pub const LEISURE: usize = 7;

/// A token on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Flight {
    pub motion: Motion,
    /// In the player's time, milliseconds.
    pub start: f64,
    pub duration: f64,
    /// One of many on its edge.
    pub flows: bool,
}

/// Keeps what follows from it waiting until it has been seen.
#[derive(Clone, Debug)]
struct Beat {
    what: Held,
    until: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum Held {
    Service(Name, Option<Uuid>),
    Message(Position),
}

/// Where the picture stops by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breakpoint {
    /// Something is taken back.
    Compensation,
    /// A message tells of a failure: a payment fails, stock is rejected.
    Failure,
    Crash,
    /// This service does something, or something reaches it.
    Service(Name),
}

/// What [`Player::advance`] changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    pub picture: bool,
    /// A breakpoint was reached.
    pub stopped: bool,
}

#[derive(Default)]
pub struct Player {
    /// The picture as shown.
    pub shown: DiagramState,
    pub paused: bool,
    /// A token is looked at: time waits, without being paused.
    pub held: bool,
    pub speed: usize,
    pub flights: Vec<Flight>,
    pub tape: Tape,
    pub flow: Flow,
    pub breakpoints: Vec<Breakpoint>,
    /// Plays what was, and does not hurry after what is.
    replays: bool,
    beats: Vec<Beat>,
    clock: f64,
    /// Now and then, when an event arrived, at a wall-clock time in milliseconds.
    arrived: VecDeque<(Position, f64)>,
    stretch: Stretch,
    pace: Option<Pace>,
}

/// How long the picture takes for what it shows, since it began to.
#[derive(Clone, Copy, Default)]
struct Stretch {
    /// Of the run shown, in microseconds since the sandbox was created.
    run_began: u64,
    /// The record's time, in microseconds, and the picture's, in milliseconds.
    real_from: u64,
    pictured: f64,
}

/// While anything flows: at this time of the player, the record's time was that.
#[derive(Clone, Copy)]
struct Pace {
    clock: f64,
    at: u64,
}

impl Player {
    pub fn new(shown: DiagramState) -> Self {
        Player { tape: Tape::new(shown.clone()), shown, speed: LEISURE, ..Player::default() }
    }

    /// An event from the stream, at a wall-clock time in milliseconds.
    pub fn receive(&mut self, event: Recorded, now: f64) -> bool {
        let position = event.position;
        let taken = self.tape.receive(event);
        if taken && self.arrived.back().is_none_or(|(_, then)| now - then > 100.0) {
            self.arrived.push_back((position, now));
        }
        taken
    }

    /// Lets `elapsed` milliseconds pass at the wall-clock time `now`.
    pub fn advance(&mut self, elapsed: f64, now: f64) -> Changed {
        let mut changed = Changed::default();
        // At high speeds, several hops fit into one frame.
        let steps = ((elapsed / HOP * 8.0 * SPEEDS[self.speed].0) as u32).min(64) + 1;
        for _ in 0..steps {
            if self.paused || self.held {
                break;
            }
            self.step(elapsed / f64::from(steps), now, &mut changed);
        }
        changed
    }

    fn step(&mut self, elapsed: f64, now: f64, changed: &mut Changed) {
        if self.under_way() {
            self.stretch.pictured += elapsed;
        }
        self.clock += elapsed;
        let clock = self.clock;
        let before = self.flights.len() + self.beats.len();
        for flight in self.flights.extract_if(.., |flight| flight.start + flight.duration <= clock) {
            if let Place::Topic(_) = flight.motion.to
                && !flight.flows
            {
                let what = Held::Message(flight.motion.position);
                self.beats.push(Beat { what, until: clock + REST * flight.duration });
            }
        }
        self.beats.retain(|beat| beat.until > clock);
        changed.picture |= before != self.flights.len() + self.beats.len();
        changed.picture |= self.flow.calm(clock, SPEEDS[self.speed].0);
        self.set_pace();

        let speed = self.hop_speed(now);
        let overwhelmed = self.flow.flowing().next().is_none() && self.behind() > 0 && self.is_storm();
        if (speed >= TOO_FAST || overwhelmed) && self.hurries() {
            self.jump_to_live();
            changed.picture = true;
            return;
        }
        for _ in 0..AT_ONCE {
            let Some(entry) = self.tape.entry(self.shown.position + 1) else { break };
            let event = &entry.event;
            let motion = motion(&self.shown, event);
            if !self.is_due(event) || self.waits(event, motion.as_ref()) {
                break;
            }
            let stops = self.breakpoints.iter().any(|breakpoint| breakpoint.stops_at(entry, motion.as_ref()));
            self.flow.note(event, motion.as_ref(), clock);
            self.shown.evolve(event);
            let committed =
                matches!(&event.observation, Observation::TransactionCommitted { rows, .. } if !rows.is_empty());
            let who = committed.then(|| (event.service.clone(), event.correlation_id));
            self.send_off(motion, who, HOP / speed);
            self.begin_stretch();
            changed.picture = true;
            if stops {
                self.paused = true;
                self.replays = true;
                changed.stopped = true;
                break;
            }
        }
        if self.behind() == 0 {
            self.replays = false;
            self.arrived.clear();
        }
    }

    /// How many times shorter than at leisure hops are.
    fn hop_speed(&self, now: f64) -> f64 {
        let speed = SPEEDS[self.speed].0;
        if !self.hurries() {
            return speed;
        }
        if self.behind() > LOST { TOO_FAST } else { speed * lateness(self.waited(now)) }
    }

    /// Whether it keeps up with what arrives. Who chose to go slower wants to see it all.
    fn hurries(&self) -> bool {
        !self.replays && self.speed >= LEISURE && self.breakpoints.is_empty()
    }

    /// How long the oldest event not shown yet has waited, about, in milliseconds.
    fn waited(&self, now: f64) -> f64 {
        let waiting = self.arrived.iter().find(|(position, _)| *position > self.shown.position);
        waiting.map_or(0.0, |(_, then)| now - then)
    }

    /// Everything received is shown at once.
    pub fn jump_to_live(&mut self) {
        self.show(self.tape.live().end().clone());
        self.recall_flow();
        self.replays = false;
        self.arrived.clear();
    }

    /// Whether more happens than single tokens could tell.
    fn is_storm(&self) -> bool {
        let end = self.tape.live().end();
        let earlier = end.position.checked_sub(STORM).and_then(|position| self.tape.entry(position));
        earlier.is_some_and(|entry| end.at.saturating_sub(entry.event.at) < 1_000_000)
    }

    /// Shows a position and stays there. Its token, if it has one, stands halfway. False when the
    /// position is not at hand.
    pub fn seek(&mut self, position: Position) -> bool {
        let Some(state) = self.tape.state_at(position) else { return false };
        self.show(state);
        self.paused = true;
        self.replays = true;
        self.recall_flow();
        if let Some(entry) = self.tape.entry(position)
            && let Some(before) = self.tape.state_at(position - 1)
            && let Some(motion) = motion(&before, &entry.event)
        {
            let duration = HOP / SPEEDS[self.speed].0;
            self.flights.push(Flight { motion, start: self.clock - duration / 2.0, duration, flows: false });
        }
        true
    }

    fn show(&mut self, state: DiagramState) {
        self.shown = state;
        self.held = false;
        self.flights.clear();
        self.beats.clear();
        self.flow = Flow::default();
        self.pace = None;
        let run_began = self.shown.run.map_or(0, |run| run.began_at);
        self.stretch = Stretch { run_began, real_from: self.shown.at, pictured: 0.0 };
    }

    /// What flowed at the position shown.
    pub fn recall_flow(&mut self) {
        let (here, since) = (self.shown.position, self.shown.at.saturating_sub(LATELY));
        let Some(window) = self.tape.window(here) else { return };
        let end = window.entries().partition_point(|entry| entry.position() <= here);
        let late = window.entries().partition_point(|entry| entry.event.at < since);
        let start = late.max(end.saturating_sub(RECALLED)).min(end);
        let Some(first) = window.entries().get(start) else { return };
        let Some(mut state) = window.state_at(first.position() - 1) else { return };
        for entry in window.entries().range(start..end) {
            self.flow.note(&entry.event, motion(&state, &entry.event).as_ref(), self.clock);
            state.evolve(&entry.event);
        }
        // Where not all of that time was looked at, its last part stands for it.
        let whole = late > 0 && late >= end.saturating_sub(RECALLED) || first.position() == 1;
        if !whole {
            self.flow.knows(first.event.at, self.shown.at);
        }
    }

    pub fn pause(&mut self) {
        self.paused = true;
        self.replays = true;
    }

    pub fn set_speed(&mut self, speed: usize) {
        let old = SPEEDS[self.speed].0;
        self.speed = speed.min(SPEEDS.len() - 1);
        // What is on its way goes on from where it is.
        let factor = old / SPEEDS[self.speed].0;
        let clock = self.clock;
        for flight in &mut self.flights {
            flight.start = clock - (clock - flight.start) * factor;
            flight.duration *= factor;
        }
        for beat in &mut self.beats {
            beat.until = clock + (beat.until - clock) * factor;
        }
        self.pace = None;
        self.stretch = Stretch { real_from: self.shown.at, ..self.stretch };
        self.stretch.pictured = 0.0;
    }

    /// The next position worth stopping at, after or before the one shown, of those at hand.
    pub fn moment(&self, forwards: bool) -> Option<Position> {
        let here = self.shown.position;
        let window = self.tape.window(here)?;
        let mut moments = window.entries().iter().filter(|entry| entry.is_moment()).map(Entry::position);
        if forwards { moments.find(|position| *position > here) } else { moments.rfind(|position| *position < here) }
    }

    /// The last event of the story at or before the position shown.
    pub fn telling(&self) -> Option<&Entry> {
        let here = self.shown.position;
        let entries = self.tape.window(here)?.entries();
        let end = entries.partition_point(|entry| entry.position() <= here);
        entries.range(..end).rfind(|entry| entry.told.is_some())
    }

    /// How many events of the story lie between a position and the one shown, and the last of them.
    pub fn heard_since(&self, position: Position) -> Option<(usize, Sentence)> {
        let here = self.shown.position;
        let entries = self.tape.window(here)?.entries();
        let count = |end: Position| entries.partition_point(|entry| entry.position() <= end);
        let mut told = entries.range(count(position.min(here))..count(here)).filter_map(|entry| entry.told.as_ref());
        let last = told.next_back()?.clone();
        Some((told.count() + 1, last))
    }

    /// Events received that the picture does not show yet.
    pub fn behind(&self) -> Position {
        self.tape.end().saturating_sub(self.shown.position)
    }

    /// Whether the picture follows what arrives, as far as it can.
    pub fn is_live(&self) -> bool {
        !self.paused && !self.replays
    }

    /// Whether the oldest event not shown has waited longer than the picture should be behind.
    pub fn lags(&self, now: f64) -> bool {
        self.waited(now) > BEHIND
    }

    /// Whether the next event is not at hand, although there is one.
    pub fn lacks(&self) -> bool {
        self.behind() > 0 && self.tape.entry(self.shown.position + 1).is_none()
    }

    /// After which position the events end that are at hand, if it comes within so many.
    pub fn runs_out(&self, within: Position) -> Option<Position> {
        let last = self.tape.window(self.shown.position)?.last();
        let near = !self.paused && last < self.tape.end() && last - self.shown.position < within;
        near.then_some(last)
    }

    /// Whether time has anything to do here.
    pub fn under_way(&self) -> bool {
        !(self.flights.is_empty() && self.beats.is_empty()) || self.behind() > 0 || self.flow.flowing().next().is_some()
    }

    /// How far along a flight is, from 0 to 1.
    pub fn progress(&self, flight: &Flight) -> f64 {
        within((self.clock - flight.start) / flight.duration, 0.0, 1.0)
    }

    /// Messages published but still on their way into the pipe.
    pub fn in_the_air(&self) -> Vec<Position> {
        let into_pipe = self.flights.iter().filter(|flight| matches!(flight.motion.to, Place::Topic(_)));
        into_pipe.map(|flight| flight.motion.position).collect()
    }

    /// Services whose commit is being seen.
    pub fn committing(&self) -> Vec<Name> {
        let services = self.beats.iter().filter_map(|beat| match &beat.what {
            Held::Service(name, _) => Some(name.clone()),
            Held::Message(_) => None,
        });
        services.collect()
    }

    /// Real time since the run began, in microseconds; 0 before the first.
    pub fn elapsed(&self) -> u64 {
        self.shown.run.map_or(0, |run| run.ended_at.saturating_sub(run.began_at))
    }

    /// How many times longer the picture takes than what it shows; `None` when it doesn't.
    pub fn stretched(&self) -> Option<u64> {
        let real = self.shown.run?.ended_at.saturating_sub(self.stretch.real_from);
        let pictured = (self.stretch.pictured * 1000.0) as u64;
        if real < 1_000 || pictured < 2 * real {
            return None;
        }
        let times = pictured / real;
        Some(if times >= 20 { times / 10 * 10 } else { times })
    }

    /// With a new run, the stretch is that of this run.
    fn begin_stretch(&mut self) {
        if let Some(run) = self.shown.run
            && run.began_at != self.stretch.run_began
        {
            self.stretch = Stretch { run_began: run.began_at, real_from: run.began_at, pictured: 0.0 };
        }
    }

    /// While anything flows and the picture does not simply follow, the record's times set the pace.
    fn set_pace(&mut self) {
        let paced = !self.hurries() && self.flow.flowing().next().is_some();
        if !paced {
            self.pace = None;
        } else if self.pace.is_none() {
            self.pace = Some(Pace { clock: self.clock, at: self.shown.at });
        }
    }

    fn is_due(&self, event: &Recorded) -> bool {
        self.pace.is_none_or(|pace| {
            let passed = (self.clock - pace.clock) * SPEEDS[self.speed].0 * 1_000.0;
            event.at.saturating_sub(pace.at) as f64 <= passed
        })
    }

    /// Where the record sets the pace, a token that is alone on its edge does not hold up the flow
    /// on the others.
    fn waits(&self, event: &Recorded, motion: Option<&Motion>) -> bool {
        self.pace.is_none() && (self.is_blocked(event) || motion.is_some_and(|motion| self.is_crowded(motion)))
    }

    fn is_blocked(&self, event: &Recorded) -> bool {
        use Observation::*;
        let message = match &event.observation {
            MessageDelivered { source_position, .. } | MessageRedelivered { source_position, .. } => {
                Some(*source_position)
            }
            _ => None,
        };
        let mut flights = self.flights.iter().filter(|flight| !flight.flows);
        if let Some(position) = message {
            return flights.any(|flight| flight.motion.position == position)
                || self.beats.iter().any(|beat| beat.what == Held::Message(position));
        }
        // An acknowledgement is the group's doing, whoever recorded it.
        let actor = match &event.observation {
            MessageAcked { group, .. } | MessageRejected { group, .. } | MessageDeadLettered { group, .. } => group,
            ServiceCrashed { .. } | FaultInstalled { .. } | FaultCleared { .. } => return false,
            _ => &event.service,
        };
        let same = |correlation: Option<Uuid>| correlation == event.correlation_id;
        let arriving = |flight: &Flight| {
            matches!(&flight.motion.to, Place::Service(name) if name == actor) && same(flight.motion.correlation_id)
        };
        // A commit's own rows and states come together; only what leaves the service waits for it to be seen.
        let leaves = matches!(event.observation, MessagePublished { .. } | ResponseSent { .. });
        let committing =
            |beat: &Beat| matches!(&beat.what, Held::Service(name, correlation) if name == actor && same(*correlation));
        flights.any(arriving) || leaves && self.beats.iter().any(committing)
    }

    /// Whether the last token on the same edge has only just left.
    fn is_crowded(&self, motion: &Motion) -> bool {
        let close = |flight: &Flight| {
            let same_edge = flight.motion.from == motion.from && flight.motion.to == motion.to;
            same_edge && self.clock - flight.start < APART * flight.duration
        };
        !self.flow.takes(motion) && self.flights.iter().any(close)
    }

    /// Its token departs, and a commit is given time to be seen.
    fn send_off(&mut self, motion: Option<Motion>, committed: Option<(Name, Option<Uuid>)>, hop: f64) {
        if let Some(motion) = motion {
            let flows = self.flow.takes(&motion);
            self.flights.push(Flight { motion, start: self.clock, duration: hop, flows });
        }
        if let Some((service, correlation)) = committed
            && self.flow.flowing().next().is_none()
        {
            self.beats.push(Beat { what: Held::Service(service, correlation), until: self.clock + COMMIT * hop });
        }
    }
}

impl Breakpoint {
    fn stops_at(&self, entry: &Entry, motion: Option<&Motion>) -> bool {
        match self {
            Breakpoint::Compensation => {
                entry.mark == Some(MarkKind::Compensation)
                    || motion.is_some_and(|motion| motion.token == Token::Compensation)
            }
            Breakpoint::Failure => entry.mark == Some(MarkKind::Failure),
            Breakpoint::Crash => entry.mark == Some(MarkKind::Crash),
            Breakpoint::Service(name) => {
                entry.event.service == *name || motion.is_some_and(|motion| motion.to == Place::Service(name.clone()))
            }
        }
    }
}

/// Like `clamp`, whose message for bounds in the wrong order brings all of float formatting
/// into what the browser loads: 9 kB.
pub fn within(value: f64, least: f64, most: f64) -> f64 {
    value.max(least).min(most)
}

/// How many times shorter hops get, given how long the next event has waited.
fn lateness(waited: f64) -> f64 {
    1.0 + (waited - BEHIND).max(0.0) / 400.0
}

#[cfg(test)]
mod tests;
