//! Payments: charges the card for an order whose pieces are held.
//!
//! Owns the table `payments`. Its saga steps are `charge-card` and `refund-payment`, the
//! compensation; the topology says at which message each is carried out. Publishes
//! `PaymentSucceeded`, `PaymentFailed` and `PaymentRefunded`. Asks a card network, which lies
//! outside the glass.

pub mod card_network;
pub mod domain;
mod reactions;
pub mod storage;

use card_network::Charge;
use kit::{Ctx, Refusal, Reply, Service, Stage, Work};
use sqlx::sqlite::SqliteConnection;

pub struct Payments;

impl Service for Payments {
    const MIGRATIONS: &'static [&'static str] =
        &[include_str!("../migrations/0001_payments.sql"), include_str!("../migrations/0002_charges.sql")];
    type Outside = Charge;

    async fn outside(&self, ctx: &Ctx, work: &Work) -> Charge {
        card_network::ask(ctx, work).await
    }

    type Rows = kit::Unit<domain::Account>;

    async fn load(&self, conn: &mut SqliteConnection, batch: &[&Work]) -> sqlx::Result<Self::Rows> {
        storage::load(conn, batch.iter().filter_map(|work| work.number("order_id"))).await
    }

    fn handle(
        &self,
        rows: &mut Self::Rows,
        work: &Work,
        charge: &Charge,
        stage: &mut Stage<'_>,
    ) -> Result<Reply, Refusal> {
        reactions::react(rows, work, charge, stage)
    }

    async fn save(&self, conn: &mut SqliteConnection, rows: &Self::Rows) -> sqlx::Result<()> {
        storage::save(conn, rows).await
    }
}
