//! Loading, folding and storing: what a service calls.

use super::segment::{Body, Filling, Slice};
use super::snapshot::{self, Snapshot};
use super::storage::{self, Head};
use super::streams::{Appended, Conflict, Expected, Staged, Stream, Streams};
use super::subscription::Subscription;
use super::upcaster::{Unreadable, Upcasters};
use super::warm::Warm;
use super::{Aggregate, Malformed, NewEvent, Reader, Recorded, Writer, pack};
use protocol::Uuid;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The events of one database. It holds no connection: each call says which to use.
#[derive(Debug)]
pub struct EventStore<A: Aggregate> {
    upcasters: Upcasters,
    /// A snapshot is taken at each so many versions of a stream; none without.
    snapshot_every: Option<u64>,
    /// What was used lately, as it was committed.
    warm: Mutex<Warm<A::State>>,
    /// Told the last position after each commit.
    committed: watch::Sender<u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    /// A reader that does not know this event, or its schema.
    #[error("event {sequence} of stream {stream} cannot be read: {why}")]
    Unreadable { stream: i64, sequence: u64, why: Unreadable },
    #[error("stream {stream} is damaged at its event {sequence}: {why}")]
    Damaged { stream: i64, sequence: u64, why: Malformed },
    #[error("the snapshot of stream {stream} at version {version} is damaged: {why}")]
    Snapshot { stream: i64, version: u64, why: Malformed },
}

/// For [`crate::Service`], whose storage fails as sqlx does.
impl From<StoreError> for sqlx::Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Sql(error) => error,
            error => sqlx::Error::Decode(error.into()),
        }
    }
}

impl<A: Aggregate> Default for EventStore<A> {
    fn default() -> Self {
        let (upcasters, warm) = (Upcasters::default(), Mutex::new(Warm::default()));
        EventStore { upcasters, snapshot_every: None, warm, committed: watch::Sender::default() }
    }
}

impl<A: Aggregate> EventStore<A> {
    /// One that takes a snapshot at each so many versions.
    pub fn with_snapshots(every: u64) -> Self {
        EventStore { snapshot_every: Some(every.max(1)), ..EventStore::default() }
    }

    /// One that reads what is older by these.
    #[must_use]
    pub fn with_upcasters(self, upcasters: Upcasters) -> Self {
        EventStore { upcasters, ..self }
    }

    pub fn upcasters(&self) -> &Upcasters {
        &self.upcasters
    }

    /// Loads the streams a batch of work is about, within the transaction that will store what is
    /// appended to them, and finds which of these events there are already.
    pub async fn load(
        &self,
        conn: &mut SqliteConnection,
        streams: impl IntoIterator<Item = i64>,
        ids: &[Uuid],
    ) -> Result<Streams<A>, StoreError> {
        let head = storage::head(conn, ids).await?;
        self.hear_of(conn, &head).await?;
        let (mut streams, asked) = self.warm().streams(&head, streams);
        if !asked.is_empty() {
            streams.extend(self.load_cold(conn, asked).await?);
        }
        let known = head.known.iter().copied().chain(self.warm().recent(ids));
        let known = known.map(|(id, stream, sequence)| (id, (stream, sequence))).collect();
        // Nothing is appended yet, so all that was read is committed.
        self.warm().keep(&streams, head.end, head.packed);
        let (end, packed, snapshot_every) = (head.end, head.packed, self.snapshot_every);
        Ok(Streams { streams, known, end, packed, snapshot_every, staged: Staged::default() })
    }

    /// Others may have appended, or packed.
    async fn hear_of(&self, conn: &mut SqliteConnection, head: &Head) -> Result<(), StoreError> {
        let Some(behind) = self.warm().unheard(head) else { return Ok(()) };
        let ids = storage::ids_behind(conn, behind).await?;
        self.warm().hear(head, ids);
        Ok(())
    }

    /// Reads on from where each of them was when it was used last.
    async fn load_cold(
        &self,
        conn: &mut SqliteConnection,
        asked: BTreeMap<i64, Stream<A::State>>,
    ) -> Result<Vec<(i64, Stream<A::State>)>, StoreError> {
        let wanted: Vec<(i64, u64)> = asked.iter().map(|(id, stream)| (*id, stream.version)).collect();
        let loaded = storage::load(conn, &wanted, A::STATE_SCHEMA).await?;
        let fold = |(id, Stream { version, state })| (id, Fold { version, state, ..self.fold(id) });
        let mut folds: BTreeMap<i64, Fold<'_, A>> = asked.into_iter().map(fold).collect();
        for (stream, version, state) in loaded.snapshots {
            folds.insert(stream, self.fold_from(stream, Some(Snapshot { version, state }))?);
        }
        for (stream, first, last, body) in loaded.segments {
            if let Some(fold) = folds.get_mut(&stream).filter(|fold| fold.version < last) {
                fold.segment(first, &body, last)?;
            }
        }
        Ok(folds.into_iter().map(|(id, fold)| (id, fold.into_stream())).collect())
    }

