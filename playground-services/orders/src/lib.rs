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
