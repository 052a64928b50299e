//! One event per durable commit, against a bare insert into a table with the same keys; and with 64 writers, whose events are
//! committed as a group, as a service's writer does it.
//!
//! Durable is `synchronous=full`: the disk has it. With a service's own setting, `normal`, a commit
//! survives every crash of the process; that is printed beside it.

use crate::account::{Account, event};
use crate::report;
use kit::event_store::{About, EventStore, Expected, SCHEMA};
use kit::storage;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnection, SqliteSynchronous};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

const WRITERS: u64 = 64;
const ROUNDS: u64 = 5;

pub async fn measure(dir: &Path) -> anyhow::Result<()> {
    let normal = ratios(dir, SqliteSynchronous::Normal, 4_000).await?;
    println!("with synchronous=normal: {:.2} of a bare insert, 64 writers {:.2} times that", normal.0, normal.1);
    let full = ratios(dir, SqliteSynchronous::Full, 400).await?;
    report::at_least("append, ratio to a bare insert", full.0, 0.8)?;
    report::at_least("64 writers, times the bare insert", full.1, 5.0)
}

/// Of bare inserts a second: ours one by one, and with many writers.
async fn ratios(dir: &Path, synchronous: SqliteSynchronous, events: u64) -> anyhow::Result<(f64, f64)> {
    let path = |name: &str| dir.join(format!("{name}-{synchronous:?}.db"));
    let (bare_path, ours_path) = (path("bare"), path("append"));
    drop(storage::open(&bare_path, &[BARE]).await?);
    drop(storage::open(&ours_path, &[SCHEMA]).await?);
    let mut bare = storage::options(&bare_path).synchronous(synchronous).connect().await?;
    let mut ours = storage::options(&ours_path).synchronous(synchronous).connect().await?;
    let store = Arc::new(EventStore::<Account>::with_snapshots(1000));
    let (mut one_by_one, mut all_bare, mut all_grouped) = (vec![], 0.0, 0.0);
    let mut next = 0;
    for round in 0..ROUNDS {
        // They take turns, commit by commit: the disk has its moods.
        let (mut bare_times, mut our_times) = (vec![], vec![]);
        for _ in 0..events {
            next += 1;
            let began = Instant::now();
            insert(&mut bare, next).await?;
            bare_times.push(began.elapsed().as_secs_f64() * 1e6);
            let new = [event(next)];
            let began = Instant::now();
            store.append(&mut ours, 1, Expected::Any, &new).await??;
            our_times.push(began.elapsed().as_secs_f64() * 1e6);
        }
        let many = events * 10;
        let began = Instant::now();
        ours = write_together(ours, store.clone(), next, many).await?;
        let together = began.elapsed().as_secs_f64() * 1e6 / many as f64;
        next += many;
        let (bare_each, each) = (mean(&bare_times), mean(&our_times));
        println!(
            "round {round}, {synchronous:?}: bare {bare_each:.0} µs, ours {each:.0} µs, 64 writers {together:.1} µs"
        );
        one_by_one.push(bare_each / each);
        all_bare += bare_each;
        all_grouped += together;
        storage::checkpoint(&bare_path).await?;
        storage::checkpoint(&ours_path).await?;
    }
    // Of all rounds together: not in each of them does packing fall due.
    Ok((report::median(one_by_one), all_bare / all_grouped))
}

fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / times.len() as f64
}

/// With the keys that any table of events needs, so that both promise the same.
const BARE: &str = "create table event (
    position integer primary key, stream integer not null, sequence integer not null, kind integer not null,
    data blob not null, at_us integer not null, id blob not null unique, cause blob not null, who text not null,
    unique (stream, sequence)
)";

async fn insert(conn: &mut SqliteConnection, n: u64) -> anyhow::Result<()> {
    let About { id, at_us, cause, by, .. } = event(n).about;
    sqlx::query(
        "insert into event (stream, sequence, kind, data, at_us, id, cause, who) values (1, ?, 2, ?, ?, ?, ?, ?)",
    )
    .bind(n.cast_signed())
    .bind(&[1_u8, 2, 3][..])
    .bind(at_us)
    .bind(id.as_bytes().as_slice())
    .bind(cause.as_bytes().as_slice())
    .bind(&*by)
    .execute(conn)
    .await?;
    Ok(())
}

/// Each of these events to its stream, in one transaction: loaded, decided, saved.
async fn append_all(
    conn: &mut SqliteConnection,
    store: &EventStore<Account>,
    events: &[(i64, u64)],
) -> anyhow::Result<()> {
    let new: Vec<_> = events.iter().map(|(stream, n)| (*stream, event(*n))).collect();
    let ids: Vec<_> = new.iter().map(|(_, new)| new.about.id).collect();
    storage::begin(conn).await?;
    let mut streams = store.load(conn, events.iter().map(|(stream, _)| *stream), &ids).await?;
    for (stream, new) in new {
        let version = streams.get(stream).map_or(0, |stream| stream.version);
        streams.append(stream, Expected::Version(version), &[new])?;
    }
    store.save(conn, &streams).await?;
    storage::commit(conn).await?;
    store.committed(&streams);
    Ok(())
}

/// 64 tasks that each wait for their event to be committed before they send the next one.
async fn write_together(
    mut conn: SqliteConnection,
    store: Arc<EventStore<Account>>,
    from: u64,
    events: u64,
) -> anyhow::Result<SqliteConnection> {
    let (mailbox, mut inbound) = mpsc::unbounded_channel::<((i64, u64), oneshot::Sender<()>)>();
    let writer = tokio::spawn(async move {
        let mut batch = vec![];
        while inbound.recv_many(&mut batch, WRITERS as usize).await > 0 {
            tokio::task::yield_now().await;
            while batch.len() < WRITERS as usize
                && let Ok(job) = inbound.try_recv()
            {
                batch.push(job);
            }
            let jobs: Vec<_> = batch.iter().map(|(event, _)| *event).collect();
            append_all(&mut conn, &store, &jobs).await?;
            for (_, done) in batch.drain(..) {
                let _ = done.send(());
            }
        }
        anyhow::Ok(conn)
    });
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mailbox = mailbox.clone();
        writers.spawn(async move {
            for n in (writer..events).step_by(WRITERS as usize) {
                let (done, committed) = oneshot::channel();
                let _ = mailbox.send(((10 + writer.cast_signed(), from + n + 1), done));
                let _ = committed.await;
            }
        });
    }
    drop(mailbox);
    while let Some(done) = writers.join_next().await {
        done?;
    }
    writer.await?
}
