//! Streams loaded once for a batch of work, appended to in memory, stored once.

use super::aggregate::{About, Aggregate, NewEvent};
use super::bytes::Writer;
use super::segment::{Filling, Slice};
use super::snapshot;
use protocol::Uuid;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a batch of work is about. Appends of earlier work are seen by later work.
#[derive(Debug)]
pub struct Streams<A: Aggregate> {
    pub(super) streams: BTreeMap<i64, Stream<A::State>>,
    /// Events that are in the store by now, of those that were asked for: stream and sequence.
    pub(super) known: HashMap<Uuid, (i64, u64)>,
    /// The last position given.
    pub(super) end: u64,
    /// Up to this position all is packed.
    pub(super) packed: u64,
    pub(super) snapshot_every: Option<u64>,
    pub(super) staged: Staged,
}

/// A stream as far as it goes, with the appends of this batch.
#[derive(Clone, Debug, Default)]
pub struct Stream<S> {
    /// How many events it has: the sequence of the last.
    pub version: u64,
    pub state: S,
}

/// What is to be stored.
#[derive(Debug, Default)]
pub(super) struct Staged {
    pub segments: Vec<Filling>,
    pub ids: Vec<(Uuid, i64, u64)>,
    /// Stream, version, state.
    pub snapshots: Vec<(i64, u64, Vec<u8>)>,
}

/// Up to where a stream must go for an append to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Any,
    /// So far and no further; 0 for a stream that is not there yet.
    Version(u64),
}

/// Where events lie by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The sequences of the first and of the last.
    pub first: u64,
    pub last: u64,
    /// They were there before: nothing was appended.
    pub repeat: bool,
}

/// Why nothing was appended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Somebody else was quicker: load again, decide again.
    #[error("stream {stream} is at version {version}, not at {expected}")]
    Version { stream: i64, expected: u64, version: u64 },
    /// Some of the events are in the store, others are not, or they lie apart: not one append repeated.
    #[error("some of these events are in the store already, and not as one append to stream {stream}")]
    PartlyKnown { stream: i64 },
    #[error("an event's id is there twice in one append to stream {stream}")]
    SameIdTwice { stream: i64 },
    #[error("stream {stream} was not loaded")]
    NotLoaded { stream: i64 },
}

impl<A: Aggregate> Streams<A> {
    /// A stream that was loaded.
    pub fn get(&self, stream: i64) -> Option<&Stream<A::State>> {
        self.streams.get(&stream)
    }

    /// The position of the last event there is, with those appended here.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Appends all of the events or none. Events that are there already are not appended again,
    /// whatever version is expected.
    pub fn append(
        &mut self,
        stream: i64,
        expected: Expected,
        events: &[NewEvent<A::Event>],
    ) -> Result<Appended, Conflict> {
        let version = self.streams.get(&stream).ok_or(Conflict::NotLoaded { stream })?.version;
        if let Some(repeat) = self.repeated(stream, events)? {
            return Ok(repeat);
        }
        match expected {
            Expected::Version(expected) if expected != version => {
                return Err(Conflict::Version { stream, expected, version });
            }
            _ => {}
        }
        let mut ids = HashSet::new();
        if !events.iter().all(|new| ids.insert(new.about.id)) {
            return Err(Conflict::SameIdTwice { stream });
        }
        let mut data = Writer::default();
        for NewEvent { event, about } in events {
            data.clear();
            A::write(event, &mut data);
            let kind = A::kind(event);
            let schema = A::schema(kind).unwrap_or_default();
            self.put(stream, event, Slice { kind, schema, data: data.as_slice() }, about);
        }
        Ok(Appended { first: version + 1, last: version + events.len() as u64, repeat: false })
    }

    fn put(&mut self, id: i64, event: &A::Event, slice: Slice<'_>, about: &About<'_>) {
        let stream = self.streams.entry(id).or_default();
        stream.state = A::evolve(std::mem::take(&mut stream.state), event);
        stream.version += 1;
        self.end += 1;
        let segments = &mut self.staged.segments;
        if !segments.last().is_some_and(|segment| segment.stream == id && !segment.is_full()) {
            segments.push(Filling::new(id, stream.version));
        }
        if let Some(segment) = segments.last_mut() {
            segment.push(self.end, slice, about);
        }
        self.known.insert(about.id, (id, stream.version));
        self.staged.ids.push((about.id, id, stream.version));
        if self.snapshot_every.is_some_and(|every| stream.version.is_multiple_of(every)) {
            self.staged.snapshots.push((id, stream.version, snapshot::write::<A>(&stream.state)));
        }
    }

    fn repeated(&self, stream: i64, events: &[NewEvent<A::Event>]) -> Result<Option<Appended>, Conflict> {
        let mut seen = events.iter().map(|new| self.known.get(&new.about.id));
        let Some(&(_, first)) = seen.next().flatten() else {
            return if seen.any(|seen| seen.is_some()) { Err(Conflict::PartlyKnown { stream }) } else { Ok(None) };
        };
        let as_one = (first..).zip(events).all(|(n, new)| self.known.get(&new.about.id) == Some(&(stream, n)));
        let last = first + events.len() as u64 - 1;
        if as_one { Ok(Some(Appended { first, last, repeat: true })) } else { Err(Conflict::PartlyKnown { stream }) }
    }
}
