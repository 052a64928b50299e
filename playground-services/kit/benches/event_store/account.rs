//! The domain that is measured: accounts.

use kit::event_store::{About, Aggregate, EventStore, Expected, Malformed, NewEvent, Reader, SCHEMA, Writer, event_id};
use kit::storage;
use protocol::Uuid;
use sqlx::sqlite::SqliteConnection;
use std::path::Path;

pub struct Account;

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Created,
    /// In cents, both.
    Deposited(i64),
    Withdrawn(i64),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub balance: i64,
    pub deposits: u64,
    pub withdrawals: u64,
}

impl Aggregate for Account {
    type Event = Event;
    type State = State;
    const STATE_SCHEMA: u16 = 1;

    fn kind(event: &Event) -> u16 {
        match event {
            Event::Created => 1,
            Event::Deposited(_) => 2,
            Event::Withdrawn(_) => 3,
        }
    }

    fn schema(kind: u16) -> Option<u16> {
        (1..=3).contains(&kind).then_some(1)
    }

    fn write(event: &Event, out: &mut Writer) {
        match event {
            Event::Created => {}
            Event::Deposited(amount) | Event::Withdrawn(amount) => out.i64(*amount),
        }
    }

    fn read(kind: u16, data: &mut Reader<'_>) -> Result<Event, Malformed> {
        Ok(match kind {
            1 => Event::Created,
            2 => Event::Deposited(data.i64()?),
            _ => Event::Withdrawn(data.i64()?),
        })
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Created => state,
            Event::Deposited(amount) => {
                State { balance: state.balance + amount, deposits: state.deposits + 1, ..state }
            }
            Event::Withdrawn(amount) => {
                State { balance: state.balance - amount, withdrawals: state.withdrawals + 1, ..state }
            }
        }
    }

    fn write_state(state: &State, out: &mut Writer) {
        out.i64(state.balance);
        out.u64(state.deposits);
        out.u64(state.withdrawals);
    }

    fn read_state(data: &mut Reader<'_>) -> Result<State, Malformed> {
        Ok(State { balance: data.i64()?, deposits: data.u64()?, withdrawals: data.u64()? })
    }
}

/// The `n`th event of all, the same in every run.
pub fn event(n: u64) -> NewEvent<Event> {
    let cause = Uuid::from_u128(u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    let amount = i64::try_from(n % 100_000 * 7919 % 20_000).unwrap_or_default();
    let event = if n.is_multiple_of(3) { Event::Withdrawn(amount / 2) } else { Event::Deposited(amount) };
    let at_us = i64::try_from(n * 1000).unwrap_or_default();
    let about = About { id: event_id(cause, 1), at_us, cause, correlation: cause, by: "user 1".into(), why: "".into() };
    NewEvent { event, about }
}

/// A store of this name, as a service would open it.
pub async fn open(dir: &Path, name: &str) -> anyhow::Result<SqliteConnection> {
    storage::open(&dir.join(name), &[SCHEMA]).await
}

/// Appends so many events to a stream, thousands a transaction.
pub async fn fill(
    conn: &mut SqliteConnection,
    store: &EventStore<Account>,
    stream: i64,
    events: u64,
) -> anyhow::Result<()> {
    let before = stream.unsigned_abs() << 32;
    for from in (0..events).step_by(20_000) {
        let new: Vec<_> = (from..events.min(from + 20_000)).map(|n| event(before + n)).collect();
        store.append(conn, stream, Expected::Version(from), &new).await??;
    }
    Ok(())
}
