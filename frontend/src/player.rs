//! The picture's own time. The record keeps true times; here every hop is on screen long
//! enough to be seen.
//!
//! Events are folded strictly in the order of the record. An event waits for its turn only
//! while what caused it is still under way in the picture: a message cannot leave a pipe it
//! has not reached, and a service does not act on a message that has not arrived.

use crate::svg::Mark;
use crate::texts::{Sentence, tell};
use diagram::{DiagramState, Motion, Place, mark, motion};
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
const KEPT_MARKS: usize = 96;
const COMING_MARKS: usize = 16;
const KEPT_SENTENCES: usize = 12;

/// A token on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Flight {
    pub motion: Motion,
    /// In the player's time, milliseconds.
    pub start: f64,
    pub duration: f64,
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

/// A sentence and when it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub position: Position,
    /// In microseconds since the run it belongs to began, if it belongs to one.
    pub since: Option<u64>,
    pub sentence: Sentence,
}

/// What [`Player::advance`] changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    pub picture: bool,
    pub story: bool,
}

#[derive(Default)]
pub struct Player {
    /// The picture as shown.
    pub shown: DiagramState,
    pub paused: bool,
    pub flights: Vec<Flight>,
    pub marks: VecDeque<Mark>,
    pub story: VecDeque<Told>,
    queue: VecDeque<(Recorded, f64)>,
    beats: Vec<Beat>,
    clock: f64,
    run: Option<Run>,
}

/// From a command given at rest to the next rest.
#[derive(Clone, Copy)]
struct Run {
    /// Real time, microseconds since the sandbox was created.
    began_at: u64,
    ended_at: u64,
    /// The player's time, milliseconds.
    began: f64,
    ended: f64,
}

impl Player {
    pub fn new(shown: DiagramState) -> Self {
        Player { shown, ..Player::default() }
    }

    /// An event from the stream, at a wall-clock time in milliseconds.
    pub fn receive(&mut self, event: Recorded, now: f64) {
        if event.position > self.received() {
            self.queue.push_back((event, now));
        }
    }

    /// History from before this picture began, after a past one: for the soil and the story,
    /// in front of what happened since.
    pub fn remember(&mut self, mut past: DiagramState, history: &[Recorded]) {
        let (marks, story) = (std::mem::take(&mut self.marks), std::mem::take(&mut self.story));
        let run = self.run.take();
        for event in history {
            self.begin_run(event, &past);
            self.note(event, &past);
            past.evolve(event);
        }
        self.run = run.or(self.run);
        self.marks.extend(marks);
        self.story.extend(story);
        self.forget_old();
    }

    /// Lets `elapsed` milliseconds pass at the wall-clock time `now`.
    pub fn advance(&mut self, elapsed: f64, now: f64) -> Changed {
        let mut changed = Changed::default();
        if self.paused {
            return changed;
        }
        self.clock += elapsed;
        let clock = self.clock;
        let before = self.flights.len() + self.beats.len();
        for flight in self.flights.extract_if(.., |flight| flight.start + flight.duration <= clock) {
            if let Place::Topic(_) = flight.motion.to {
                let what = Held::Message(flight.motion.position);
                self.beats.push(Beat { what, until: clock + REST * flight.duration });
            }
            changed.picture = true;
        }
        self.beats.retain(|beat| beat.until > clock);
        changed.picture |= before != self.flights.len() + self.beats.len();
        while let Some((event, received)) = self.queue.front() {
            let speed = speed(now - received, self.queue.len());
            let travels = speed < TOO_FAST;
            let motion = if travels { motion(&self.shown, event) } else { None };
            if travels && (self.blocked(event) || motion.as_ref().is_some_and(|motion| self.crowded(motion))) {
                break;
            }
            let Some((event, _)) = self.queue.pop_front() else { break };
            changed.story |= self.start(&event);
            changed.picture = true;
            if travels {
                self.send_off(&event, motion, HOP / speed);
            }
        }
        if self.under_way()
            && let Some(run) = &mut self.run
        {
            run.ended = self.clock;
        }
        changed
    }

    /// Everything received is shown at once.
    pub fn jump_to_live(&mut self) {
        self.flights.clear();
        self.beats.clear();
        while let Some((event, _)) = self.queue.pop_front() {
            self.start(&event);
        }
    }

    /// The position of the last event received.
    pub fn received(&self) -> Position {
        self.queue.back().map_or(self.shown.position, |(event, _)| event.position)
    }

    /// Events received that the picture does not show yet.
    pub fn behind(&self) -> usize {
        self.queue.len()
    }

    /// Whether the oldest of them has waited longer than the picture should be behind.
    pub fn lags(&self, now: f64) -> bool {
        self.queue.front().is_some_and(|(_, received)| now - received > BEHIND)
    }

