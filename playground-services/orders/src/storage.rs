//! Orders' own table. Never begins or commits: whoever calls owns the transaction.

use crate::domain::{Order, Status};
use kit::Unit;
use kit::storage::json;
use protocol::FIRST_ORDER;
use sqlx::sqlite::SqliteConnection;

/// The orders a batch is about, and the id the next one gets.
#[derive(Debug)]
pub struct Book {
    pub orders: Unit<Order>,
    next_id: i64,
}

impl Book {
    /// Ids are gapless: one is used up only when its order is stored.
    pub fn next_id(&mut self) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

pub async fn load(conn: &mut SqliteConnection, ids: impl Iterator<Item = i64>) -> sqlx::Result<Book> {
    type Row = (i64, Option<i64>, i64, i64, i64, i64, String, Option<String>, bool);
    let rows: Vec<Row> = sqlx::query_as(
        "select (select coalesce(max(id) + 1, ?) from orders),
                id, coalesce(item_id, 0), coalesce(quantity, 0), coalesce(user_id, 0), coalesce(amount_minor, 0),
                coalesce(status, ''), reason, coalesce(shipped, 0)
         from (select 1) left join orders on id in (select value from json_each(?))",
    )
    .bind(FIRST_ORDER)
    .bind(json(ids))
    .fetch_all(conn)
    .await?;
    let next_id = rows.first().map_or(FIRST_ORDER, |row| row.0);
    let orders =
        rows.into_iter().filter_map(|(_, id, item_id, quantity, user_id, amount_minor, status, reason, shipped)| {
            let id = id?;
            let status = Status::parse(&status).ok_or_else(|| sqlx::Error::Decode(format!("status {status}").into()));
            Some(
                status.map(|status| {
                    (id, Order { id, item_id, quantity, user_id, amount_minor, status, reason, shipped })
                }),
            )
        });
    Ok(Book { orders: Unit::loaded(orders.collect::<sqlx::Result<Vec<_>>>()?), next_id })
}

pub async fn save(conn: &mut SqliteConnection, book: &Book) -> sqlx::Result<()> {
    let rows = book.orders.changed().map(|(id, order)| {
        let Order { item_id, quantity, user_id, amount_minor, status, reason, shipped, .. } = order;
        (id, item_id, quantity, user_id, amount_minor, status.name(), reason, shipped)
    });
    sqlx::query(
        "insert into orders (id, item_id, quantity, user_id, amount_minor, status, reason, shipped)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
         from json_each(?) where true
         on conflict (id) do update
         set status = excluded.status, reason = excluded.reason, shipped = excluded.shipped",
    )
    .bind(json(rows))
    .execute(conn)
    .await
    .map(drop)
}
