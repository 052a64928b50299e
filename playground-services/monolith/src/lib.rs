//! The monolith: orders, inventory and payments in one process, on one database.
//!
//! It links the rules and the SQL of the three services and owns all their tables. What they need
//! a saga for is one local transaction here: stock, order and payment are stored or taken back
//! together. Publishes nothing, since there is nobody to tell.

mod reactions;
mod storage;

use kit::{Ctx, Refusal, Reply, Service, Stage, Work};
use payments::card_network::{self, Charge};
use protocol::Observation;
use sqlx::sqlite::SqliteConnection;

pub struct Monolith;

impl Service for Monolith {
    const MIGRATIONS: &'static [&'static str] = &[
        inventory::Inventory::MIGRATIONS[0],
        orders::Orders::MIGRATIONS[0],
        orders::Orders::MIGRATIONS[1],
        payments::Payments::MIGRATIONS[0],
        payments::Payments::MIGRATIONS[1],
    ];
    type Outside = Charge;

    async fn seed(&self, ctx: &Ctx, conn: &mut SqliteConnection) -> anyhow::Result<()> {
        inventory::Inventory.seed(ctx, conn).await
    }

    async fn outside(&self, ctx: &Ctx, work: &Work) -> Charge {
        let charge = card_network::ask(ctx, work).await;
        if let Charge::Declined { fault } = &charge {
            // Said here: the transaction, and all that would be said in it, will be taken back.
            let on = work.kind().to_owned();
            ctx.observe(&work.span(), Observation::FaultTriggered { fault_id: fault.clone(), on });
        }
        charge
    }

    type Rows = storage::Shop;

    async fn load(&self, conn: &mut SqliteConnection, _: &[&Work]) -> sqlx::Result<Self::Rows> {
        storage::load(conn).await
    }

    fn handle(
        &self,
        rows: &mut Self::Rows,
        work: &Work,
        charge: &Charge,
        stage: &mut Stage<'_>,
    ) -> Result<Reply, Refusal> {
        reactions::place_order(rows, work, charge, stage)
    }

    async fn save(&self, conn: &mut SqliteConnection, rows: &Self::Rows) -> sqlx::Result<()> {
        storage::save(conn, rows).await
    }

    fn may_commit(&self, rows: &Self::Rows) -> Result<(), String> {
        rows.refused.clone().map_or(Ok(()), Err)
    }
}
