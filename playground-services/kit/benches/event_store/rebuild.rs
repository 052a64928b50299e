//! A read model of a million events in a thousand streams, built anew while the old one is read.

use crate::account::{Account, Event, event, open};
use crate::report;
use kit::aside::{Manners, aside};
use kit::event_store::{EventStore, Expected, Projector, ReadModel, Recorded, projection};
use kit::storage;
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Connection};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const MODELS: &str = "models.db";
const EVENTS: u64 = 1_000_000;
const STREAMS: u64 = 1_000;
const QUIET: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;

pub async fn measure(dir: &Path) -> anyhow::Result<()> {
    let store = EventStore::<Account>::default();
    let mut events = open(dir, "million.db").await?;
    let began = Instant::now();
    fill(&mut events, &store, &dir.join("million.db")).await?;
    println!("{EVENTS} events appended in {:.1} s", began.elapsed().as_secs_f64());
    let path = dir.join(MODELS);
    let mut models = storage::open(&path, &[projection::SCHEMA]).await?;
    let mut old = Projector::live(&mut models, Balances).await?;
    while !old.advance(&store, &mut events, &mut models).await?.has_caught_up() {}

    let store = Arc::new(store);
    let mut reader = storage::options(&path).read_only(true).connect().await?;
    models.close().await?;
    events.close().await?;
    let (mut times, mut ratios) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let (mut quiet, mut busy);
        (reader, quiet) = tokio::spawn(read(reader, tokio::time::sleep(QUIET))).await??;
        let (rebuilt, until_rebuilt) = oneshot::channel();
        let reading = tokio::spawn(read(reader, until_rebuilt));
        let took = aside("rebuild", Manners::Invisible, rebuild(store.clone(), dir.to_owned(), rebuilt)).await?;
        (reader, busy) = reading.await??;
        println!("rebuilt {EVENTS} events in {took:.2} s, {:.2} million/s", EVENTS as f64 / took / 1e6);
        let [quiet, busy] = [&mut quiet, &mut busy].map(|times| {
            let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|share| report::quantile(times, share));
            println!("{} reads, p50 {p50:.0} µs, p90 {p90:.0} µs, p99 {p99:.0} µs", times.len());
            p99
        });
        times.push(took);
        ratios.push(busy / quiet);
    }
    report::at_most("rebuilding a read model of a million events, s", report::median(times), 5.0)?;
    report::at_most("reads meanwhile, p99 as a ratio to quiet", report::median(ratios), 2.0)
}

/// From the first event on, beside the live one, until it takes its place. Returns the seconds.
async fn rebuild(store: Arc<EventStore<Account>>, dir: PathBuf, _done: oneshot::Sender<()>) -> anyhow::Result<f64> {
    let mut events = open(&dir, "million.db").await?;
    let mut models = storage::open(&dir.join(MODELS), &[projection::SCHEMA]).await?;
    let began = Instant::now();
    let mut new = Projector::rebuild(&mut models, Balances).await?;
    while !new.advance(&store, &mut events, &mut models).await?.has_caught_up() {}
    new.switch(&mut models).await?;
    Ok(began.elapsed().as_secs_f64())
}

/// To a thousand accounts in no order.
async fn fill(conn: &mut SqliteConnection, store: &EventStore<Account>, path: &Path) -> anyhow::Result<()> {
    for from in (0..EVENTS).step_by(50_000) {
        storage::begin(conn).await?;
        let mut streams = store.load(conn, 1..=STREAMS.cast_signed(), &[]).await?;
        for n in from..from + 50_000 {
            let stream = (n * 7919 % STREAMS + 1).cast_signed();
            streams.append(stream, Expected::Any, &[event(n)])?;
        }
        store.save(conn, &streams).await?;
        storage::commit(conn).await?;
        store.committed(&streams);
        storage::checkpoint(path).await?;
    }
    Ok(())
}

/// One read a millisecond until then; microseconds from when it began until it was there.
async fn read(
    mut conn: SqliteConnection,
    until: impl Future<Output: Send> + Send,
) -> anyhow::Result<(SqliteConnection, Vec<f64>)> {
    let mut times = vec![];
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    let mut until = std::pin::pin!(until);
    for n in 0_i64.. {
        tokio::select! {
            _ = &mut until => break,
            _ = tick.tick() => {}
        }
        let began = Instant::now();
        let account = n * 31 % STREAMS.cast_signed() + 1;
        let row: (i64,) =
            sqlx::query_as("select balance from balances where account = ?").bind(account).fetch_one(&mut conn).await?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
        std::hint::black_box(row);
    }
    Ok((conn, times))
}

struct Balances;

impl ReadModel for Balances {
    type Of = Account;
    const NAME: &'static str = "balances";

    fn schema(&self, table: &str) -> String {
        format!("create table {table} (account integer primary key, balance integer not null, events integer not null)")
    }

    async fn apply(
        &mut self,
        conn: &mut SqliteConnection,
        table: &str,
        events: &[(Recorded<'_>, Event)],
    ) -> sqlx::Result<()> {
        let mut changes: BTreeMap<i64, (i64, u64)> = BTreeMap::new();
        for (recorded, event) in events {
            let (balance, count) = changes.entry(recorded.stream).or_default();
            *count += 1;
            match event {
                Event::Created => {}
                Event::Deposited(amount) => *balance += amount,
                Event::Withdrawn(amount) => *balance -= amount,
            }
        }
        let upsert = format!(
            "insert into {table} (account, balance, events)
             select value ->> 0, value ->> '$[1][0]', value ->> '$[1][1]' from json_each(?) where true
             on conflict (account) do update
             set balance = balance + excluded.balance, events = events + excluded.events",
        );
        let changes = storage::json(changes.into_iter());
        sqlx::query(sqlx::AssertSqlSafe(upsert)).bind(changes).execute(conn).await.map(drop)
    }
}
