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

/// The rows of one table; `None` when there is no table of that name. `under`: only rows whose
/// primary key begins with these columns' values, a `/` between them.
pub async fn read(path: &Path, table: &str, under: Option<&str>) -> anyhow::Result<Option<TableRows>> {
    let mut conn = open(path).await?;
    // The name goes into SQL only after it was found among the file's own tables.
    let Some(name) = names(&mut conn).await?.into_iter().find(|name| name == table) else {
        return Ok(None);
    };
    let columns: Vec<(String, i64)> =
        sqlx::query_as("select name, pk from pragma_table_info(?)").bind(&name).fetch_all(&mut conn).await?;
    let parts: Vec<&str> = under.map_or_else(Vec::new, |under| under.split('/').collect());
    let rows = match select(&name, &columns, parts.len()) {
        None => vec![],
        Some(select) => {
            let query = sqlx::query(sqlx::AssertSqlSafe(select));
            let mut rows = parts.into_iter().fold(query, sqlx::query::Query::bind).fetch_all(&mut conn).await?;
            rows.reverse();
            rows.iter().map(cells).collect()
        }
    };
    conn.close().await?;
    Ok(Some(TableRows { columns: columns.into_iter().map(|(name, _)| name).collect(), rows }))
}

/// The newest rows, of which so many columns of the primary key are given; `None` where it has fewer.
/// A view, which has none, is in the order of its first column.
fn select(name: &str, columns: &[(String, i64)], given: usize) -> Option<String> {
    // In the order in which the record has the parts of a key.
    let key = columns.iter().filter(|(_, pk)| *pk > 0);
    let key: Vec<String> = key.map(|(column, _)| format!("\"{column}\"")).collect();
    let are: Vec<String> = key.get(..given)?.iter().map(|column| format!("{column} = ?")).collect();
    let which = if are.is_empty() { String::new() } else { format!("where {}", are.join(" and ")) };
    let order = if key.is_empty() { "1 desc".to_owned() } else { key.join(" desc, ") + " desc" };
    Some(format!("select * from \"{name}\" {which} order by {order} limit {ROWS_MAX}"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const STATEMENT: &str = "create table statement (account_id integer not null, sequence integer not null,
        primary key (account_id, sequence)) without rowid;
        create view statements as select * from statement;
        with recursive n (n) as (select 1 union all select n + 1 from n where n < 1200)
        insert into statement select 99, n from n union all select 42, n from n where n <= 10 or n = 1200";

    #[tokio::test]
    async fn the_newest_rows_are_those_with_the_greatest_keys_and_one_account_is_had_beside_a_busy_one() {
        let path = std::env::temp_dir().join(format!("kit-tables-{}", protocol::Uuid::new_v4()));
        crate::storage::open(&path, &[STATEMENT]).await.expect("opens").close().await.expect("closes");
        let look = async |table, under| {
            let found = read(&path, table, under).await.expect("can be read").expect("is there");
            assert_eq!(found.columns, ["account_id", "sequence"]);
            found.rows
        };
        let all = look("statement", None).await;
        assert_eq!(
            (all.len(), &all[0], all.last()),
            (1000, &vec![json!(99), json!(201)], Some(&vec![json!(99), json!(1200)]))
        );
        let of_42: Vec<_> = (1..=10).chain([1200]).map(|n| vec![json!(42), json!(n)]).collect();
        assert_eq!(look("statement", Some("42")).await, of_42);
        assert_eq!(look("statement", Some("42/7")).await, of_42[6..7]);
        for none in ["4", "42/7/1", "42 or 1=1", ""] {
            assert_eq!(look("statement", Some(none)).await, Vec::<Vec<Value>>::new(), "{none}");
        }
        // A view has no key.
        assert_eq!(look("statements", None).await.len(), 1000);
        assert_eq!(look("statements", Some("42")).await, Vec::<Vec<Value>>::new());
        std::fs::remove_file(&path).expect("it is there");
    }
}
