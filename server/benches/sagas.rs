//! Finished sagas per second, as recorded, of both styles under the same load.
//!
//! Choreography goes against the floor, which is four sequential transactions per saga (state, inbox
//! and outbox row each) on four SQLite files by bare sqlx; orchestration against choreography.
//!
//! Declared latencies are 0 and workers do not limit; nothing is sampled: every observation is
//! numbered and stored. `--sagas N` and `--in-flight N` change the load; `--choreography` and
//! `--orchestration` run that style alone, for a profiler.

mod report;

use protocol::Uuid;
use report::recorded::{CHOREOGRAPHY, ORCHESTRATION, sagas_per_second};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

const ROUNDS: usize = 5;

fn main() -> anyhow::Result<()> {
    let sagas = report::argument("--sagas").unwrap_or(10_000);
    let in_flight = usize::try_from(report::argument("--in-flight").unwrap_or(64))?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let dir = report::temp_dir("sagas")?;
        for (option, style) in [("--choreography", CHOREOGRAPHY), ("--orchestration", ORCHESTRATION)] {
            if std::env::args().any(|argument| argument == option) {
                let rate = sagas_per_second(&dir.join("alone"), &style, sagas, in_flight).await?;
                println!("{}: {rate:.0} finished sagas/s", style.topology);
                return Ok(std::fs::remove_dir_all(&dir)?);
            }
        }
        // Warm up all, then take turns, so that a noisy machine is noisy for all.
        floor(&dir.join("warm-floor"), sagas / 10, in_flight).await?;
        for style in [CHOREOGRAPHY, ORCHESTRATION] {
            sagas_per_second(&dir.join("warm").join(style.topology), &style, sagas / 10, in_flight).await?;
        }
        let (mut to_floor, mut to_choreography) = (vec![], vec![]);
        for round in 0..ROUNDS {
            let dir = dir.join(round.to_string());
            let floor = floor(&dir.join("floor"), sagas, in_flight).await?;
            let choreography = sagas_per_second(&dir.join("choreography"), &CHOREOGRAPHY, sagas, in_flight).await?;
            let orchestration = sagas_per_second(&dir.join("orchestration"), &ORCHESTRATION, sagas, in_flight).await?;
            println!(
                "round {round}: finished sagas/s: {choreography:.0} choreographed, {orchestration:.0} orchestrated; \
                 floor {floor:.0}/s"
            );
            to_floor.push(choreography / floor);
            to_choreography.push(orchestration / choreography);
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::remove_dir_all(&dir)?;
        let floor =
            report::at_least("choreographed sagas per second, ratio to the floor", report::median(to_floor), 1.0);
        let ratio = report::at_least("orchestrated ones, ratio to choreographed", report::median(to_choreography), 0.7);
        floor.and(ratio)
    })
}

/// Four files, one connection each, as the services have.
async fn floor(dir: &Path, sagas: u64, in_flight: usize) -> anyhow::Result<f64> {
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
    let room = Arc::new(Semaphore::new(in_flight));
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
    Ok(sagas as f64 / took.as_secs_f64())
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
