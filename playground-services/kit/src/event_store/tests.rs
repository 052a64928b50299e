//! The store against a plain `Vec` of events a stream, on a real SQLite file.

mod older;
mod packing;
mod projections;
mod schemas;
mod snapshots;

use super::*;
use crate::storage;
use proptest::prelude::*;
use protocol::Uuid;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// An account, as it was written and read at some version of its code: amounts were whole euros at
/// first, then cents; the third knows a channel, too.
#[derive(Debug)]
struct Account<const CODE: u16>;

#[derive(Clone, Debug, PartialEq)]
enum Event {
    Deposited { cents: i64, channel: String },
    Withdrawn { cents: i64 },
}

#[derive(Clone, Debug, Default, PartialEq)]
struct State {
    cents: i64,
    deposits: u64,
}

const DEPOSITED: u16 = 1;
const WITHDRAWN: u16 = 2;

impl<const CODE: u16> Aggregate for Account<CODE> {
    type Event = Event;
    type State = State;
    const STATE_SCHEMA: u16 = 1;

    fn kind(event: &Event) -> u16 {
        match event {
            Event::Deposited { .. } => DEPOSITED,
            Event::Withdrawn { .. } => WITHDRAWN,
        }
    }

    fn schema(kind: u16) -> Option<u16> {
        match kind {
            DEPOSITED => Some(CODE),
            WITHDRAWN => Some(1),
            _ => None,
        }
    }

    fn write(event: &Event, out: &mut Writer) {
        match event {
            Event::Deposited { cents, channel } => {
                out.i64(if CODE == 1 { cents / 100 } else { *cents });
                if CODE > 2 {
                    out.text(channel);
                }
            }
            Event::Withdrawn { cents } => out.i64(*cents),
        }
    }

    fn read(kind: u16, data: &mut Reader<'_>) -> Result<Event, Malformed> {
        let amount = data.i64()?;
        if kind == WITHDRAWN {
            return Ok(Event::Withdrawn { cents: amount });
        }
        let cents = if CODE == 1 { amount * 100 } else { amount };
        let channel = if CODE > 2 { data.text()?.to_owned() } else { "counter".to_owned() };
        Ok(Event::Deposited { cents, channel })
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Deposited { cents, .. } => State { cents: state.cents + cents, deposits: state.deposits + 1 },
            Event::Withdrawn { cents } => State { cents: state.cents - cents, ..state },
        }
    }

    fn write_state(state: &State, out: &mut Writer) {
        out.i64(state.cents);
        out.u64(state.deposits);
    }

    fn read_state(data: &mut Reader<'_>) -> Result<State, Malformed> {
        Ok(State { cents: data.i64()?, deposits: data.u64()? })
    }
}

