//! Payments' own table. Never begins or commits: whoever calls owns the transaction.

use crate::domain::{Account, Payment, Status};
use kit::Unit;
use kit::storage::json;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;

pub async fn load(conn: &mut SqliteConnection, orders: impl Iterator<Item = i64>) -> sqlx::Result<Unit<Account>> {
    let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "select order_id, user_id, amount_minor, status from payments
         where order_id in (select value from json_each(?)) order by order_id, n",
    )
    .bind(json(orders))
    .fetch_all(conn)
    .await?;
    let mut accounts: BTreeMap<i64, Account> = BTreeMap::new();
    for (order_id, user_id, amount_minor, status) in rows {
        let status = Status::parse(&status).ok_or_else(|| sqlx::Error::Decode(format!("status {status}").into()))?;
        accounts.entry(order_id).or_default().payments.push(Payment { user_id, amount_minor, status });
    }
    Ok(Unit::loaded(accounts))
}

pub async fn save(conn: &mut SqliteConnection, accounts: &Unit<Account>) -> sqlx::Result<()> {
    let rows = accounts.changed().flat_map(|(order_id, account)| {
        let numbered = account.payments.iter().zip(1..);
        numbered.map(move |(payment, n)| (order_id, n, payment.user_id, payment.amount_minor, payment.status.name()))
    });
    sqlx::query(
        "insert into payments (order_id, n, user_id, amount_minor, status)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from json_each(?) where true
         on conflict (order_id, n) do update set status = excluded.status where status <> excluded.status",
    )
    .bind(json(rows))
    .execute(conn)
    .await
    .map(drop)
}
