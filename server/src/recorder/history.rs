//! What is recorded, for reading: the present picture, the hot tail in memory, and the file.

use crate::recorder::rows::{Rows, Sieve, Table};
use crate::recorder::{Frame, Frames, sse, storage};
use anyhow::Context;
use bytes::Bytes;
use diagram::{DiagramState, Strata};
use futures_util::Stream;
use futures_util::stream;
use protocol::{Command, Fault, Observation, Position, Recorded, SwitchSpec};
use runner::invariants::{Checks, Invariant};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The folds of the record that are kept as it grows, and stored as checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    pub state: DiagramState,
    pub checks: Checks,
    #[serde(default, deserialize_with = "strata")]
    pub strata: Strata,
}

/// Those of an earlier version, with fewer kinds of marks, count as none: [`Picture::is_whole`].
fn strata<'de, D: Deserializer<'de>>(from: D) -> Result<Strata, D::Error> {
    let stored = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(stored).unwrap_or_default())
}

impl Picture {
    pub fn evolve(&mut self, event: &Recorded) {
        self.strata.evolve(&self.state, event);
        self.state.evolve(event);
        self.checks.evolve(event);
    }

    /// Which promises no longer stand as the record has them, to be recorded: each that was broken
    /// or mended since that was last said.
    pub fn verdicts(&self) -> Vec<Observation> {
        let broken = &self.state.broken;
        let verdict = |invariant: &Invariant| {
            let Invariant { name, since, .. } = invariant;
            let said = broken.iter().find(|broken| *broken.name == **name);
            match (invariant.holds, said) {
                (true, Some(_)) => Some(Observation::InvariantRestored { name: name.as_str().into(), since: *since }),
                (false, said) if said.is_none_or(|said| said.since != *since) => Some(Observation::InvariantBroken {
                    name: name.as_str().into(),
                    since: *since,
                    reason: invariant.detail.clone(),
                }),
                _ => None,
            }
        };
        self.checks.report().iter().filter_map(verdict).collect()
    }

    /// Whether every fold in it goes as far: one stored by an earlier version lacks the newer ones.
    pub fn is_whole(&self) -> bool {
        self.strata.end == self.state.position
    }
}

/// Lines of NDJSON, one after the other, each with its newline.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// Where each line ends, behind its newline.
    ends: Vec<usize>,
}

impl Lines {
    /// Takes stored lines apart.
    pub fn parse(bytes: Vec<u8>) -> Self {
        let ends = memchr::memchr_iter(b'\n', &bytes).map(|i| i + 1).collect();
        Lines { bytes, ends }
    }

    pub fn push(&mut self, event: &Recorded) -> serde_json::Result<()> {
        serde_json::to_writer(&mut self.bytes, event)?;
        self.bytes.push(b'\n');
        self.ends.push(self.bytes.len());
        Ok(())
    }

    /// A line without its newline.
    pub fn add(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        self.ends.push(self.bytes.len());
    }

    pub fn extend(&mut self, other: &Lines) {
        let base = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.ends.extend(other.ends.iter().map(|end| base + end));
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The lines without their newlines.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.from(0)
    }

    /// The lines from the `skip`-th on, without their newlines.
    pub fn from(&self, skip: usize) -> impl Iterator<Item = &[u8]> {
        (skip..self.ends.len()).map(|i| {
            let start = if i == 0 { 0 } else { self.ends[i - 1] };
            &self.bytes[start..self.ends[i] - 1]
        })
    }
}

/// Consecutive lines of the record.
pub struct Stretch {
    pub first: Position,
    pub lines: Lines,
}

impl Stretch {
    pub fn last(&self) -> Position {
        self.first + self.lines.len() as u64 - 1
    }

    /// What was recorded at a position.
    pub fn event(&self, position: Position) -> anyhow::Result<Recorded> {
        let line = self.from(position).next().with_context(|| format!("position {position} has no line"))?;
        Ok(serde_json::from_slice(line)?)
    }

    /// The lines from a position on.
    pub fn from(&self, position: Position) -> impl Iterator<Item = &[u8]> {
        self.lines.from(usize::try_from(position.saturating_sub(self.first)).unwrap_or(usize::MAX))
    }
}

/// Read access to one sandbox's record while it is awake.
pub struct History {
    path: PathBuf,
    frames: Frames,
    position: AtomicU64,
    bytes: AtomicU64,
    closed: AtomicBool,
    live: Mutex<Live>,
}

struct Live {
    picture: Picture,
    rows: Rows,
    tail: Stretch,
}

impl History {
    pub fn new(path: PathBuf, frames: Frames, picture: Picture, rows: Rows, tail: Lines, bytes: u64) -> Self {
        let position = picture.state.position;
        let first = position + 1 - tail.len() as u64;
        History {
            path,
            frames,
            position: AtomicU64::new(position),
            bytes: AtomicU64::new(bytes),
            closed: AtomicBool::new(false),
            live: Mutex::new(Live { picture, rows, tail: Stretch { first, lines: tail } }),
        }
    }

