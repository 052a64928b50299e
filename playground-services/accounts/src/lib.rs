//! Accounts: keeps what happened to each account, and counts the balance from it.
//!
//! Event-sourced: its truth are the streams of `kit::event_store`, one per account. The table
//! `statement` shows them as rows; the read models `balances`, `monthly` and `activity` are built
//! from them, and can be built anew. Publishes `AccountCreated`, `MoneyDeposited`, `MoneyWithdrawn`
//! and `EntryCorrected`.
//!
//! Read on in [`domain`], then `reactions`, `projections` and `readers`.

pub mod domain;
mod projections;
mod reactions;
mod readers;
mod seed;
mod storage;

use domain::upcasters;
use kit::event_store::{OLDER, SCHEMA};
use kit::{Ctx, Due, Refusal, Reply, Service, Stage, Work};
use sqlx::sqlite::SqliteConnection;
use std::sync::{Arc, Mutex, PoisonError};
use storage::{Ledger, Store};

pub struct Accounts {
    ctx: Ctx,
    /// As the upcasters are switched: how those of v1 and of v2 stand, and the store under them.
    store: Mutex<([bool; 2], Arc<Store>)>,
}

impl Accounts {
    pub fn new(ctx: &Ctx) -> Self {
        let switched = switched(ctx);
        Accounts { ctx: ctx.clone(), store: Mutex::new((switched, store(switched))) }
    }

    /// What was read under other upcasters is read anew.
    fn store(&self) -> Arc<Store> {
        let switched = switched(&self.ctx);
        let mut kept = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 != switched {
            *kept = (switched, store(switched));
        }
        kept.1.clone()
    }
}

fn switched(ctx: &Ctx) -> [bool; 2] {
    [ctx.is_on("upcast-v1"), ctx.is_on("upcast-v2")]
}

fn store([v1, v2]: [bool; 2]) -> Arc<Store> {
    let is_on = |name: &str| if name == "upcast-v1" { v1 } else { v2 };
    Arc::new(Store::with_snapshots(SNAPSHOT_EVERY).with_upcasters(upcasters(is_on)))
}

/// Few accounts ever have so many events; those that do are loaded from the last snapshot on.
const SNAPSHOT_EVERY: u64 = 100;

/// Between two steps of a build commands have their turn, in microseconds.
const PAUSE_US: u64 = 3_000;

impl Service for Accounts {
    const MIGRATIONS: &'static [&'static str] = &[
        SCHEMA,
        include_str!("../migrations/0001_accounts.sql"),
        include_str!("../migrations/0002_causes_and_paces.sql"),
        OLDER,
    ];
    type Outside = ();

    async fn seed(&self, ctx: &Ctx, conn: &mut SqliteConnection) -> anyhow::Result<()> {
        seed::seed(conn, &ctx.clock).await
    }

    async fn outside(&self, _: &Ctx, _: &Work) {}

    type Rows = Ledger;

    async fn load(&self, conn: &mut SqliteConnection, batch: &[&Work]) -> sqlx::Result<Ledger> {
        Ok(storage::load(conn, self.store(), batch, self.ctx.clock.now_us()).await?)
    }

    fn handle(&self, rows: &mut Ledger, work: &Work, (): &(), stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
        reactions::react(rows, work, stage)
    }

    async fn save(&self, conn: &mut SqliteConnection, rows: &Ledger) -> sqlx::Result<()> {
        Ok(storage::save(conn, rows).await?)
    }

    fn committed(&self, rows: &Ledger) {
        rows.store.committed(&rows.streams);
    }

    fn deadline(&self, rows: &Ledger) -> Option<u64> {
        let soonest = self.ctx.clock.now_us() + PAUSE_US;
        rows.next_step_us().map(|due_us| due_us.max(soonest))
    }

    async fn due(&self, conn: &mut SqliteConnection, now_us: u64, most: usize) -> sqlx::Result<Due> {
        storage::due(conn, now_us, most).await
    }
}
