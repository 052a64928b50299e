//! Rows before and after a transaction, seen by triggers.
//!
//! Every table of the service's own gets three TEMP triggers that note a change in a TEMP
//! table; the writer drains it just before it commits. TEMP, so that nothing of it is in
//! the service's file, and a rolled back transaction takes its notes with it.

use protocol::{Name, RowChange};
use sqlx::sqlite::SqliteConnection;
use std::fmt::Write;

/// Bookkeeping, which is not the service's business: the kit's own, with the event store, whose rows
/// are bytes; and where a service keeps the [`crate::Origin`] of work that it goes on with later.
pub const BOOKKEEPING: [&str; 13] = [
    "inbox",
    "shipment",
    "relay",
    "outbox",
    "sequence",
    "lease",
    "fence",
    "origin",
    "event_store",
    "segment",
    "event_id",
    "snapshot",
    "projection",
];

/// Watches all tables of the connection's database but the bookkeeping.
pub async fn watch(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let tables: Vec<(String,)> =
        sqlx::query_as("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
            .fetch_all(&mut *conn)
            .await?;
    let mut script = String::from(
        "create temp table changes (seq integer primary key, tbl text, key text, before text, after text);",
    );
    for (table,) in tables.iter().filter(|(table,)| !BOOKKEEPING.contains(&table.as_str())) {
        let columns: Vec<(String, i64)> =
            sqlx::query_as("select name, pk from pragma_table_info(?)").bind(table).fetch_all(&mut *conn).await?;
        script.push_str(&triggers(table, &columns));
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(script)).execute(conn).await?;
    Ok(())
}

/// The triggers of one table. Names come from the service's own migrations, not from input.
fn triggers(table: &str, columns: &[(String, i64)]) -> String {
    let object = |side: &str| {
        let pairs: Vec<String> = columns.iter().map(|(name, _)| format!("'{name}', {side}.{name}")).collect();
        format!("json_object({})", pairs.join(", "))
    };
    let key = |side: &str| {
        let parts: Vec<String> =
            columns.iter().filter(|(_, pk)| *pk > 0).map(|(name, _)| format!("{side}.{name}")).collect();
        parts.join(" || '/' || ")
    };
    let mut script = String::new();
    for (event, side, before, after) in [
        ("insert", "new", "null".to_owned(), object("new")),
        ("update", "new", object("old"), object("new")),
        ("delete", "old", object("old"), "null".to_owned()),
    ] {
        let _ = write!(
            script,
            "create temp trigger watch_{table}_{event} after {event} on main.{table} begin \
             insert into changes (tbl, key, before, after) values ('{table}', {}, {before}, {after}); end;",
            key(side),
        );
    }
    script
}

/// The changes since the last call, in order.
pub async fn drain(conn: &mut SqliteConnection) -> anyhow::Result<Vec<RowChange>> {
    type Row = (String, String, Option<String>, Option<String>);
    let rows: Vec<Row> =
        sqlx::query_as("select tbl, key, before, after from temp.changes order by seq; delete from temp.changes")
            .fetch_all(conn)
            .await?;
    rows.into_iter()
        .map(|(table, key, before, after)| {
            let value = |text: Option<String>| text.map(|text| serde_json::from_str(&text)).transpose();
            Ok(RowChange { table: Name::from(table), key, before: value(before)?, after: value(after)? })
        })
        .collect()
}
