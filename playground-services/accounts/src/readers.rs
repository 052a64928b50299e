//! What readers of each age make of one account's events: the software of the first year, of the
//! second and of today, each with the upcasters as they are switched now.

use crate::domain::{Account, Accounts, evolve};
use crate::storage::Store;
use kit::event_store::{Aggregate, EventStore, Recorded, Slice, StoreError, read_stream};
use kit::storage::json;
use sqlx::sqlite::SqliteConnection;

/// A row of `readings`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub sequence: u64,
    pub reader: &'static str,
    pub schema: u16,
    /// `read`, `upcast` or `broken`.
    pub outcome: &'static str,
    pub detail: String,
    /// `None` from the first broken event on.
    pub balance_minor: Option<i64>,
}

/// Has all three read the account.
pub async fn read(conn: &mut SqliteConnection, store: &Store, account: i64) -> Result<Vec<Reading>, StoreError> {
    let batch = read_stream(conn, account, 1, u64::MAX >> 1).await?;
    let events = batch.events().await?;
    let mut readings = by::<1>("v1", store, &events);
    readings.extend(by::<2>("v2", store, &events));
    readings.extend(by::<3>("v3", store, &events));
    Ok(readings)
}

fn by<const SCHEMA: u16>(reader: &'static str, today: &Store, events: &[Recorded<'_>]) -> Vec<Reading> {
    let store = EventStore::<Accounts<SCHEMA>>::default().with_upcasters(today.upcasters().clone());
    let mut account = Some(Account::default());
    events
        .iter()
        .map(|recorded| {
            let (outcome, detail) = match store.read(Slice::of(recorded)) {
                Ok(event) => {
                    account = account.take().map(|account| evolve(account, &event));
                    let as_stored = Accounts::<SCHEMA>::schema(recorded.kind) == Some(recorded.schema);
                    (if as_stored { "read" } else { "upcast" }, String::new())
                }
                Err(why) => {
                    account = None;
                    ("broken", why.to_string())
                }
            };
            let balance_minor = account.as_ref().map(|account| account.balance_minor);
            let (sequence, schema) = (recorded.sequence, recorded.schema);
            Reading { sequence, reader, schema, outcome, detail, balance_minor }
        })
        .collect()
}

/// Stores them in the place of what was read before.
pub async fn keep(conn: &mut SqliteConnection, account: i64, readings: &[Reading]) -> sqlx::Result<()> {
    sqlx::query("delete from readings where account_id = ?").bind(account).execute(&mut *conn).await?;
    let rows = readings
        .iter()
        .map(|it| (account, it.sequence, it.reader, it.schema, it.outcome, &it.detail, it.balance_minor));
    sqlx::query(
        "insert into readings
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
         from json_each(?)",
    )
    .bind(json(rows))
    .execute(conn)
    .await
    .map(drop)
}
