//! Recorded choreography sagas per second, 64 in flight, against the floor: four sequential
//! transactions per saga (state, inbox and outbox row each) on four SQLite files by bare sqlx.
//!
//! Declared latencies are 0 and workers do not limit; nothing is sampled: every saga's ~25
//! observations are numbered and stored. `--sagas N` changes the length, `--profile` runs ours alone.

mod report;

use futures_util::StreamExt;
use protocol::{Command, Uuid};
use server::Config;
use server::sandbox::Sandboxes;
use server::store::Store;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const IN_FLIGHT: usize = 64;

fn main() -> anyhow::Result<()> {
    let sagas = report::argument("--sagas").unwrap_or(10_000);
    tokio::runtime::Runtime::new()?.block_on(async {
        let dir = report::temp_dir("sagas")?;
        if std::env::args().any(|argument| argument == "--profile") {
            // Ours alone, for a profiler.
            return ours(&dir.join("ours"), sagas).await.map(|took| println!("{:.0}/s", rate(sagas, took)));
        }
        // Warm up both, then take turns, so that a noisy machine is noisy for both.
        floor(&dir.join("warm"), sagas / 10).await?;
        ours(&dir.join("warm-ours"), sagas / 10).await?;
        let mut ratios = vec![];
        for round in 0..3 {
            let floor = rate(sagas, floor(&dir.join(format!("floor-{round}")), sagas).await?);
            let ours = rate(sagas, ours(&dir.join(format!("ours-{round}")), sagas).await?);
            println!("round {round}: {ours:.0} recorded sagas/s, floor {floor:.0}/s");
            ratios.push(ours / floor);
        }
        std::fs::remove_dir_all(&dir)?;
        report::at_least("recorded sagas per second, ratio to the floor", report::median(ratios), 1.0)
    })
}

fn rate(sagas: u64, took: Duration) -> f64 {
    sagas as f64 / took.as_secs_f64()
}

/// Four files, one connection each, as the services have.
async fn floor(dir: &Path, sagas: u64) -> anyhow::Result<Duration> {
    std::fs::create_dir_all(dir)?;
    let mut files = vec![];
    for i in 0..4 {
        let options = kit::storage::options(&dir.join(format!("{i}.db"))).create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        sqlx::raw_sql(
            "create table state (id integer primary key, item_id integer, quantity integer, user_id integer,
                                 amount_minor integer, status text);
             create table inbox (source text, id text, reply text, primary key (source, id)) without rowid;
             create table outbox (n integer primary key, id text, topic text, type text, subject text, body text)",
        )
        .execute(&pool)
        .await?;
        files.push(pool);
    }
    let files = Arc::new(files);
    let room = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut tasks = JoinSet::new();
    let began = Instant::now();
    for id in 0..sagas {
        let (files, permit) = (files.clone(), room.clone().acquire_owned().await?);
        tasks.spawn(async move {
            for file in files.iter() {
                transaction(file, id.cast_signed()).await?;
            }
            drop(permit);
            Ok::<(), sqlx::Error>(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let took = began.elapsed();
    for file in files.iter() {
        file.close().await;
    }
    Ok(took)
}

async fn transaction(file: &SqlitePool, id: i64) -> sqlx::Result<()> {
    let message = Uuid::new_v5(&Uuid::NAMESPACE_OID, &id.to_le_bytes()).to_string();
    let mut conn = file.acquire().await?;
    sqlx::query("begin immediate").execute(&mut *conn).await?;
    sqlx::query("insert into state values (?, 42, 1, 1, 2999, 'PENDING')").bind(id).execute(&mut *conn).await?;
    sqlx::query("insert into inbox values ('orders', ?, null)").bind(&message).execute(&mut *conn).await?;
    sqlx::query("insert into outbox values (?, ?, 'orders', 'OrderCreated', 'order/101', ?)")
        .bind(id)
        .bind(&message)
        .bind(r#"{"order_id":101,"item_id":42,"quantity":1,"user_id":1,"amount_minor":2999}"#)
        .execute(&mut *conn)
        .await?;
    sqlx::query("commit").execute(&mut *conn).await.map(drop)
}

/// The product: command, services, outbox, inbox, broker, record, one viewer.
async fn ours(dir: &Path, sagas: u64) -> anyhow::Result<Duration> {
    let data_dir = dir.to_string_lossy().into_owned();
    let config = Config::from_args([
        "--data-dir",
        &data_dir,
        "--service-batch",
        "64",
        "--commands-per-second",
        "4000000000",
        "--command-burst",
        "4000000000",
        "--record-bytes",
        "1000000000000",
    ])?;
    let store = Store::open(dir).await?;
    let owner = store.create_session().await?.session();
    let sandboxes = Sandboxes::open(Arc::new(config), store).await?;
    let topology = protocol::topology("saga-choreography").expect("exists").unhindered(2 * IN_FLIGHT as u32);
    let sandbox = sandboxes.create(&owner, topology, 1).await?;

    let room = Arc::new(Semaphore::new(IN_FLIGHT));
    let ended = Arc::new(Semaphore::new(0));
    let mut events = Box::pin(sandbox.events(0).await?);
    let viewer = tokio::spawn({
        let (room, ended) = (room.clone(), ended.clone());
        let needle = memchr::memmem::Finder::new(br#""to":"CONFIRMED""#);
        async move {
            while let Some(bytes) = events.next().await {
                let confirmed = needle.find_iter(&bytes).count();
                room.add_permits(confirmed);
                ended.add_permits(confirmed);
            }
        }
    });
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..sagas {
        room.acquire().await?.forget();
        let sandbox = sandbox.clone();
        tasks.spawn(async move {
            let data = serde_json::json!({ "item_id": 42, "quantity": 1, "user_id": 1 });
            sandbox.accept(Command { id: Uuid::new_v4(), kind: "PlaceOrder".to_owned(), data }).await
        });
        while let Some(accepted) = tasks.try_join_next() {
            accepted??;
        }
    }
    while let Some(accepted) = tasks.join_next().await {
        accepted??;
    }
    ended.acquire_many(u32::try_from(sagas)?).await?.forget();
    let took = began.elapsed();
    let invariants = sandbox.invariants().await?;
    anyhow::ensure!(invariants.iter().all(|invariant| invariant.holds), "{invariants:?}");
    let state = sandbox.state();
    anyhow::ensure!(state.sagas.confirmed == sagas, "{} of {sagas} confirmed", state.sagas.confirmed);
    println!("  {} observations, {:.0}/s", state.position, state.position as f64 / took.as_secs_f64());
    sandboxes.shutdown().await;
    viewer.await?;
    Ok(took)
}
