//! `server.db`: sessions, the list of sandboxes, the list of kept runs, and progress in the lessons.
//! The first two are asked for all the time, so their rows are also kept in memory once read; every
//! change is on disk (`synchronous=FULL`) before it is answered.

mod progress;
mod runs;

pub use progress::{AnswerRow, SceneRow, StepOf, StepRow};
pub use runs::{Origin, RunRow};

use crate::ids::{SandboxId, SessionId, Token};
use anyhow::{Context, bail};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{Row, SqlitePool};
use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MIGRATIONS: [&str; 4] = [
    include_str!("../migrations/001_sessions_and_sandboxes.sql"),
    include_str!("../migrations/002_runs.sql"),
    include_str!("../migrations/003_progress.sql"),
    include_str!("../migrations/004_scenes.sql"),
];

/// As long as browsers keep the cookie.
const SESSION_LIFE: Duration = Duration::from_secs(400 * 24 * 3600);

/// `seen` is written no more often than this.
const SEEN_EVERY_MS: i64 = 3_600_000;

/// Sessions remembered in memory; the rest are looked up again.
const SESSIONS_CACHED: usize = 10_000;

pub type Result<T> = sqlx::Result<T>;

#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    pool: SqlitePool,
    /// Known sessions and when their `seen` was last written.
    sessions: Mutex<HashMap<SessionId, i64>>,
    /// All sandboxes: there are never more than the quota.
    sandboxes: Mutex<HashMap<SandboxId, SandboxRow>>,
    /// Held as long as the store is open; the system lets go of it however the process ends.
    _lock: File,
}

/// A sandbox as the server lists it. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct SandboxRow {
    pub id: SandboxId,
    pub session: SessionId,
    pub topology: String,
    pub seed: u64,
    pub created: i64,
    pub used: i64,
}