    fn warm(&self) -> MutexGuard<'_, Warm<A::State>> {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores what was appended, within the transaction in which the streams were loaded, and packs
    /// what has become old.
    pub async fn save(&self, conn: &mut SqliteConnection, streams: &Streams<A>) -> Result<(), StoreError> {
        if streams.staged.segments.is_empty() {
            return Ok(());
        }
        storage::save(conn, &streams.staged, A::STATE_SCHEMA).await?;
        pack::pack(conn, streams.packed, streams.end).await?;
        Ok(())
    }

    /// To be called once that transaction is committed: what was appended is told to subscribers.
    pub fn committed(&self, streams: &Streams<A>) {
        if !streams.staged.segments.is_empty() {
            self.warm().appended(streams);
            self.committed.send_replace(streams.end);
        }
    }

    /// Follows all streams behind a position, to the end and on.
    pub fn subscribe(&self, after: u64) -> Subscription {
        Subscription::new(after, self.committed.subscribe())
    }

    /// Appends within a transaction of its own.
    pub async fn append(
        &self,
        conn: &mut SqliteConnection,
        stream: i64,
        expected: Expected,
        events: &[NewEvent<A::Event>],
    ) -> Result<Result<Appended, Conflict>, StoreError> {
        if let [event] = events
            && let Some(appended) = self.append_one(conn, stream, expected, event).await?
        {
            return Ok(Ok(appended));
        }
        let done = self.append_all(conn, stream, expected, events).await;
        if done.is_err() {
            crate::storage::rollback(conn).await?;
        }
        done
    }

    async fn append_all(
        &self,
        conn: &mut SqliteConnection,
        stream: i64,
        expected: Expected,
        events: &[NewEvent<A::Event>],
    ) -> Result<Result<Appended, Conflict>, StoreError> {
        let ids: Vec<Uuid> = events.iter().map(|new| new.about.id).collect();
        crate::storage::begin(conn).await?;
        let mut streams = self.load(conn, [stream], &ids).await?;
        let appended = streams.append(stream, expected, events);
        self.save(conn, &streams).await?;
        crate::storage::commit(conn).await?;
        self.committed(&streams);
        Ok(appended)
    }

    /// The most frequent case in one go, where the stream is warm: if it still ends where it did, and
    /// the event is new. `None` if not, or if there is more to do than to append.
    async fn append_one(
        &self,
        conn: &mut SqliteConnection,
        stream: i64,
        expected: Expected,
        NewEvent { event, about }: &NewEvent<A::Event>,
    ) -> Result<Option<Appended>, StoreError> {
        let Some((before, end)) = self.ready(stream, expected, about.id) else { return Ok(None) };
        let sequence = before.version + 1;
        let (mut segment, mut data, kind) = (Filling::new(stream, sequence), Writer::default(), A::kind(event));
        A::write(event, &mut data);
        let schema = A::schema(kind).unwrap_or_default();
        // Its position is given when it is stored.
        segment.push(0, Slice { kind, schema, data: data.as_slice() }, about);
        let Ok(position) = storage::append_one(conn, &segment, about.id, end).await else {
            // Whatever it is, the long way finds it out.
            crate::storage::rollback(conn).await?;
            return Ok(None);
        };
        let Some(position) = position else { return Ok(None) };
        let after = Stream { version: sequence, state: A::evolve(before.state, event) };
        self.warm().appended_one(stream, after, position, about.id);
        self.committed.send_replace(position);
        Ok(Some(Appended { first: sequence, last: sequence, repeat: false }))
    }

    /// The stream and the end of the store, if all is known of both, the stream stands as expected, the
    /// event is none of the recent ones, and neither a snapshot nor packing is due.
    fn ready(&self, stream: i64, expected: Expected, id: Uuid) -> Option<(Stream<A::State>, u64)> {
        let warm = self.warm();
        let known = warm.fresh(stream)?;
        let as_expected = expected == Expected::Any || expected == Expected::Version(known.version);
        let snapshot = self.snapshot_every.is_some_and(|every| (known.version + 1).is_multiple_of(every));
        let ready = as_expected && !snapshot && !warm.is_recent(id) && !pack::is_due(warm.packed(), warm.end() + 1);
        ready.then(|| (known.clone(), warm.end()))
    }

