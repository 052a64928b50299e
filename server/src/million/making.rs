//! Making the store: once for the whole server, when it is first asked for.

use super::account::{ACCOUNT, Club, Savings, event};
use super::storage;
use anyhow::Context;
use kit::event_store::{Aggregate, EventStore, Expected};
use sqlx::sqlite::SqliteConnection;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// Whole segments (512) and whole groups (8,192), so that nothing has to be packed again.
const BATCH: u64 = 16_384;

/// The store as it stands.
#[derive(Clone, Debug)]
pub enum Store {
    None,
    Making {
        /// How many events are in it by now.
        made: u64,
        since: Instant,
    },
    Ready(Ready),
    /// It could not be made; what there was of it is gone. The sentence is for everybody.
    Failed(&'static str),
}

/// The whole store.
#[derive(Clone, Debug)]
pub struct Ready {
    pub path: PathBuf,
    pub events: u64,
    pub bytes: u64,
    /// How long making it took, where this server has made it.
    pub took_ms: Option<u64>,
}

/// The store, if it was made before.
pub fn find(dir: &Path, events: u64) -> Option<Ready> {
    let path = dir.join(storage::name(events));
    let bytes = std::fs::metadata(&path).ok()?.len();
    Some(Ready { path, events, bytes, took_ms: None })
}

/// Makes it under another name, then gives it its own: a store of that name is whole.
pub async fn make(
    dir: PathBuf,
    events: u64,
    stop: CancellationToken,
    told: impl Fn(u64) + Send,
) -> anyhow::Result<Ready> {
    let began = Instant::now();
    let part = dir.join("million.part");
    sweep(&dir)?;
    let mut conn = storage::create(&part).await?;
    fill(&mut conn, events, &stop, told).await?;
    storage::close(conn).await?;
    std::fs::File::open(&part)?.sync_all()?;
    let path = dir.join(storage::name(events));
    std::fs::rename(&part, &path)?;
    std::fs::File::open(&dir)?.sync_all()?;
    let took_ms = u64::try_from(began.elapsed().as_millis()).ok();
    Ok(Ready { took_ms, ..find(&dir, events).context("it is gone again")? })
}

/// What was left unfinished, and stores that nobody reads any more.
pub fn sweep(dir: &Path) -> std::io::Result<()> {
    for file in std::fs::read_dir(dir)? {
        let file = file?;
        let name = file.file_name();
        if name.to_str().is_some_and(|name| name.starts_with("million.part") || name.starts_with("million-")) {
            std::fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

/// By bulk append, the way all events come: only that nobody asks whether they are repeats.
async fn fill(
    conn: &mut SqliteConnection,
    events: u64,
    stop: &CancellationToken,
    told: impl Fn(u64),
) -> anyhow::Result<()> {
    let store = EventStore::<Club>::default();
    let (mut savings, mut made) = (Savings::default(), 0);
    while made < events {
        anyhow::ensure!(!stop.is_cancelled(), "the server is stopping");
        let until = (made + BATCH).min(events);
        let mut new = vec![];
        for sequence in made + 1..=until {
            let event = event(sequence, &savings);
            savings = Club::evolve(savings, &event.event);
            new.push(event);
        }
        kit::storage::begin(conn).await?;
        let mut streams = store.load(conn, [ACCOUNT], &[]).await?;
        streams.append(ACCOUNT, Expected::Version(made), &new)?;
        store.save(conn, &streams).await?;
        kit::storage::commit(conn).await?;
        store.committed(&streams);
        made = until;
        told(made);
    }
    Ok(())
}