impl Store {
    /// Opens the data folder, making it where it is missing. Only one server at a time may have it.
    pub async fn open(dir: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("can't make the data folder {}", dir.display()))?;
        let lock = lock(dir)?;
        let options = SqliteConnectOptions::new()
            .filename(dir.join("server.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("cache_size", "-128")
            .statement_cache_capacity(24);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .with_context(|| format!("can't open server.db in {}", dir.display()))?;
        check_version().await?;
        migrate(&pool).await?;
        forget_old_sessions(&pool).await?;
        let sandboxes = sqlx::query("select id, session, topology, seed, created, used from sandbox")
            .fetch_all(&pool)
            .await?
            .iter()
            .map(|row| sandbox_row(row).map(|sandbox| (sandbox.id, sandbox)))
            .collect::<Result<_>>()?;
        Ok(Self(Arc::new(Inner { pool, sessions: Mutex::default(), sandboxes: Mutex::new(sandboxes), _lock: lock })))
    }

    /// Begins a session; its token goes into the cookie and nowhere else.
    pub async fn create_session(&self) -> Result<Token> {
        let token = Token::random();
        let now = now_ms();
        sqlx::query("insert into session (id, created, seen) values (?, ?, ?)")
            .bind(token.session().to_string())
            .bind(now)
            .bind(now)
            .execute(&self.0.pool)
            .await?;
        self.remember(token.session(), now);
        Ok(token)
    }

    /// Takes back a session that came to nothing.
    pub async fn delete_session(&self, id: &SessionId) -> Result<()> {
        sqlx::query("delete from session where id = ?").bind(id.to_string()).execute(&self.0.pool).await?;
        guard(&self.0.sessions).remove(id);
        Ok(())
    }

    /// Whether there is such a session. That it was seen is noted once an hour.
    pub async fn session_exists(&self, id: &SessionId) -> Result<bool> {
        let known = guard(&self.0.sessions).get(id).copied();
        let seen = match known {
            Some(seen) => seen,
            None => {
                let row = sqlx::query("select seen from session where id = ?")
                    .bind(id.to_string())
                    .fetch_optional(&self.0.pool)
                    .await?;
                match row {
                    Some(row) => row.try_get(0)?,
                    None => return Ok(false),
                }
            }
        };
        let now = now_ms();
        let is_stale = now - seen > SEEN_EVERY_MS;
        if is_stale {
            sqlx::query("update session set seen = ? where id = ?")
                .bind(now)
                .bind(id.to_string())
                .execute(&self.0.pool)
                .await?;
        }
        if is_stale || known.is_none() {
            self.remember(*id, if is_stale { now } else { seen });
        }
        Ok(true)
    }

    /// Lists a sandbox, unless `quota` are listed already: then false.
    pub async fn insert_sandbox(&self, sandbox: SandboxRow, quota: usize) -> Result<bool> {
        let inserted = sqlx::query(
            "insert into sandbox (id, session, topology, seed, created, used)
             select ?, ?, ?, ?, ?, ? where (select count(*) from sandbox) < ?",
        )
        .bind(sandbox.id.to_string())
        .bind(sandbox.session.to_string())
        .bind(&sandbox.topology)
        .bind(sandbox.seed.cast_signed())
        .bind(sandbox.created)
        .bind(sandbox.used)
        .bind(i64::try_from(quota).unwrap_or(i64::MAX))
        .execute(&self.0.pool)
        .await?;
        if inserted.rows_affected() == 0 {
            return Ok(false);
        }
        guard(&self.0.sandboxes).insert(sandbox.id, sandbox);
        Ok(true)
    }

    /// A session's sandboxes, the newest first.
    pub fn sandboxes_of(&self, session: &SessionId) -> Vec<SandboxRow> {
        let mut mine: Vec<_> =
            guard(&self.0.sandboxes).values().filter(|sandbox| sandbox.session == *session).cloned().collect();
        mine.sort_by_key(|sandbox| (std::cmp::Reverse(sandbox.created), sandbox.id));
        mine
    }

    pub fn sandbox(&self, id: &SandboxId) -> Option<SandboxRow> {
        guard(&self.0.sandboxes).get(id).cloned()
    }

    pub fn all_sandboxes(&self) -> Vec<SandboxRow> {
        guard(&self.0.sandboxes).values().cloned().collect()
    }

    pub fn sandbox_count(&self) -> usize {
        guard(&self.0.sandboxes).len()
    }

    pub async fn delete_sandbox(&self, id: &SandboxId) -> Result<()> {
        sqlx::query("delete from sandbox where id = ?").bind(id.to_string()).execute(&self.0.pool).await?;
        guard(&self.0.sandboxes).remove(id);
        Ok(())
    }

    /// Notes that somebody opened it just now.
    pub async fn touch_sandbox(&self, id: &SandboxId) -> Result<()> {
        let now = now_ms();
        sqlx::query("update sandbox set used = ? where id = ?")
            .bind(now)
            .bind(id.to_string())
            .execute(&self.0.pool)
            .await?;
        if let Some(sandbox) = guard(&self.0.sandboxes).get_mut(id) {
            sandbox.used = now;
        }
        Ok(())
    }

    /// Fails when the database can't be read.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("select 1 from session limit 1").fetch_optional(&self.0.pool).await.map(drop)
    }

    pub async fn close(&self) {
        self.0.pool.close().await;
    }

