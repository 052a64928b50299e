//! Notifications: tells the customer how the order ended. The text-book's Email.
//!
//! Owns the table `notifications`. Publishes nothing; reacts to `OrderConfirmed` and
//! `OrderCancelled`. Hands its mail to a relay, which lies outside the glass.

mod domain;
mod reactions;
mod storage;

use kit::{Ctx, Refusal, Reply, Service, Stage, Work};
use sqlx::sqlite::SqliteConnection;

pub struct Notifications;

impl Service for Notifications {
    const MIGRATIONS: &'static [&'static str] = &[include_str!("../migrations/0001_notifications.sql")];
    type Outside = ();

    /// The mail relay: a declared latency, shown on the page.
    async fn outside(&self, ctx: &Ctx, _: &Work) {
        let latency_ms = ctx.spec.outside.as_ref().map_or(0, |outside| outside.latency_ms);
        ctx.clock.sleep_until(ctx.clock.now_us() + latency_ms * 1000).await;
    }

    type Rows = kit::Unit<domain::Notification>;

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
