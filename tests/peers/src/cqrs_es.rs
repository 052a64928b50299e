//! Replays an account of so many events (`--events N`) with cqrs-es on its SQLite store, and prints
//! the median time as microseconds.

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::PersistedEventStore;
use cqrs_es::{Aggregate, AggregateContext, DomainEvent, EventStore};
use serde::{Deserialize, Serialize};
use sqlite_es::{SqliteEventRepository, default_sqlite_pool};
use std::collections::HashMap;
use std::time::Instant;

const ROUNDS: usize = 5;

/// As the library's own migration has it.
const SCHEMA: &str = "create table events (
    aggregate_type text not null, aggregate_id text not null, sequence integer check (sequence >= 0) not null,
    event_type text not null, event_version text not null, payload text not null, metadata text not null,
    primary key (aggregate_type, aggregate_id, sequence)
) strict";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Account {
    balance: i64,
    deposits: u64,
    withdrawals: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    MoneyDeposited { amount: i64 },
    MoneyWithdrawn { amount: i64 },
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        match self {
            Event::MoneyDeposited { .. } => "MoneyDeposited".to_owned(),
            Event::MoneyWithdrawn { .. } => "MoneyWithdrawn".to_owned(),
        }
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = ();
    type Event = Event;
    type Error = std::convert::Infallible;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &EventSink<Self>) -> Result<(), Self::Error> {
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::MoneyDeposited { amount } => {
                self.balance += amount;
                self.deposits += 1;
            }
            Event::MoneyWithdrawn { amount } => {
                self.balance -= amount;
                self.withdrawals += 1;
            }
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--events").skip(1);
    let events: u64 = arguments.next().map_or(Ok(100_000), |number| number.parse())?;
    let file = std::env::temp_dir().join(format!("terrarium-peer-{}.db", std::process::id()));
    let pool = default_sqlite_pool(&format!("sqlite://{}", file.display())).await;
    sqlx::query(SCHEMA).execute(&pool).await?;
    let store = PersistedEventStore::<_, Account>::new_event_store(SqliteEventRepository::new(pool.clone()));

    let context = store.load_aggregate("1").await?;
    // Who and when, as is usual there.
    let metadata = HashMap::from([("who".to_owned(), "user 1".to_owned()), ("at_us".to_owned(), "1000".to_owned())]);
    store.commit((0..events).map(event).collect(), context, metadata).await?;
    sqlx::query("pragma wal_checkpoint(truncate)").execute(&pool).await?;

    let mut times = vec![];
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let mut context = store.load_aggregate("1").await?;
        times.push(began.elapsed());
        let account = context.aggregate();
        anyhow::ensure!(account.deposits + account.withdrawals == events, "{account:?}");
    }
    times.sort();
    println!("{}", times[ROUNDS / 2].as_micros());
    pool.close().await;
    for suffix in ["", "-wal", "-shm"] {
        // The log and its index are gone once the pool is closed.
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
    Ok(())
}

fn event(n: u64) -> Event {
    let amount = i64::try_from(n % 100_000 * 7919 % 20_000).unwrap_or_default();
    if n.is_multiple_of(3) { Event::MoneyWithdrawn { amount: amount / 2 } } else { Event::MoneyDeposited { amount } }
}
