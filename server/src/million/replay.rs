//! Loading the account, with snapshots or without, and checking them: each on the real files, timed.

use super::MillionError;
use super::account::{ACCOUNT, Club, Savings};
use super::copies::Copies;
use super::making::Ready;
use super::storage::{self, Kept, Timed};
use crate::store::now_ms;
use kit::event_store::{Aggregate, EventStore, Snapshot, Stream, Writer};
use protocol::Observation;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteConnection;
use std::time::Instant;
use utoipa::ToSchema;

/// What came of a load.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = MillionLoaded)]
pub struct Loaded {
    pub snapshot_every: Option<u64>,
    /// The account as of this event.
    pub version: u64,
    /// Of all its members together, in cents.
    pub balance_minor: i64,
    pub events_replayed: u64,
    /// The version of the snapshot it began with.
    pub from_snapshot: Option<u64>,
    /// From asking the files to having the state, microseconds.
    pub took_us: u64,
    /// Where the snapshots had to be made first: how long that took.
    pub made_ms: Option<u64>,
    /// Those there are now.
    pub snapshots: Option<Kept>,
    /// How long it waited for others, milliseconds.
    pub waited_ms: u64,
}

impl Loaded {
    /// As the record has it.
    pub fn observed(&self) -> Observation {
        let kept = self.snapshots.filter(|_| self.snapshot_every.is_some());
        Observation::AccountLoaded {
            version: self.version,
            from_version: self.from_snapshot.unwrap_or_default(),
            snapshot_every: self.snapshot_every.unwrap_or_default(),
            count: kept.map_or(0, |kept| kept.count),
            bytes: kept.map_or(0, |kept| kept.bytes),
            duration_us: self.took_us,
            balance_minor: self.balance_minor,
        }
    }
}

/// What was put into the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = MillionDamage)]
pub struct Damage {
    /// The version of the snapshot that is wrong from now on.
    pub version: u64,
    /// The member who has this much more in it than the events say, in cents.
    pub member: u64,
    pub added_minor: i64,
    /// What the snapshot says by now, of all members together, in cents.
    pub balance_minor: i64,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = MillionChecked)]
pub struct Checked {
    /// How many snapshots were compared.
    pub snapshots: u64,
    pub events_replayed: u64,
    pub took_us: u64,
    pub wrong: Vec<Wrong>,
}

/// A snapshot that is not what the events fold to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = WrongSnapshot)]
pub struct Wrong {
    pub version: u64,
    /// In cents; `null` where it cannot be read.
    pub kept_minor: Option<i64>,
    pub replayed_minor: i64,
}

/// Loads the account as of a version, from the newest snapshot before it if there is an interval.
/// Nothing of the state is in memory; connections are open and their statements prepared, as a
/// service has them.
pub async fn load(ready: &Ready, copies: &Copies, every: Option<u64>, version: u64) -> Result<Loaded, MillionError> {
    let store = EventStore::<Club>::default();
    let mut events = storage::read(&ready.path).await?;
    let (mut own, made_ms) = match every {
        Some(every) => {
            let mut own = storage::open(&copies.path).await?;
            let made_ms = take(&store, &mut events, &mut own, copies, every).await?;
            (Some(own), made_ms)
        }
        None => (None, None),
    };
    let mut took_us = 0;
    let (mut from, mut stream) = (None, None);
    // The first one only opens what is closed and prepares what is not.
    for version in [1, version] {
        let began = Instant::now();
        let newest = match &mut own {
            Some(own) => storage::newest(own, version).await?,
            None => None,
        };
        from = newest.as_ref().map(|snapshot| snapshot.version);
        stream = Some(store.replay(&mut events, ACCOUNT, newest, version).await?);
        took_us = micros(began);
    }
    let stream = stream.unwrap_or_default();
    drop(own);
    remember(copies, every, from, took_us, &stream).await?;
    Ok(Loaded {
        snapshot_every: every,
        version: stream.version,
        balance_minor: stream.state.balance(),
        events_replayed: stream.version - from.unwrap_or_default(),
        from_snapshot: from,
        took_us,
        made_ms,
        snapshots: copies.kept(),
        waited_ms: 0,
    })
}

