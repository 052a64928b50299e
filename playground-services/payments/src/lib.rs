//! Payments: charges the card for an order whose pieces are held.
//!
//! Owns the table `payments`. Publishes `PaymentSucceeded` and `PaymentFailed`; reacts to
//! `StockReserved`. Asks a card network, which lies outside the glass.

mod card_network;
mod domain;
mod reactions;
mod storage;

use card_network::Charge;
use kit::{Ctx, Refusal, Reply, Service, Stage, Work};
use sqlx::sqlite::SqliteConnection;

pub struct Payments;

impl Service for Payments {
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0001_payments.sql")];
    type Outside = Charge;

    async fn outside(&self, ctx: &Ctx, work: &Work) -> Charge {
        card_network::charge(ctx, work).await
    }

    async fn handle(
        &self,
        conn: &mut SqliteConnection,
        work: &Work,
        charge: &Charge,
        stage: &mut Stage<'_>,
    ) -> Result<Reply, Refusal> {
        reactions::react(conn, work, charge, stage).await
    }
}
