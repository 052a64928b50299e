//! Orders: takes `PlaceOrder`, keeps each order's state, and says how it ended.
//!
//! Owns the table `orders`. Publishes `OrderCreated`, `OrderConfirmed` and `OrderCancelled`;
//! reacts to `PaymentSucceeded`, `PaymentFailed` and `StockRejected`.

mod domain;
mod reactions;
mod storage;

use kit::{Ctx, Refusal, Reply, Service, Stage, Work};
use sqlx::sqlite::SqliteConnection;

pub struct Orders;

impl Service for Orders {
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0001_orders.sql")];
    type Outside = ();

    async fn outside(&self, _: &Ctx, _: &Work) {}

    type Rows = storage::Book;

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