    /// The last durable position.
    pub fn position(&self) -> Position {
        self.position.load(Ordering::SeqCst)
    }

    /// Bytes the record takes on disk, about.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Viewers at the moment.
    pub fn viewers(&self) -> usize {
        self.frames.receiver_count()
    }

    pub fn state(&self) -> DiagramState {
        self.live().picture.state.clone()
    }

    /// The switches as they stand.
    pub fn switches(&self) -> Vec<SwitchSpec> {
        self.live().picture.state.switches.clone()
    }

    /// The faults as they stand.
    pub fn faults(&self) -> Vec<Fault> {
        self.live().picture.state.faults.clone()
    }

    /// The services' rows as they stand.
    pub fn rows(&self) -> Rows {
        self.live().rows.clone()
    }

    /// Looks at the present picture without copying it.
    pub fn with_picture<T>(&self, look: impl FnOnce(&Picture) -> T) -> T {
        look(&self.live().picture)
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tail and these lines as one block, when together they make one.
    pub(super) fn block_with(&self, lines: &Lines, block: usize) -> anyhow::Result<Option<storage::Block>> {
        let live = self.live();
        if live.tail.lines.len() + lines.len() < block {
            return Ok(None);
        }
        let mut all = live.tail.lines.clone();
        let first = live.tail.first;
        drop(live);
        all.extend(lines);
        Ok(Some(storage::Block { first, last: first + all.len() as u64 - 1, body: storage::pack(all.bytes())? }))
    }

    /// Bytes of the lines that are in no block yet.
    pub(super) fn loose_bytes(&self) -> u64 {
        self.live().tail.lines.bytes().len() as u64
    }

    /// The picture as it will be after these events.
    pub(super) fn picture_with(&self, events: &[Recorded]) -> Picture {
        let mut picture = self.live().picture.clone();
        for event in events {
            picture.evolve(event);
        }
        picture
    }

    /// The command that was accepted at this position.
    pub(super) async fn command_at(
        &self,
        position: Position,
        file: &mut Option<storage::Reader>,
    ) -> anyhow::Result<Command> {
        match self.read(position, file).await?.event(position)?.observation {
            Observation::CommandAccepted { command } => Ok(command),
            _ => anyhow::bail!("position {position} is no command"),
        }
    }

    /// These events are durable.
    pub(super) fn extend(&self, events: &[Recorded], lines: &Lines, block: usize) {
        let mut live = self.live();
        for event in events {
            live.picture.evolve(event);
            live.rows.evolve(event);
        }
        if live.tail.lines.len() + lines.len() >= block {
            live.tail = Stretch { first: live.picture.state.position + 1, lines: Lines::default() };
        } else {
            live.tail.lines.extend(lines);
        }
        // Before the tail can be read: who has seen an event may come back with its position.
        self.position.store(live.picture.state.position, Ordering::SeqCst);
    }

    pub(super) fn stored(&self, written: u64, replaced: u64) {
        self.bytes.fetch_add(written, Ordering::Relaxed);
        self.bytes.fetch_sub(replaced, Ordering::Relaxed);
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.frames.close();
    }

    /// Some of the record, beginning at or before `from`, which must not lie past the end.
    async fn read(&self, from: Position, file: &mut Option<storage::Reader>) -> anyhow::Result<Stretch> {
        {
            let live = self.live();
            if from >= live.tail.first && !live.tail.lines.is_empty() {
                return Ok(Stretch { first: live.tail.first, lines: live.tail.lines.clone() });
            }
        }
        let reader = match file {
            Some(reader) => reader,
            None => file.insert(storage::Reader::open(&self.path).await?),
        };
        reader.read(from).await
    }

    /// The record from behind `after` on as ready server-sent events, then live, until closed.
    pub fn events(self: Arc<Self>, after: Position) -> impl Stream<Item = Bytes> + Send + 'static {
        // Subscribe first, then read: nothing can fall between the two.
        let frames = self.frames.activate_cloned();
        let viewer = Viewer { history: self, frames, next: after + 1, file: None };
        stream::unfold(viewer, |mut viewer| async move {
            let bytes = viewer.next().await?;
            Some((bytes, viewer))
        })
    }

    /// At most `limit` lines of the record behind `after`, as NDJSON in pieces.
    pub async fn ndjson(&self, after: Position, limit: usize) -> anyhow::Result<Vec<Bytes>> {
        let end = self.position().min(after.saturating_add(limit as u64));
        let (mut next, mut file, mut pieces) = (after + 1, None, vec![]);
        while next <= end {
            let stretch = self.read(next, &mut file).await?;
            let wanted = usize::try_from(end + 1 - next).unwrap_or(usize::MAX);
            let mut piece = Vec::new();
            for line in stretch.from(next).take(wanted) {
                piece.extend_from_slice(line);
                piece.push(b'\n');
            }
            pieces.push(piece.into());
            next = stretch.last() + 1;
        }
        Ok(pieces)
    }