    /// The state of a stream at a version, or at its end if that comes before. From the nearest
    /// snapshot on.
    pub async fn state_at(
        &self,
        conn: &mut SqliteConnection,
        stream: i64,
        version: u64,
    ) -> Result<Stream<A::State>, StoreError> {
        let (kept, bodies) = storage::nearest(conn, stream, A::STATE_SCHEMA, version).await?;
        let mut fold = self.fold_from(stream, kept.map(|(version, state)| Snapshot { version, state }))?;
        for (first, body) in bodies {
            fold.segment(first, &body, version)?;
        }
        Ok(fold.into_stream())
    }

    /// The same from a snapshot that lies elsewhere, or without one from the first event on.
    pub async fn replay(
        &self,
        events: &mut SqliteConnection,
        stream: i64,
        from: Option<Snapshot>,
        version: u64,
    ) -> Result<Stream<A::State>, StoreError> {
        let mut fold = self.fold_from(stream, from)?;
        self.go_on(events, &mut fold, version).await?;
        Ok(fold.into_stream())
    }

    pub(super) async fn go_on(
        &self,
        events: &mut SqliteConnection,
        fold: &mut Fold<'_, A>,
        to: u64,
    ) -> Result<(), StoreError> {
        storage::bodies(events, fold.stream, fold.version, to, |first, body| fold.segment(first, body, to)).await
    }

    /// An event as its data say, upcast where need be.
    #[inline]
    pub fn read(&self, slice: Slice<'_>) -> Result<A::Event, Unreadable> {
        let Slice { kind, schema, data } = slice;
        let wanted = A::schema(kind).ok_or(Unreadable::UnknownKind { kind })?;
        if schema == wanted {
            return whole::<A>(kind, data);
        }
        whole::<A>(kind, &self.upcasters.upcast(kind, schema, wanted, data)?)
    }

    /// The same of an event as it lies in the store, which comes along.
    pub fn told<'e>(&self, recorded: Recorded<'e>) -> Result<(Recorded<'e>, A::Event), StoreError> {
        match self.read(Slice::of(&recorded)) {
            Ok(event) => Ok((recorded, event)),
            Err(why) => Err(StoreError::Unreadable { stream: recorded.stream, sequence: recorded.sequence, why }),
        }
    }

    pub(super) fn fold(&self, stream: i64) -> Fold<'_, A> {
        let (version, state) = (0, A::State::default());
        Fold { store: self, stream, version, state, snapshot_every: None, taken: vec![] }
    }

    fn fold_from(&self, stream: i64, from: Option<Snapshot>) -> Result<Fold<'_, A>, StoreError> {
        let Some(Snapshot { version, state }) = from else { return Ok(self.fold(stream)) };
        let state = snapshot::read::<A>(&state).map_err(|why| StoreError::Snapshot { stream, version, why })?;
        Ok(Fold { version, state, ..self.fold(stream) })
    }
}

#[inline]
fn whole<A: Aggregate>(kind: u16, data: &[u8]) -> Result<A::Event, Unreadable> {
    let mut data = Reader::new(data);
    let event = A::read(kind, &mut data)?;
    data.end()?;
    Ok(event)
}

/// A stream as far as it is folded.
pub(super) struct Fold<'s, A: Aggregate> {
    store: &'s EventStore<A>,
    pub stream: i64,
    pub version: u64,
    pub state: A::State,
    pub snapshot_every: Option<u64>,
    pub taken: Vec<Snapshot>,
}

impl<A: Aggregate> Fold<'_, A> {
    /// Goes on with the events of a segment, those that are not folded yet, up to the sequence `to`.
    pub fn segment(&mut self, first: u64, body: &[u8], to: u64) -> Result<(), StoreError> {
        let stream = self.stream;
        let damaged = |sequence, why| StoreError::Damaged { stream, sequence, why };
        if first > self.version + 1 {
            return Err(damaged(self.version + 1, Malformed("it is missing")));
        }
        let body = Body::open(body).map_err(|why| damaged(first, why))?;
        for (sequence, slice) in (first..=to).zip(body) {
            let slice = slice.map_err(|why| damaged(sequence, why))?;
            if sequence <= self.version {
                continue;
            }
            let event = self.store.read(slice).map_err(|why| StoreError::Unreadable { stream, sequence, why })?;
            self.state = A::evolve(std::mem::take(&mut self.state), &event);
            self.version = sequence;
            if self.snapshot_every.is_some_and(|every| sequence.is_multiple_of(every)) {
                self.taken.push(Snapshot { version: sequence, state: snapshot::write::<A>(&self.state) });
            }
        }
        Ok(())
    }

    fn into_stream(self) -> Stream<A::State> {
        Stream { version: self.version, state: self.state }
    }
}
