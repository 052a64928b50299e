//! Gift wrapping: wraps what an order holds. It came last, to a shop that went without.
//!
//! Owns the table `wrappings`. Its saga steps are `wrap-gift` and `unwrap-gift`, the compensation;
//! the topology says at which message each is carried out. Publishes `GiftWrapped` and
//! `GiftUnwrapped`.

mod domain;
mod reactions;
mod storage;

use kit::{Ctx, Refusal, Reply, Service, Stage, Work};
use sqlx::sqlite::SqliteConnection;

pub struct GiftWrapping;

impl Service for GiftWrapping {
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0001_wrappings.sql")];
    type Outside = ();

    async fn outside(&self, _: &Ctx, _: &Work) {}

    type Rows = kit::Unit<domain::Wrapping>;

    async fn load(&self, conn: &mut SqliteConnection, batch: &[&Work]) -> sqlx::Result<Self::Rows> {
        storage::load(conn, batch.iter().filter_map(|work| work.number("order_id"))).await
    }

    fn handle(&self, rows: &mut Self::Rows, work: &Work, (): &(), stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
        reactions::react(rows, work, stage)
    }

    async fn save(&self, conn: &mut SqliteConnection, rows: &Self::Rows) -> sqlx::Result<()> {
        storage::save(conn, rows).await
    }
}
