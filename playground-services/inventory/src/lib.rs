//! Inventory: holds pieces for an order, and gives them back when the order fails.
//!
//! Owns the tables `stock` and `reservations`. Publishes `StockReserved`, `StockRejected` and
//! `StockReleased`; reacts to `OrderCreated`, `PaymentSucceeded` and `PaymentFailed`.

mod domain;
mod reactions;
mod storage;

use kit::{Ctx, Refusal, Reply, Service, Stage, Work};
use sqlx::sqlite::SqliteConnection;

pub struct Inventory;

impl Service for Inventory {
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0001_stock.sql")];
    type Outside = ();

    async fn seed(&self, ctx: &Ctx, conn: &mut SqliteConnection) -> anyhow::Result<()> {
        Ok(storage::put_on_shelf(conn, protocol::ITEM, ctx.spec.stock).await?)
    }

    async fn outside(&self, _: &Ctx, _: &Work) {}

    async fn handle(
        &self,
        conn: &mut SqliteConnection,
        work: &Work,
        (): &(),
        stage: &mut Stage<'_>,
    ) -> Result<Reply, Refusal> {
        reactions::react(conn, work, stage).await
    }
}
