//! A stream of 100,000 events from storage into state, against a scan of the same events as rows.

use crate::account::{Account, Event, State, fill, open};
use crate::report;
use futures_util::TryStreamExt;
use kit::event_store::{Aggregate, EventStore, Reader, read_stream};
use kit::storage;
use sqlx::sqlite::SqliteConnection;
use std::path::Path;
use std::time::Instant;

const EVENTS: u64 = 100_000;
const ROUNDS: usize = 9;

pub async fn measure(dir: &Path) -> anyhow::Result<()> {
    let store = EventStore::<Account>::default();
    let mut conn = open(dir, "replay.db").await?;
    fill(&mut conn, &store, 1, EVENTS).await?;
    let rows_path = dir.join("rows.db");
    let mut rows = storage::open(&rows_path, &[ROWS]).await?;
    copy(&mut conn, &mut rows).await?;
    storage::checkpoint(&dir.join("replay.db")).await?;
    storage::checkpoint(&rows_path).await?;

    let (mut ours, mut scans, mut folds) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let replayed = store.replay(&mut conn, 1, None, u64::MAX).await?;
        ours.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        scan(&mut rows).await?;
        scans.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        let folded = fold(&mut rows).await?;
        folds.push(began.elapsed().as_secs_f64());
        anyhow::ensure!(folded == replayed.state && replayed.version == EVENTS);
    }
    let [ours, scans, folds] = [ours, scans, folds].map(report::median);
    println!("replay of {EVENTS} events: {:.2} ms, {:.1} million/s", ours * 1e3, EVENTS as f64 / ours / 1e6);
    println!("the same as rows: {:.2} ms within SQLite, {:.2} ms through sqlx into state", scans * 1e3, folds * 1e3);
    println!("replay, ratio to rows through sqlx into state: {:.2}", folds / ours);
    report::at_least("replay, ratio to a scan of rows within SQLite", scans / ours, 2.0)
}

const ROWS: &str = "create table event (
    stream integer not null, sequence integer not null, position integer not null,
    kind integer not null, schema integer not null, data blob not null,
    at_us integer not null, id blob not null, cause blob not null, who text not null,
    primary key (stream, sequence)
) without rowid";

/// The same events as rows.
async fn copy(from: &mut SqliteConnection, to: &mut SqliteConnection) -> anyhow::Result<()> {
    let batch = read_stream(from, 1, 1, u64::MAX).await?;
    storage::begin(to).await?;
    for event in batch.events().await? {
        sqlx::query("insert into event values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(event.stream)
            .bind(event.sequence.cast_signed())
            .bind(event.position.cast_signed())
            .bind(event.kind)
            .bind(event.schema)
            .bind(event.data)
            .bind(event.about.at_us)
            .bind(event.about.id.as_bytes().as_slice())
            .bind(event.about.cause.as_bytes().as_slice())
            .bind(&*event.about.by)
            .execute(&mut *to)
            .await?;
    }
    storage::commit(to).await?;
    Ok(())
}

/// SQLite looks at what a fold needs of each row, and hands out one row.
async fn scan(conn: &mut SqliteConnection) -> anyhow::Result<()> {
    let (events, _sum): (i64, i64) =
        sqlx::query_as("select count(*), sum(kind + schema + length(data)) from event where stream = 1")
            .fetch_one(conn)
            .await?;
    anyhow::ensure!(events.unsigned_abs() == EVENTS);
    Ok(())
}

async fn fold(conn: &mut SqliteConnection) -> anyhow::Result<State> {
    let mut state = State::default();
    let mut rows = sqlx::query_as("select kind, data from event where stream = 1 order by sequence").fetch(conn);
    while let Some((kind, data)) = rows.try_next().await? {
        let data: Vec<u8> = data;
        let event: Event = Account::read(kind, &mut Reader::new(&data))?;
        state = Account::evolve(state, &event);
    }
    Ok(state)
}