/// A database file of its own, gone with it.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("event-store-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&dir).expect("a folder for the test");
        File(dir)
    }

    async fn open(&self) -> SqliteConnection {
        storage::open(&self.0.join("events.db"), &[SCHEMA, projection::SCHEMA]).await.expect("the store opens")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// The event of this number: the same number, the same id.
fn event(n: u64) -> NewEvent<Event> {
    let cents = i64::try_from(n % 1000).unwrap() * 100;
    let event = if n.is_multiple_of(3) {
        Event::Withdrawn { cents }
    } else {
        Event::Deposited { cents, channel: "counter".to_owned() }
    };
    let cause = Uuid::from_u128(u128::from(n / 2));
    let by = if n.is_multiple_of(5) { "teller" } else { "" };
    let at_us = i64::try_from(n).unwrap() * 10 - 5_000;
    let about = About { id: event_id(cause, n % 2), at_us, cause, correlation: cause, by: by.into(), why: "".into() };
    NewEvent { event, about }
}

fn events(from: u64, count: u64) -> Vec<NewEvent<Event>> {
    (from..from + count).map(event).collect()
}

fn folded(events: &[NewEvent<Event>]) -> State {
    events.iter().fold(State::default(), |state, new| Account::<3>::evolve(state, &new.event))
}

#[derive(Clone, Debug)]
enum Step {
    /// Appends so many events, at the version there is or at one that is not.
    Append {
        stream: i64,
        count: u64,
        right: bool,
    },
    /// The nth append again.
    Again(prop::sample::Index),
    /// The other of two writers goes on, with a store and a connection of its own.
    Other,
    Reopen,
    Look {
        stream: i64,
        version: prop::sample::Index,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let count = prop_oneof![8 => 1_u64..4, 3 => 10_u64..90, 1 => 300_u64..1500];
    prop_oneof![
        6 => (1_i64..4, count, prop::bool::weighted(0.8))
            .prop_map(|(stream, count, right)| Step::Append { stream, count, right }),
        2 => any::<prop::sample::Index>().prop_map(Step::Again),
        3 => Just(Step::Other),
        1 => Just(Step::Reopen),
        2 => (1_i64..4, any::<prop::sample::Index>()).prop_map(|(stream, version)| Step::Look { stream, version }),
    ]
}

/// What the store should hold: the events of each stream, and all of them as (stream, sequence).
#[derive(Default)]
struct Model {
    streams: BTreeMap<i64, Vec<NewEvent<Event>>>,
    all: Vec<(i64, u64)>,
    /// Stream, version before, events.
    appends: Vec<(i64, u64, Vec<NewEvent<Event>>)>,
    next: u64,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_store_is_a_vec_for_each_stream(steps in prop::collection::vec(step(), 1..60), every in prop::option::of(1_u64..700)) {
        run(async {
            let file = File::new();
            let store = || every.map_or_else(EventStore::<Account<3>>::default, EventStore::with_snapshots);
            let (mut conn, mut events_of, mut model) = (file.open().await, store(), Model::default());
            let mut other = (file.open().await, store());
            for step in steps {
                match step {
                    Step::Append { stream, count, right } => {
                        let new = events(model.next, count);
                        let held = model.streams.entry(stream).or_default();
                        let version = held.len() as u64;
                        let expected = Expected::Version(if right { version } else { version + 1 });
                        let appended = events_of.append(&mut conn, stream, expected, &new).await.unwrap();
                        if !right {
                            let conflict = Conflict::Version { stream, expected: version + 1, version };
                            prop_assert_eq!(appended, Err(conflict));
                            continue;
                        }
                        let (first, last) = (version + 1, version + count);
                        prop_assert_eq!(appended, Ok(Appended { first, last, repeat: false }));
                        held.extend(new.iter().cloned());
                        model.all.extend((first..=last).map(|sequence| (stream, sequence)));
                        model.appends.push((stream, version, new));
                        model.next += count;
                    }
                    Step::Again(nth) if !model.appends.is_empty() => {
                        let (stream, version, new) = nth.get(&model.appends);
                        let (first, last) = (version + 1, version + new.len() as u64);
                        for expected in [Expected::Any, Expected::Version(*version)] {
                            let appended = events_of.append(&mut conn, *stream, expected, new).await.unwrap();
                            prop_assert_eq!(appended, Ok(Appended { first, last, repeat: true }));
                        }
                    }
                    Step::Again(_) => {}
                    Step::Other => {
                        std::mem::swap(&mut conn, &mut other.0);
                        std::mem::swap(&mut events_of, &mut other.1);
                    }
                    Step::Reopen => {
                        conn.close().await.unwrap();
                        (conn, events_of) = (file.open().await, store());
                    }
                    Step::Look { stream, version } => {
                        let held = model.streams.get(&stream).cloned().unwrap_or_default();
                        let version = version.index(held.len() + 1);
                        let state = folded(&held[..version]);
                        let looked = events_of.state_at(&mut conn, stream, version as u64).await.unwrap();
                        prop_assert_eq!((looked.version, &looked.state), (version as u64, &state));
                        let replayed = events_of.replay(&mut conn, stream, None, version as u64).await.unwrap();
                        prop_assert_eq!((replayed.version, &replayed.state), (version as u64, &state));
                    }
                }
            }
            holds(&mut conn, &events_of, &model).await?;
            Ok(())
        })?;
    }
}

/// All that the model holds can be read from the store, and nothing else, in either order; what fills a
/// group is packed.
async fn holds(
    conn: &mut SqliteConnection,
    store: &EventStore<Account<3>>,
    model: &Model,
) -> Result<(), TestCaseError> {
    for (stream, held) in &model.streams {
        let batch = read_stream(conn, *stream, 1, u64::MAX).await.unwrap();
        let mut read = vec![];
        for recorded in batch.events().await.unwrap() {
            let (recorded, event) = store.told(recorded).unwrap();
            prop_assert_eq!(recorded.sequence, read.len() as u64 + 1);
            prop_assert_eq!(model.all[recorded.position as usize - 1], (*stream, recorded.sequence));
            read.push((event, recorded.about));
        }
        let held: Vec<_> = held.iter().map(|new| (new.event.clone(), new.about.clone())).collect();
        prop_assert_eq!(read, held);
    }
    let (mut all, mut position) = (vec![], 0);
    loop {
        let batch = read_all(conn, position).await.unwrap();
        if batch.is_empty() {
            break;
        }
        for recorded in batch.events().await.unwrap() {
            position += 1;
            prop_assert_eq!(recorded.position, position);
            all.push((recorded.stream, recorded.sequence));
        }
    }
    prop_assert_eq!(position, end(conn).await.unwrap());
    prop_assert_eq!(&all, &model.all);
    let (packed,): (i64,) = sqlx::query_as("select packed from event_store").fetch_one(&mut *conn).await.unwrap();
    prop_assert!(!pack::is_due(packed as u64, position), "packed up to {} of {}", packed, position);
    Ok(())
}

#[tokio::test]
async fn of_two_writers_the_slower_one_is_told_and_gets_through_once_it_has_loaded_again() {
    let file = File::new();
    let (mut ours, mut theirs) = (file.open().await, file.open().await);
    let (store, other) = (EventStore::<Account<3>>::default(), EventStore::<Account<3>>::default());
    store.append(&mut ours, 1, Expected::Version(0), &events(0, 2)).await.unwrap().unwrap();
    other.append(&mut theirs, 1, Expected::Version(2), &events(2, 1)).await.unwrap().unwrap();
    let late = store.append(&mut ours, 1, Expected::Version(2), &events(3, 1)).await.unwrap();
    assert_eq!(late, Err(Conflict::Version { stream: 1, expected: 2, version: 3 }));
    let retried = store.append(&mut ours, 1, Expected::Version(3), &events(3, 1)).await.unwrap();
    assert_eq!(retried, Ok(Appended { first: 4, last: 4, repeat: false }));
}

#[tokio::test]
async fn an_append_that_is_neither_new_nor_a_repeat_is_refused_whole() {
    let file = File::new();
    let mut conn = file.open().await;
    let store = EventStore::<Account<3>>::default();
    store.append(&mut conn, 1, Expected::Any, &events(0, 3)).await.unwrap().unwrap();
    let (half_new, elsewhere) = (events(2, 2), events(0, 3));
    let refused = store.append(&mut conn, 1, Expected::Any, &half_new).await.unwrap();
    assert_eq!(refused, Err(Conflict::PartlyKnown { stream: 1 }));
    let refused = store.append(&mut conn, 2, Expected::Any, &elsewhere).await.unwrap();
    assert_eq!(refused, Err(Conflict::PartlyKnown { stream: 2 }));
    let twice = [event(9), event(9)];
    let refused = store.append(&mut conn, 2, Expected::Any, &twice).await.unwrap();
    assert_eq!(refused, Err(Conflict::SameIdTwice { stream: 2 }));
    assert_eq!(end(&mut conn).await.unwrap(), 3);
}

#[tokio::test]
async fn work_that_is_rolled_back_leaves_no_trace_in_what_is_loaded_next() {
    let file = File::new();
    let mut conn = file.open().await;
    let store = EventStore::<Account<3>>::default();
    storage::begin(&mut conn).await.unwrap();
    let mut streams = store.load(&mut conn, [1], &[]).await.unwrap();
    streams.append(1, Expected::Version(0), &events(0, 5)).unwrap();
    store.save(&mut conn, &streams).await.unwrap();
    storage::rollback(&mut conn).await.unwrap();
    let appended = store.append(&mut conn, 1, Expected::Version(0), &events(0, 5)).await.unwrap();
    assert_eq!(appended, Ok(Appended { first: 1, last: 5, repeat: false }));
}

#[tokio::test]
async fn later_work_of_a_batch_sees_what_earlier_work_has_appended() {
    let file = File::new();
    let mut conn = file.open().await;
    let store = EventStore::<Account<3>>::default();
    storage::begin(&mut conn).await.unwrap();
    let mut streams = store.load(&mut conn, [1, 2], &[]).await.unwrap();
    streams.append(1, Expected::Version(0), &events(0, 2)).unwrap();
    streams.append(2, Expected::Version(0), &events(2, 1)).unwrap();
    streams.append(1, Expected::Version(2), &events(3, 1)).unwrap();
    let repeat = streams.append(1, Expected::Version(0), &events(0, 2)).unwrap();
    assert_eq!(repeat, Appended { first: 1, last: 2, repeat: true });
    assert_eq!(streams.append(3, Expected::Any, &events(5, 1)), Err(Conflict::NotLoaded { stream: 3 }));
    store.save(&mut conn, &streams).await.unwrap();
    storage::commit(&mut conn).await.unwrap();
    let state = store.state_at(&mut conn, 1, u64::MAX).await.unwrap();
    assert_eq!((state.version, state.state), (3, folded(&[events(0, 2), events(3, 1)].concat())));
}

#[tokio::test]
async fn a_subscriber_hears_what_was_and_then_what_comes() {
    let file = File::new();
    let (mut conn, mut reader) = (file.open().await, file.open().await);
    let store = EventStore::<Account<3>>::default();
    store.append(&mut conn, 1, Expected::Any, &events(0, 3)).await.unwrap().unwrap();
    let mut following = store.subscribe(1);
    let told = tokio::spawn(async move {
        let mut positions = vec![];
        while let Some(batch) = following.next(&mut reader).await.unwrap() {
            positions.extend(batch.events().await.unwrap().iter().map(|event| event.position));
        }
        positions
    });
    for n in 3..20 {
        store.append(&mut conn, 2, Expected::Any, &events(n, 1)).await.unwrap().unwrap();
        tokio::task::yield_now().await;
    }
    drop(store);
    assert_eq!(told.await.unwrap(), (2..=20).collect::<Vec<u64>>());
}