    /// The picture at a position, from the nearest checkpoint on. Not past the end.
    pub async fn picture_at(&self, position: Position) -> anyhow::Result<Picture> {
        let mut reader = storage::Reader::open(&self.path).await?;
        let mut picture = reader.checkpoint(position).await?;
        let from = picture.state.position;
        let step = |line: &[u8]| {
            picture.evolve(&serde_json::from_slice(line)?);
            Ok(())
        };
        self.fold(reader, from, position, step).await?;
        Ok(picture)
    }

    /// A service's rows at a position, from the nearest stored ones on. Not past the end.
    pub async fn rows_at(&self, service: &str, position: Position) -> anyhow::Result<Rows> {
        if position == self.position() {
            return Ok(self.rows());
        }
        let mut reader = storage::Reader::open(&self.path).await?;
        let mut rows = reader.rows(position).await?;
        let sieve = Sieve::of(service);
        let from = rows.position;
        let step = |line: &[u8]| {
            if sieve.holds(line) {
                rows.evolve(&serde_json::from_slice(line)?);
            }
            Ok(())
        };
        self.fold(reader, from, position, step).await?;
        Ok(rows)
    }

    /// Of a service's table the rows whose keys begin so, at a position. Where the table has more rows
    /// than are kept, they are folded from the beginning.
    pub async fn rows_under(&self, service: &str, table: &str, under: &str, at: Position) -> anyhow::Result<Rows> {
        let newest = self.rows_at(service, at).await?;
        if newest.table(service, table).is_none_or(Table::is_whole) {
            return Ok(newest);
        }
        let (sieve, mut rows) = (Sieve::of(service), Rows::default());
        let step = |line: &[u8]| {
            if sieve.holds(line) {
                let event: Recorded = serde_json::from_slice(line)?;
                if &*event.service == service {
                    rows.evolve_under(&event, table, under);
                }
            }
            Ok(())
        };
        self.fold(storage::Reader::open(&self.path).await?, 0, at, step).await?;
        Ok(rows)
    }

    /// Folds the events of these kinds from the beginning up to `end`; all of them, where no kind is
    /// named.
    pub async fn fold_events<T>(
        &self,
        end: Position,
        kinds: &[&str],
        seed: T,
        mut step: impl FnMut(&mut T, &Recorded),
    ) -> anyhow::Result<T> {
        let mut folded = seed;
        let reader = storage::Reader::open(&self.path).await?;
        let sieve = Sieve::of_kinds(kinds);
        let each = |line: &[u8]| {
            if sieve.holds(line) {
                step(&mut folded, &serde_json::from_slice(line)?);
            }
            Ok(())
        };
        self.fold(reader, 0, end, each).await?;
        Ok(folded)
    }

    /// Takes every line behind `from` up to `end`.
    async fn fold(
        &self,
        reader: storage::Reader,
        from: Position,
        end: Position,
        mut step: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let (mut next, mut file) = (from + 1, Some(reader));
        while next <= end {
            let stretch = self.read(next, &mut file).await?;
            for line in stretch.from(next).take(usize::try_from(end + 1 - next).unwrap_or(usize::MAX)) {
                step(line)?;
            }
            next = stretch.last() + 1;
        }
        Ok(())
    }
}

/// One viewer's place in the record.
struct Viewer {
    history: Arc<History>,
    frames: async_broadcast::Receiver<Arc<Frame>>,
    next: Position,
    /// Open while it catches up.
    file: Option<storage::Reader>,
}

impl Viewer {
    async fn next(&mut self) -> Option<Bytes> {
        use async_broadcast::{RecvError, TryRecvError};
        loop {
            let frame = match self.frames.try_recv() {
                Err(TryRecvError::Empty) if self.history.position() < self.next => {
                    self.file = None;
                    let first = self.frames.recv().await;
                    // Those who work go first: what they commit meanwhile goes out in the same write.
                    tokio::task::yield_now().await;
                    match first {
                        Err(RecvError::Closed) => return None,
                        Err(RecvError::Overflowed(_)) => None,
                        Ok(frame) => Some(frame),
                    }
                }
                Err(TryRecvError::Closed) => return None,
                Err(_) => None,
                Ok(frame) => Some(frame),
            };
            match frame {
                Some(frame) if frame.last < self.next => continue,
                Some(frame) if frame.first == self.next => return Some(self.live(&frame)),
                // It fell behind, or begins in the middle of a frame.
                _ if self.history.position() < self.next => continue,
                _ => {}
            }
            match self.history.read(self.next, &mut self.file).await {
                Ok(stretch) => {
                    let bytes = sse(self.next, stretch.from(self.next));
                    self.next = stretch.last() + 1;
                    return Some(bytes);
                }
                Err(error) => {
                    // The stream ends; the browser comes back with its last id.
                    tracing::error!(error = ?error, "a record cannot be read");
                    return None;
                }
            }
        }
    }

    fn live(&mut self, frame: &Frame) -> Bytes {
        self.next = frame.last + 1;
        frame.bytes.clone()
    }
}
