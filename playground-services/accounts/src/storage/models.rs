//! The read models' tables.

use crate::projections::{Build, Model, Rows, State};
use kit::storage::json;
use sqlx::sqlite::SqliteConnection;

/// Every build there is.
pub async fn builds(conn: &mut SqliteConnection) -> sqlx::Result<Vec<Build>> {
    type Row = (String, i64, String, i64, i64, String, String, Option<u32>, i64, i64, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "select projection, build, logic, position, \"end\", state, detail, events_per_second, began_us, took_us, took_in
         from projections",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|(projection, build, logic, position, end, state, detail, pace, began_us, took_us, took_in)| {
            let unknown = |what: &str| sqlx::Error::Decode(what.to_owned().into());
            Ok(Build {
                model: Model::parse(&projection).ok_or_else(|| unknown(&projection))?,
                build,
                logic,
                position: position.unsigned_abs(),
                end: end.unsigned_abs(),
                state: State::parse(&state).ok_or_else(|| unknown(&state))?,
                detail,
                events_per_second: pace,
                began_us: began_us.unsigned_abs(),
                took_us: took_us.unsigned_abs(),
                took_in: took_in.unsigned_abs(),
                changed: false,
            })
        })
        .collect()
}

/// Stores how builds stand.
pub async fn note(conn: &mut SqliteConnection, builds: impl Iterator<Item = &Build>) -> sqlx::Result<()> {
    let rows: Vec<_> = builds
        .map(|it| {
            let stands = (it.model.name(), it.build, &it.logic, it.position, it.end, it.state.name(), &it.detail);
            (stands, (it.events_per_second, it.began_us, it.took_us, it.took_in))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into projections
         select value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]', value ->> '$[0][3]', value ->> '$[0][4]',
                value ->> '$[0][5]', value ->> '$[0][6]',
                value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]'
         from json_each(?) where true
         on conflict (projection, build) do update set position = excluded.position, \"end\" = excluded.\"end\",
             state = excluded.state, detail = excluded.detail, took_us = excluded.took_us, took_in = excluded.took_in",
    )
    .bind(json(rows.into_iter()))
    .execute(conn)
    .await
    .map(std::mem::drop)
}

/// The rows of a build.
pub async fn rows(conn: &mut SqliteConnection, build: &Build) -> sqlx::Result<Rows> {
    let mut rows = Rows::new(build);
    match build.model {
        Model::Balances => {
            let found: Vec<(i64, i64, i64)> =
                sqlx::query_as("select account_id, balance_minor, entries from balances where build = ?")
                    .bind(build.build)
                    .fetch_all(&mut *conn)
                    .await?;
            rows.amounts = found.into_iter().map(|(id, a, b)| ((id, String::new()), [a, b])).collect();
            let counted: Vec<(i64, String)> = sqlx::query_as("select account_id, mark from counted where build = ?")
                .bind(build.build)
                .fetch_all(conn)
                .await?;
            rows.counted = counted.into_iter().collect();
        }
        Model::Monthly => {
            let found: Vec<(i64, String, i64, i64)> =
                sqlx::query_as("select account_id, month, paid_in_minor, paid_out_minor from monthly where build = ?")
                    .bind(build.build)
                    .fetch_all(conn)
                    .await?;
            rows.amounts = found.into_iter().map(|(id, month, a, b)| ((id, month), [a, b])).collect();
        }
        Model::Activity => {
            let found: Vec<(String, i64, i64)> =
                sqlx::query_as("select day, entries, turnover_minor from activity where build = ?")
                    .bind(build.build)
                    .fetch_all(conn)
                    .await?;
            rows.amounts = found.into_iter().map(|(day, a, b)| ((0, day), [a, b])).collect();
        }
    }
    Ok(rows)
}

/// Stores the rows that have changed.
pub async fn keep(conn: &mut SqliteConnection, rows: &Rows) -> sqlx::Result<()> {
    let amounts = rows.touched.iter().filter_map(|key| Some((key, rows.amounts.get(key)?)));
    let changed = json(amounts.map(|((id, text), [a, b])| (rows.build, id, text, a, b)));
    let upsert = match rows.model {
        Model::Balances => {
            "insert into balances select value ->> 0, value ->> 1, value ->> 3, value ->> 4 from json_each(?) where true
             on conflict do update set balance_minor = excluded.balance_minor, entries = excluded.entries"
        }
        Model::Monthly => {
            "insert into monthly
             select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from json_each(?) where true
             on conflict do update set paid_in_minor = excluded.paid_in_minor, paid_out_minor = excluded.paid_out_minor"
        }
        Model::Activity => {
            "insert into activity select value ->> 0, value ->> 2, value ->> 3, value ->> 4 from json_each(?) where true
             on conflict do update set entries = excluded.entries, turnover_minor = excluded.turnover_minor"
        }
    };
    sqlx::query(upsert).bind(changed).execute(&mut *conn).await?;
    let marks = json(rows.marked.iter().map(|(account, mark)| (rows.build, account, mark)));
    sqlx::query("insert or ignore into counted select value ->> 0, value ->> 1, value ->> 2 from json_each(?)")
        .bind(marks)
        .execute(conn)
        .await
        .map(std::mem::drop)
}

/// A build is there no more.
pub async fn drop(conn: &mut SqliteConnection, model: &str, build: i64) -> sqlx::Result<()> {
    let delete = match Model::parse(model) {
        Some(Model::Balances) => {
            sqlx::query("delete from counted where build = ?").bind(build).execute(&mut *conn).await?;
            "delete from balances where build = ?"
        }
        Some(Model::Monthly) => "delete from monthly where build = ?",
        _ => "delete from activity where build = ?",
    };
    sqlx::query(delete).bind(build).execute(&mut *conn).await?;
    sqlx::query("delete from projections where projection = ? and build = ?")
        .bind(model)
        .bind(build)
        .execute(conn)
        .await
        .map(std::mem::drop)
}