async fn remember(
    copies: &Copies,
    every: Option<u64>,
    from_snapshot: Option<u64>,
    took_us: u64,
    stream: &Stream<Savings>,
) -> Result<(), MillionError> {
    let snapshots = copies.kept().filter(|_| every.is_some());
    let (version, balance_minor) = (stream.version, stream.state.balance());
    let load = Timed { snapshots, version, from_snapshot, took_us, balance_minor, at: now_ms() };
    let mut own = storage::open(&copies.path).await?;
    storage::remember(&mut own, &load).await?;
    storage::close(own).await?;
    copies.timed(load);
    Ok(())
}

/// Makes the snapshots of this interval, unless they are there: how many milliseconds that took.
async fn take(
    store: &EventStore<Club>,
    events: &mut SqliteConnection,
    own: &mut SqliteConnection,
    copies: &Copies,
    every: u64,
) -> Result<Option<u64>, MillionError> {
    if copies.kept().is_some_and(|kept| kept.every == every) {
        return Ok(None);
    }
    let began = Instant::now();
    let snapshots = store.snapshots(events, ACCOUNT, every).await?;
    let kept = storage::keep(own, every, &snapshots).await?;
    copies.set_kept(Some(kept));
    kit::storage::checkpoint(&copies.path).await?;
    Ok(Some(micros(began) / 1000))
}

/// What a member gets who has nothing, by a hand in the file: cents.
const ADDED: i64 = 100_000;
const MEMBER: u64 = 42;

/// Makes the newest snapshot wrong, by so much and no more however often it is done.
pub async fn damage(ready: &Ready, copies: &Copies) -> Result<Damage, MillionError> {
    if copies.kept().is_none() {
        return Err(MillionError::NoSnapshots);
    }
    let mut own = storage::open(&copies.path).await?;
    let newest = storage::newest(&mut own, ready.events).await?.ok_or(MillionError::NoSnapshots)?;
    let (store, mut events) = (EventStore::<Club>::default(), storage::read(&ready.path).await?);
    let mut state = store.replay(&mut events, ACCOUNT, None, newest.version).await?.state;
    state.add(MEMBER, ADDED);
    let mut bytes = Writer::default();
    Club::write_state(&state, &mut bytes);
    let version = newest.version;
    storage::overwrite(&mut own, Snapshot { version, state: bytes.into_vec() }).await?;
    let (balance_minor, at) = (state.balance(), now_ms());
    let damage = Damage { version, member: MEMBER, added_minor: ADDED, balance_minor, at };
    copies.damaged(&damage);
    Ok(damage)
}

/// Replays all events without any snapshot, and compares each on the way.
pub async fn check(ready: &Ready, copies: &Copies) -> Result<Checked, MillionError> {
    if copies.kept().is_none() {
        return Err(MillionError::NoSnapshots);
    }
    let store = EventStore::<Club>::default();
    let (mut own, mut events) = (storage::open(&copies.path).await?, storage::read(&ready.path).await?);
    let began = Instant::now();
    let kept = storage::all(&mut own).await?;
    let wrong = store.check(&mut events, ACCOUNT, &kept).await?;
    let checked = Checked {
        snapshots: kept.len() as u64,
        events_replayed: kept.last().map_or(0, |last| last.version),
        took_us: micros(began),
        wrong: wrong
            .into_iter()
            .map(|wrong| Wrong {
                version: wrong.version,
                kept_minor: wrong.kept.as_ref().map(Savings::balance),
                replayed_minor: wrong.replayed.balance(),
            })
            .collect(),
    };
    copies.checked(&checked);
    Ok(checked)
}

/// Forgets all snapshots: they can be made again. Whether there were any.
pub async fn forget(copies: &Copies) -> Result<bool, MillionError> {
    let any = copies.kept().is_some();
    if any {
        let mut own = storage::open(&copies.path).await?;
        storage::forget(&mut own).await?;
        copies.set_kept(None);
    }
    Ok(any)
}

fn micros(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX)
}
