//! What notifications does when it hears something.

use crate::domain::{NotificationCommand, decide, evolve};
use crate::storage;
use kit::{Refusal, Reply, Stage, Work};
use protocol::{OrderCancelled, OrderConfirmed};
use sqlx::sqlite::SqliteConnection;

pub async fn react(conn: &mut SqliteConnection, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    let (order_id, user_id, message) = match work.kind() {
        OrderConfirmed::TYPE => {
            let heard: OrderConfirmed = work.data()?;
            (heard.order_id, heard.user_id, "confirmed".to_owned())
        }
        OrderCancelled::TYPE => {
            let heard: OrderCancelled = work.data()?;
            (heard.order_id, heard.user_id, format!("cancelled: {}", heard.reason))
        }
        other => return Err(Refusal::Unreadable(format!("notifications does not know {other}"))),
    };
    let known = storage::load(conn, order_id).await?;
    for event in decide(known.as_ref(), NotificationCommand::Tell { order_id, user_id, message }) {
        storage::insert(conn, &evolve(known.clone(), &event)).await?;
        stage.state_changed("notification", order_id, None, "SENT");
    }
    Ok(Reply::default())
}