    fn remember(&self, id: SessionId, seen: i64) {
        let mut sessions = guard(&self.0.sessions);
        if sessions.len() >= SESSIONS_CACHED {
            sessions.clear();
        }
        sessions.insert(id, seen);
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The maps hold together whatever panicked while holding them.
fn guard<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock(dir: &Path) -> anyhow::Result<File> {
    let path = dir.join("server.lock");
    let file = File::create(&path).with_context(|| format!("can't write in the data folder {}", dir.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another terrarium is using the data folder {}; stop it, or choose another --data-dir", dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("can't lock {}", path.display())),
    }
}

async fn check_version() -> anyhow::Result<()> {
    let version = kit::storage::sqlite_version().await?;
    if version < kit::storage::SQLITE_AT_LEAST {
        let (major, minor, patch) = version;
        bail!("SQLite {major}.{minor}.{patch} is linked in, which can corrupt databases; 3.51.3 or later is needed");
    }
    Ok(())
}

/// Each migration and its new `user_version` are one transaction: an interrupted one never was.
async fn migrate(pool: &SqlitePool) -> anyhow::Result<()> {
    let version: i64 = sqlx::query_scalar("pragma user_version").fetch_one(pool).await?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > MIGRATIONS.len() {
        bail!("the data folder was written by a later version of terrarium; use that one, or another --data-dir");
    }
    for (number, sql) in MIGRATIONS.into_iter().enumerate().skip(done) {
        let mut transaction = pool.begin().await?;
        sqlx::raw_sql(sql).execute(&mut *transaction).await.with_context(|| format!("migration {}", number + 1))?;
        // A pragma takes no parameters; the number is ours.
        let version = sqlx::AssertSqlSafe(format!("pragma user_version = {}", number + 1));
        sqlx::raw_sql(version).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(())
}

async fn forget_old_sessions(pool: &SqlitePool) -> Result<()> {
    let life = i64::try_from(SESSION_LIFE.as_millis()).unwrap_or(i64::MAX);
    sqlx::query(
        "delete from session
         where seen < ? and id not in (select session from sandbox) and id not in (select session from run)",
    )
    .bind(now_ms() - life)
    .execute(pool)
    .await
    .map(drop)
}

fn sandbox_row(row: &SqliteRow) -> Result<SandboxRow> {
    let id: String = row.try_get(0)?;
    let session: String = row.try_get(1)?;
    Ok(SandboxRow {
        id: id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        session: session.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        topology: row.try_get(2)?,
        seed: row.try_get::<i64, _>(3)?.cast_unsigned(),
        created: row.try_get(4)?,
        used: row.try_get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox(session: SessionId, created: i64) -> SandboxRow {
        SandboxRow {
            id: SandboxId::random(),
            session,
            topology: "saga-choreography".into(),
            seed: u64::MAX,
            created,
            used: created,
        }
    }

    #[tokio::test]
    async fn what_was_stored_is_there_after_reopening() {
        let dir = crate::testing::TempDir::new();
        let store = Store::open(dir.path()).await.expect("opens");
        let session = store.create_session().await.expect("session").session();
        let (old, new) = (sandbox(session, 1), sandbox(session, 2));
        store.insert_sandbox(old.clone(), 2).await.expect("insert");
        store.insert_sandbox(new.clone(), 2).await.expect("insert");
        store.close().await;
        drop(store);

        let store = Store::open(dir.path()).await.expect("opens again");
        assert!(store.session_exists(&session).await.expect("read"));
        assert_eq!(store.sandboxes_of(&session), [new.clone(), old.clone()]);
        store.delete_sandbox(&old.id).await.expect("delete");
        assert_eq!(store.sandbox(&old.id), None);
        assert_eq!(store.sandbox(&new.id), Some(new));
    }

    #[tokio::test]
    async fn a_session_nobody_began_does_not_exist() {
        let dir = crate::testing::TempDir::new();
        let store = Store::open(dir.path()).await.expect("opens");
        assert!(!store.session_exists(&Token::random().session()).await.expect("read"));
        let session = store.create_session().await.expect("session").session();
        store.delete_session(&session).await.expect("delete");
        assert!(!store.session_exists(&session).await.expect("read"));
    }

    #[tokio::test]
    async fn a_second_server_on_the_same_folder_is_refused() {
        let dir = crate::testing::TempDir::new();
        let _first = Store::open(dir.path()).await.expect("opens");
        let error = Store::open(dir.path()).await.err().expect("refused").to_string();
        assert!(error.contains("another terrarium is using the data folder"), "{error}");
    }

    #[tokio::test]
    async fn a_folder_from_before_there_were_runs_opens_with_all_that_is_in_it() {
        let dir = crate::testing::TempDir::new();
        let session = Token::random().session();
        let old = sandbox(session, 7);
        let options = SqliteConnectOptions::new().filename(dir.path().join("server.db")).create_if_missing(true);
        let pool = SqlitePool::connect_with(options).await.expect("opens");
        sqlx::raw_sql(MIGRATIONS[0]).execute(&pool).await.expect("the first migration");
        let seen = now_ms();
        let rows = format!(
            "insert into session values ('{session}', {seen}, {seen});
             insert into sandbox values ('{}', '{session}', 'saga-choreography', -1, 7, 7);
             pragma user_version = 1",
            old.id
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(rows)).execute(&pool).await.expect("rows");
        pool.close().await;

        let store = Store::open(dir.path()).await.expect("opens again");
        assert_eq!(store.sandboxes_of(&session), [old]);
        assert_eq!(store.runs_of(&session).await.expect("read"), []);
    }

    #[tokio::test]
    async fn a_folder_of_a_later_version_is_left_alone() {
        let dir = crate::testing::TempDir::new();
        let store = Store::open(dir.path()).await.expect("opens");
        sqlx::raw_sql("pragma user_version = 99").execute(&store.0.pool).await.expect("set");
        store.close().await;
        drop(store);
        let error = Store::open(dir.path()).await.err().expect("refused").to_string();
        assert!(error.contains("later version"), "{error}");
    }
}
