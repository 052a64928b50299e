//! What readers of each age make of one account's events: the software of the first year, of the
//! second and of today, each with the upcasters as they are switched now.

use crate::domain::{Account, Accounts, evolve};
use crate::storage::Store;
use kit::event_store::{Aggregate, EventStore, Recorded, Slice, StoreError, read_stream};
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
