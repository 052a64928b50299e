//! What a store knows without asking: the streams used lately, and the ids of recent events.
//!
//! It is a copy of what is committed, and good as long as the store ends where it says. Whoever
//! loads finds out first whether somebody else has appended meanwhile, within the transaction.

use super::Aggregate;
use super::storage::Head;
use super::streams::{Stream, Streams};
use protocol::Uuid;
use std::collections::{BTreeMap, HashMap};

/// How many streams are kept.
const STREAMS: usize = 1024;

#[derive(Debug)]
pub(super) struct Warm<S> {
    /// Each with the end of the store when it was all there was of it.
    streams: HashMap<i64, (Stream<S>, u64)>,
    /// Of all that is not packed: stream and sequence.
    recent: HashMap<Uuid, (i64, u64)>,
    /// The last position, and up to which position all is packed.
    end: u64,
    packed: u64,
    /// The last position at which others may have appended to any stream.
    others: u64,
}

impl<S> Default for Warm<S> {
    fn default() -> Self {
        Warm { streams: HashMap::new(), recent: HashMap::new(), end: 0, packed: 0, others: 0 }
    }
}

impl<S: Clone> Warm<S> {
    pub fn end(&self) -> u64 {
        self.end
    }

    pub fn packed(&self) -> u64 {
        self.packed
    }

    /// A stream of which all is known as long as the store ends here.
    pub fn fresh(&self, stream: i64) -> Option<&Stream<S>> {
        self.streams.get(&stream).filter(|(_, at)| *at >= self.others).map(|(stream, _)| stream)
    }

    pub fn is_recent(&self, id: Uuid) -> bool {
        self.recent.contains_key(&id)
    }

    /// Those of the ids that are recent events': id, stream, sequence.
    pub fn recent(&self, ids: &[Uuid]) -> Vec<(Uuid, i64, u64)> {
        ids.iter().filter_map(|id| self.recent.get(id).map(|(stream, sequence)| (*id, *stream, *sequence))).collect()
    }

    /// The position behind which there are ids that are not known here.
    pub fn unheard(&self, head: &Head) -> Option<u64> {
        if head.packed == self.packed { (head.end != self.end).then_some(self.end) } else { Some(head.packed) }
    }

    /// The ids from there on.
    pub fn hear(&mut self, head: &Head, ids: Vec<(Uuid, i64, u64)>) {
        if head.packed != self.packed {
            self.recent.clear();
        }
        if head.end != self.end {
            self.others = head.end;
        }
        self.recent.extend(ids.into_iter().map(|(id, stream, sequence)| (id, (stream, sequence))));
        (self.end, self.packed) = (head.end, head.packed);
    }

    /// Of the streams that are asked for those of which all is known, and the others as they were.
    pub fn streams(
        &self,
        head: &Head,
        asked: impl IntoIterator<Item = i64>,
    ) -> (BTreeMap<i64, Stream<S>>, BTreeMap<i64, Stream<S>>)
    where
        S: Default,
    {
        let (mut fresh, mut others) = (BTreeMap::new(), BTreeMap::new());
        for id in asked {
            let before = || self.streams.get(&id).map(|(stream, _)| stream.clone()).unwrap_or_default();
            match self.fresh(id).filter(|_| self.end == head.end) {
                Some(stream) => fresh.insert(id, stream.clone()),
                None => others.insert(id, before()),
            };
        }
        (fresh, others)
    }

    /// All there is of these streams, as the store ends.
    pub fn keep(&mut self, streams: &BTreeMap<i64, Stream<S>>, end: u64, packed: u64) {
        if end < self.end {
            return;
        }
        if self.streams.len() + streams.len() > STREAMS {
            self.streams.clear();
        }
        self.streams.extend(streams.iter().take(STREAMS).map(|(id, stream)| (*id, (stream.clone(), end))));
        (self.end, self.packed) = (end, packed);
    }

    /// What was appended to loaded streams is committed.
    pub fn appended<A: Aggregate<State = S>>(&mut self, streams: &Streams<A>) {
        let staged = &streams.staged.ids;
        // Somebody else came between: the next load finds out.
        if self.end + staged.len() as u64 != streams.end {
            return;
        }
        self.recent.extend(staged.iter().map(|(id, stream, sequence)| (*id, (*stream, *sequence))));
        self.keep(&streams.streams, streams.end, streams.packed);
    }

    /// The same of one event.
    pub fn appended_one(&mut self, id: i64, stream: Stream<S>, position: u64, event: Uuid) {
        if self.end + 1 == position {
            self.recent.insert(event, (id, stream.version));
            self.streams.insert(id, (stream, position));
            self.end = position;
        }
    }
}
