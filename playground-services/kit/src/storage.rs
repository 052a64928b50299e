//! Opening a service's own SQLite file.

use anyhow::Context;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::time::Duration;

/// Below this, a WAL database with more than one connection can be corrupted.
pub const SQLITE_AT_LEAST: (u32, u32, u32) = (3, 51, 3);

/// WAL with `synchronous=NORMAL`: survives every crash of a process. Checkpoints are made
/// from a second connection ([`checkpoint`]), never in the path of a commit.
pub fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(24)
        .row_buffer_size(1024)
        .pragma("automatic_index", "off")
        .pragma("cache_size", "-512")
        .pragma("wal_autocheckpoint", "0")
        .pragma("temp_store", "memory")
        .disable_statement_logging()
}

/// Opens the file, making it if need be, and brings its schema up to date.
pub async fn open(path: &Path, migrations: &[&'static str]) -> anyhow::Result<SqliteConnection> {
    let mut conn = options(path)
        .create_if_missing(true)
        .connect()
        .await
        .with_context(|| format!("cannot open {}", path.display()))?;
    migrate(&mut conn, migrations).await?;
    Ok(conn)
}

/// The same in memory: nothing of it is kept.
pub async fn in_memory(migrations: &[&'static str]) -> anyhow::Result<SqliteConnection> {
    let mut conn = SqliteConnectOptions::new().in_memory(true).connect().await?;
    migrate(&mut conn, migrations).await?;
    Ok(conn)
}

/// Opens a file that is there, to read and no more.
pub async fn open_to_read(path: &Path) -> sqlx::Result<SqliteConnection> {
    options(path).read_only(true).connect().await
}

/// Runs the migrations not yet run, each in a transaction of its own; `user_version` counts them.
async fn migrate(conn: &mut SqliteConnection, migrations: &[&'static str]) -> anyhow::Result<()> {
    let (version,): (i64,) = sqlx::query_as("pragma user_version").fetch_one(&mut *conn).await?;
    let version = usize::try_from(version)?;
    anyhow::ensure!(version <= migrations.len(), "this file was made by another version of Terrarium");
    for (i, migration) in migrations.iter().enumerate().skip(version) {
        let script = format!("begin immediate; {migration}; pragma user_version = {}; commit", i + 1);
        sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Begins a local transaction that will write.
pub async fn begin(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("begin immediate").execute(conn).await.map(drop)
}

/// Ends the transaction under way: what it wrote is there for good.
pub async fn commit(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("commit").execute(conn).await.map(drop)
}

/// Takes back all of the transaction under way. That there is none is fine: it could not begin,
/// since another replica wrote for too long.
pub async fn rollback(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    match sqlx::query("rollback").execute(conn).await {
        Err(sqlx::Error::Database(error)) if error.message().contains("no transaction is active") => Ok(()),
        done => done.map(drop),
    }
}

/// Whether another replica has written for so long that this one has not come to it.
pub fn is_busy(error: &anyhow::Error) -> bool {
    let Some(sqlx::Error::Database(error)) = error.downcast_ref() else { return false };
    let code = error.code().and_then(|code| code.parse::<u32>().ok());
    // The low byte is the primary result code: SQLITE_BUSY, SQLITE_LOCKED.
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// What need not be done now: `false` where another replica is in the way.
pub fn unless_busy(done: anyhow::Result<()>) -> anyhow::Result<bool> {
    match done {
        Err(error) if is_busy(&error) => Ok(false),
        done => done.map(|()| true),
    }
}

/// Moves the write-ahead log into the database from a connection of its own, while writers go on.
pub async fn checkpoint(path: &Path) -> Result<(), sqlx::Error> {
    let mut conn = options(path).connect().await?;
    sqlx::query("pragma wal_checkpoint(passive)").fetch_all(&mut conn).await?;
    conn.close().await
}

/// Many rows in one bind: SQLite unpacks the JSON with `json_each`, so one statement, and one
/// hop to its thread, does for all.
pub fn json<T: serde::Serialize>(rows: impl Iterator<Item = T>) -> String {
    let rows: Vec<T> = rows.collect();
    // Numbers, texts and options of them: there is nothing JSON cannot say.
    serde_json::to_string(&rows).unwrap_or_else(|_| "[]".to_owned())
}

/// The version of the SQLite linked in.
pub async fn sqlite_version() -> Result<(u32, u32, u32), sqlx::Error> {
    let mut conn = SqliteConnectOptions::new().in_memory(true).connect().await?;
    let (text,): (String,) = sqlx::query_as("select sqlite_version()").fetch_one(&mut conn).await?;
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    Ok((next(), next(), next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_sqlite_linked_in_is_recent_enough() {
        let version = sqlite_version().await.expect("SQLite answers");
        assert!(version >= SQLITE_AT_LEAST, "{version:?}");
    }
}
