//! Orders: takes `PlaceOrder`, keeps each order's state, and says how it ended.
//!
//! Owns the table `orders`. Its saga steps are `create-order`, `confirm-order` and `cancel-order`;
//! the topology says at which message each is carried out. `ShipOrder` is no part of the saga: it
//! only reads what the saga has left so far. Publishes `OrderCreated`, `OrderConfirmed`,
//! `OrderCancelled` and `OrderShipped`.

pub mod domain;
mod reactions;
pub mod storage;

use kit::{Ctx, Refusal, Reply, Service, Stage, Work};
use sqlx::sqlite::SqliteConnection;

pub struct Orders;

impl Service for Orders {
    const MIGRATIONS: &'static [&'static str] =
        &[include_str!("../migrations/0001_orders.sql"), include_str!("../migrations/0002_shipped.sql")];
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
