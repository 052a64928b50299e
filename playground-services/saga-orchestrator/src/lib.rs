//! The saga orchestrator: asks for one step of an order's saga after the other, and when one is
//! refused, has those before it taken back. What is not answered in time is asked for again; where
//! that does not help either, the saga is parked until somebody has it go on with `ResumeSaga`.
//!
//! Owns the tables `saga`, `saga_log` and `origin`. The steps are listed in [`definition`].
//! Publishes the commands of that list, and hears the answers.

mod definition;
mod domain;
mod reactions;
mod storage;

use kit::{Ctx, Due, Refusal, Reply, Service, Stage, Work};
use sqlx::sqlite::SqliteConnection;

pub struct SagaOrchestrator;

impl Service for SagaOrchestrator {
    const MIGRATIONS: &'static [&'static str] = &[
        include_str!("../migrations/0001_saga.sql"),
        include_str!("../migrations/0002_deadlines.sql"),
        include_str!("../migrations/0003_gift.sql"),
    ];
    type Outside = ();

    async fn outside(&self, _: &Ctx, _: &Work) {}

    type Rows = storage::Sagas;

    async fn load(&self, conn: &mut SqliteConnection, batch: &[&Work]) -> sqlx::Result<Self::Rows> {
        storage::load(conn, batch.iter().filter_map(|work| work.number("order_id"))).await
    }

    fn handle(&self, rows: &mut Self::Rows, work: &Work, (): &(), stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
        reactions::react(rows, work, stage)
    }

    async fn save(&self, conn: &mut SqliteConnection, rows: &Self::Rows) -> sqlx::Result<()> {
        storage::save(conn, rows).await
    }

    fn deadline(&self, rows: &Self::Rows) -> Option<u64> {
        rows.deadline()
    }

    async fn due(&self, conn: &mut SqliteConnection, now_us: u64, most: usize) -> sqlx::Result<Due> {
        storage::due(conn, now_us, most).await
    }
}
