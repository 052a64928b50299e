//! A look into a service's own database, read only, whether the service is up or not.

use anyhow::Context;
use serde::Serialize;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, Row, TypeInfo, ValueRef};
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Clone, Debug, Serialize)]
pub struct TableSummary {
    pub name: String,
    pub rows: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableRows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

/// The most rows one look returns, newest first by primary key.
pub const ROWS_MAX: u32 = 1000;

/// The tables (and views) of a database file, each with its number of rows.
pub async fn list(path: &Path) -> anyhow::Result<Vec<TableSummary>> {
    let mut conn = open(path).await?;
    let mut tables = vec![];
    for name in names(&mut conn).await? {
        let count = format!("select count(*) from \"{name}\"");
        let (rows,): (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(count)).fetch_one(&mut conn).await?;
        tables.push(TableSummary { name, rows: u64::try_from(rows)? });
    }
    conn.close().await?;
    Ok(tables)
}

/// The rows of one table; `None` when there is no table of that name.
pub async fn read(path: &Path, table: &str) -> anyhow::Result<Option<TableRows>> {
    let mut conn = open(path).await?;
    // The name goes into SQL only after it was found among the file's own tables.
    let Some(name) = names(&mut conn).await?.into_iter().find(|name| name == table) else {
        return Ok(None);
    };
    let info: Vec<(String,)> =
        sqlx::query_as("select name from pragma_table_info(?)").bind(&name).fetch_all(&mut conn).await?;
    let select = format!("select * from \"{name}\" order by 1 desc limit {ROWS_MAX}");
    let mut rows = sqlx::query(sqlx::AssertSqlSafe(select)).fetch_all(&mut conn).await?;
    rows.reverse();
    conn.close().await?;
    let rows = rows.iter().map(cells).collect();
    Ok(Some(TableRows { columns: info.into_iter().map(|(name,)| name).collect(), rows }))
}

/// The tables (and views) of an open database, each with its columns.
pub async fn columns(conn: &mut SqliteConnection) -> Result<BTreeMap<String, Vec<String>>, sqlx::Error> {
    let mut tables = BTreeMap::new();
    for name in names(conn).await? {
        let columns: Vec<(String,)> =
            sqlx::query_as("select name from pragma_table_info(?)").bind(&name).fetch_all(&mut *conn).await?;
        tables.insert(name, columns.into_iter().map(|(name,)| name).collect());
    }
    Ok(tables)
}

async fn open(path: &Path) -> anyhow::Result<SqliteConnection> {
    crate::storage::open_to_read(path).await.with_context(|| format!("cannot look into {}", path.display()))
}

async fn names(conn: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let rows: Vec<(String,)> = sqlx::query_as(
        "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by rowid",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

fn cells(row: &SqliteRow) -> Vec<Value> {
    (0..row.columns().len())
        .map(|i| {
            let Ok(value) = row.try_get_raw(i) else { return Value::Null };
            if value.is_null() {
                // Its type is the column's, and a text that is not there would read as an empty one.
                return Value::Null;
            }
            match value.type_info().name() {
                "INTEGER" => row.try_get::<i64, _>(i).map_or(Value::Null, Value::from),
                "REAL" => row.try_get::<f64, _>(i).map_or(Value::Null, Value::from),
                "TEXT" => row.try_get::<String, _>(i).map_or(Value::Null, Value::from),
                "BLOB" => row.try_get::<Vec<u8>, _>(i).map_or(Value::Null, |blob| blob_text(&blob)),
                _ => Value::Null,
            }
        })
        .collect()
}

/// A UUID as UUIDs are written, anything else by its size.
fn blob_text(blob: &[u8]) -> Value {
    Value::from(protocol::Uuid::from_slice(blob).map_or_else(|_| format!("{} bytes", blob.len()), |id| id.to_string()))
}