    /// The first marks of what is received and not shown yet.
    pub fn coming(&self) -> Vec<Mark> {
        let mark = |event: &Recorded| Some(Mark { kind: mark(&self.shown, event)?, position: event.position });
        self.queue.iter().filter_map(|(event, _)| mark(event)).take(COMING_MARKS).collect()
    }

    /// Whether time has anything to do here.
    pub fn under_way(&self) -> bool {
        !(self.flights.is_empty() && self.beats.is_empty() && self.queue.is_empty())
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
        self.run.map_or(0, |run| run.ended_at.saturating_sub(run.began_at))
    }

    /// How many times longer the picture takes than what it shows; `None` when it doesn't.
    pub fn stretched(&self) -> Option<u64> {
        let run = self.run?;
        let real = self.elapsed();
        let pictured = ((run.ended - run.began) * 1000.0) as u64;
        if real < 1_000 || pictured < 2 * real {
            return None;
        }
        let times = pictured / real;
        Some(if times >= 20 { times / 10 * 10 } else { times })
    }

    fn blocked(&self, event: &Recorded) -> bool {
        use Observation::*;
        let message = match &event.observation {
            MessageDelivered { source_position, .. } | MessageRedelivered { source_position, .. } => {
                Some(*source_position)
            }
            _ => None,
        };
        if let Some(position) = message {
            let flying = |flight: &Flight| flight.motion.position == position;
            return self.flights.iter().any(flying)
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
        self.flights.iter().any(arriving) || leaves && self.beats.iter().any(committing)
    }

    fn begin_run(&mut self, event: &Recorded, before: &DiagramState) {
        if matches!(event.observation, Observation::CommandAccepted { .. }) && before.at_rest() {
            self.run = Some(Run { began_at: event.at, ended_at: event.at, began: self.clock, ended: self.clock });
        }
        // What nobody asked for, such as a crash, is no part of the run.
        if event.correlation_id.is_some()
            && let Some(run) = &mut self.run
        {
            run.ended_at = event.at;
        }
    }

    /// Whether the last token on the same edge has only just left.
    fn crowded(&self, motion: &Motion) -> bool {
        let close = |flight: &Flight| {
            let same_edge = flight.motion.from == motion.from && flight.motion.to == motion.to;
            same_edge && self.clock - flight.start < APART * flight.duration
        };
        self.flights.iter().any(close)
    }

    /// Folds an event in. Gives whether it was told.
    fn start(&mut self, event: &Recorded) -> bool {
        let shown = std::mem::take(&mut self.shown);
        self.begin_run(event, &shown);
        let told = self.note(event, &shown);
        self.shown = shown;
        self.shown.evolve(event);
        told
    }

    /// Its token departs, and a commit is given time to be seen.
    fn send_off(&mut self, event: &Recorded, motion: Option<Motion>, hop: f64) {
        if let Some(motion) = motion {
            self.flights.push(Flight { motion, start: self.clock, duration: hop });
        }
        if let Observation::TransactionCommitted { rows, .. } = &event.observation
            && !rows.is_empty()
        {
            let what = Held::Service(event.service.clone(), event.correlation_id);
            self.beats.push(Beat { what, until: self.clock + COMMIT * hop });
        }
    }

    fn note(&mut self, event: &Recorded, before: &DiagramState) -> bool {
        if let Some(kind) = mark(before, event) {
            self.marks.push_back(Mark { kind, position: event.position });
        }
        let sentence = tell(before, event);
        let told = sentence.is_some();
        // What nobody asked for and finds everything at rest belongs to no run.
        let within_run = event.correlation_id.is_some() || !before.at_rest();
        let since = self.run.filter(|_| within_run).map(|run| event.at.saturating_sub(run.began_at));
        self.story.extend(sentence.map(|sentence| Told { position: event.position, since, sentence }));
        self.forget_old();
        told
    }

    fn forget_old(&mut self) {
        while self.marks.len() > KEPT_MARKS {
            self.marks.pop_front();
        }
        while self.story.len() > KEPT_SENTENCES {
            self.story.pop_front();
        }
    }
}

/// Like `clamp`, whose message for bounds in the wrong order brings all of float formatting
/// into what the browser loads: 9 kB.
pub fn within(value: f64, least: f64, most: f64) -> f64 {
    value.max(least).min(most)
}

/// How many times shorter hops are, given how long the next event has waited.
fn speed(waited: f64, queued: usize) -> f64 {
    let late = 1.0 + (waited - BEHIND).max(0.0) / 400.0;
    if queued > 2_000 { TOO_FAST } else { late }
}

#[cfg(test)]
mod tests;
