//! The orchestrator's own tables. Never begins or commits: whoever calls owns the transaction.

use crate::definition::CREATE_ORDER;
use crate::domain::{Order, Saga, SagaEvent, Status};
use kit::storage::json;
use kit::{Due, Origin, Unit};
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;

/// The sagas a batch is about, and what is new in their logs.
#[derive(Debug)]
pub struct Sagas {
    sagas: Unit<Saga>,
    origins: Unit<Origin>,
    /// When the answers are overdue that are waited for from now on, in microseconds since the sandbox was created.
    due: BTreeMap<i64, u64>,
    /// Order, number, entry, step.
    log: Vec<(i64, i64, &'static str, &'static str)>,
}

impl Sagas {
    pub fn get(&self, order_id: i64) -> Option<&Saga> {
        self.sagas.get(order_id)
    }

    /// Where the saga comes from.
    pub fn origin(&self, order_id: i64) -> Origin {
        self.origins.get(order_id).copied().unwrap_or_default()
    }

    pub fn began(&mut self, order_id: i64, origin: Origin) {
        self.origins.put(order_id, origin);
    }

    /// The saga after this event, which is the latest of its log. Its answer is overdue then, if it waits for one.
    pub fn put(&mut self, saga: Saga, event: &SagaEvent, due_us: Option<u64>) {
        let id = saga.order.id;
        let (entry, step) = event.entry();
        self.log.push((id, saga.entries, entry, CREATE_ORDER[step].name));
        self.sagas.put(id, saga);
        match due_us {
            Some(due_us) => drop(self.due.insert(id, due_us)),
            None => drop(self.due.remove(&id)),
        }
    }

    /// The nearest deadline among them.
    pub fn deadline(&self) -> Option<u64> {
        self.due.values().min().copied()
    }
}

pub async fn load(conn: &mut SqliteConnection, orders: impl Iterator<Item = i64>) -> sqlx::Result<Sagas> {
    type Row = (i64, i64, i64, i64, i64, String, i64, u32, u32, bool, Option<String>, i64, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "select order_id, item_id, quantity, user_id, amount_minor, status, step, attempt, round, answered, reason,
                entries, origin
         from saga left join origin using (order_id)
         where order_id in (select value from json_each(?))",
    )
    .bind(json(orders))
    .fetch_all(conn)
    .await?;
    let (mut sagas, mut origins) = (vec![], vec![]);
    for (
        id,
        item_id,
        quantity,
        user_id,
        amount_minor,
        status,
        step,
        attempt,
        round,
        answered,
        reason,
        entries,
        origin,
    ) in rows
    {
        let known = usize::try_from(step).ok().filter(|step| *step < CREATE_ORDER.len());
        let step = known.ok_or_else(|| unreadable(format!("step {step}")))?;
        let status = Status::parse(&status).ok_or_else(|| unreadable(format!("status {status}")))?;
        let order = Order { id, item_id, quantity, user_id, amount_minor };
        sagas.push((id, Saga { order, status, step, attempt, round, answered, reason, entries }));
        if let Some(origin) = origin {
            origins.push((id, serde_json::from_str(&origin).map_err(|error| unreadable(error.to_string()))?));
        }
    }
    let (sagas, origins) = (Unit::loaded(sagas), Unit::loaded(origins));
    Ok(Sagas { sagas, origins, due: BTreeMap::new(), log: vec![] })
}

fn unreadable(what: String) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

pub async fn save(conn: &mut SqliteConnection, sagas: &Sagas) -> sqlx::Result<()> {
    let rows = sagas.sagas.changed().map(|(id, saga)| {
        let Order { item_id, quantity, user_id, amount_minor, .. } = saga.order;
        let order = (id, item_id, quantity, user_id, amount_minor);
        let progress = (saga.status.name(), saga.step, saga.attempt, saga.round, i64::from(saga.answered));
        (order, progress, &saga.reason, saga.entries, sagas.due.get(&id))
    });
    let origins = sagas.origins.changed();
    sqlx::query(
        "insert into saga (order_id, item_id, quantity, user_id, amount_minor, status, step, attempt, round, answered,
                           reason, entries, due_us)
         select value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]', value ->> '$[0][3]', value ->> '$[0][4]',
                value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]', value ->> '$[1][4]',
                value ->> 2, value ->> 3, value ->> 4
         from json_each(?) where true
         on conflict (order_id) do update
         set status = excluded.status, step = excluded.step, attempt = excluded.attempt, round = excluded.round,
             answered = excluded.answered, reason = excluded.reason, entries = excluded.entries,
             due_us = excluded.due_us;
         insert into saga_log (order_id, n, entry, step)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?);
         insert into origin (order_id, origin) select value ->> 0, value ->> 1 from json_each(?)",
    )
    .bind(json(rows))
    .bind(json(sagas.log.iter()))
    .bind(json(origins))
    .execute(conn)
    .await
    .map(drop)
}

/// Sagas whose answer is overdue, the longest first, and when the next one will be.
pub async fn due(conn: &mut SqliteConnection, now_us: u64, most: usize) -> sqlx::Result<Due> {
    let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "select order_id, due_us, entries, origin from saga join origin using (order_id)
         where due_us is not null order by due_us limit ?",
    )
    .bind(i64::try_from(most + 1).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let mut due = Due::default();
    for (order_id, due_us, entries, origin) in rows {
        let due_us = due_us.unsigned_abs();
        if due_us > now_us || due.passed.len() == most {
            due.next = Some(due_us);
            break;
        }
        let origin: Origin = serde_json::from_str(&origin).map_err(|error| unreadable(error.to_string()))?;
        due.passed.push(origin.deadline(entries, serde_json::json!({ "order_id": order_id, "due_us": due_us })));
    }
    Ok(due)
}
