//! Inventory: holds pieces for an order, and gives them back when the order fails.
//!
//! Owns the tables `stock` and `reservations`. Its saga steps are `reserve-stock`, `sell-stock` and
//! `release-stock`, the compensation; the topology says at which message each is carried out.
//! Publishes `StockReserved`, `StockRejected`, `StockSold` and `StockReleased`.

pub mod domain;
mod reactions;
pub mod storage;

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

    type Rows = storage::Warehouse;

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
