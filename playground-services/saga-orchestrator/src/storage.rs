//! The orchestrator's own tables. Never begins or commits: whoever calls owns the transaction.

use crate::definition::CREATE_ORDER;
use crate::domain::{Order, Saga, SagaEvent, Status};
use kit::Unit;
use kit::storage::json;
use sqlx::sqlite::SqliteConnection;

/// The sagas a batch is about, and what is new in their logs.
#[derive(Debug)]
pub struct Sagas {
    sagas: Unit<Saga>,
    /// Order, number, entry, step.
    log: Vec<(i64, i64, &'static str, &'static str)>,
}

impl Sagas {
    pub fn get(&self, order_id: i64) -> Option<&Saga> {
        self.sagas.get(order_id)
    }

    /// The saga after this event, which is the latest of its log.
    pub fn put(&mut self, saga: Saga, event: &SagaEvent) {
        let (entry, step) = event.entry();
        self.log.push((saga.order.id, saga.entries, entry, CREATE_ORDER[step].name));
        self.sagas.put(saga.order.id, saga);
    }
}

pub async fn load(conn: &mut SqliteConnection, orders: impl Iterator<Item = i64>) -> sqlx::Result<Sagas> {
    type Row = (i64, i64, i64, i64, i64, String, i64, Option<String>, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "select order_id, item_id, quantity, user_id, amount_minor, status, step, reason, entries from saga
         where order_id in (select value from json_each(?))",
    )
    .bind(json(orders))
    .fetch_all(conn)
    .await?;
    let sagas =
        rows.into_iter().map(|(id, item_id, quantity, user_id, amount_minor, status, step, reason, entries)| {
            let known = usize::try_from(step).ok().filter(|step| *step < CREATE_ORDER.len());
            let step = known.ok_or_else(|| sqlx::Error::Decode(format!("step {step}").into()))?;
            let status =
                Status::parse(&status).ok_or_else(|| sqlx::Error::Decode(format!("status {status}").into()))?;
            let order = Order { id, item_id, quantity, user_id, amount_minor };
            Ok((id, Saga { order, status, step, reason, entries }))
        });
    Ok(Sagas { sagas: Unit::loaded(sagas.collect::<sqlx::Result<Vec<_>>>()?), log: vec![] })
}

pub async fn save(conn: &mut SqliteConnection, sagas: &Sagas) -> sqlx::Result<()> {
    let rows = sagas.sagas.changed().map(|(id, saga)| {
        let Order { item_id, quantity, user_id, amount_minor, .. } = saga.order;
        (id, item_id, quantity, user_id, amount_minor, saga.status.name(), saga.step, &saga.reason, saga.entries)
    });
    sqlx::query(
        "insert into saga (order_id, item_id, quantity, user_id, amount_minor, status, step, reason, entries)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
                value ->> 8
         from json_each(?) where true
         on conflict (order_id) do update
         set status = excluded.status, step = excluded.step, reason = excluded.reason, entries = excluded.entries;
         insert into saga_log (order_id, n, entry, step)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?)",
    )
    .bind(json(rows))
    .bind(json(sagas.log.iter()))
    .execute(conn)
    .await
    .map(drop)
}
