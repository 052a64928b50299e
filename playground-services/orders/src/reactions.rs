//! What orders does when asked, and when it hears something.

use crate::domain::{Order, OrderCommand, OrderEvent, decide, evolve};
use crate::storage;
use kit::{Refusal, Reply, Stage, Work};
use protocol::{
    OrderCancelled, OrderConfirmed, OrderCreated, PaymentFailed, PaymentSucceeded, PlaceOrder, StockRejected,
};
use serde_json::json;
use sqlx::sqlite::SqliteConnection;

pub async fn react(conn: &mut SqliteConnection, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    match work.kind() {
        "PlaceOrder" => {
            let order = PlaceOrder::parse(&work.data()?).map_err(Refusal::Domain)?;
            let id = storage::next_id(conn).await?;
            carry_out(conn, None, OrderCommand::Place { id, order }, stage).await?;
            Ok(Reply(json!({ "order_id": id })))
        }
        PaymentSucceeded::TYPE => {
            let heard: PaymentSucceeded = work.data()?;
            let order = storage::load(conn, heard.order_id).await?;
            carry_out(conn, order, OrderCommand::Confirm, stage).await
        }
        PaymentFailed::TYPE => {
            let heard: PaymentFailed = work.data()?;
            let order = storage::load(conn, heard.order_id).await?;
            carry_out(conn, order, OrderCommand::Cancel { reason: heard.reason }, stage).await
        }
        StockRejected::TYPE => {
            let heard: StockRejected = work.data()?;
            let order = storage::load(conn, heard.order_id).await?;
            carry_out(conn, order, OrderCommand::Cancel { reason: heard.reason }, stage).await
        }
        other => Err(Refusal::Unreadable(format!("orders does not know {other}"))),
    }
}

/// Decides, stores what follows, and stages what others should hear of it.
async fn carry_out(
    conn: &mut SqliteConnection,
    mut order: Option<Order>,
    command: OrderCommand,
    stage: &mut Stage<'_>,
) -> Result<Reply, Refusal> {
    for event in decide(order.as_ref(), command) {
        let from = order.as_ref().map(|order| order.status.name());
        order = evolve(order, &event);
        let Some(order) = &order else { continue };
        storage::save(conn, order, &event).await?;
        stage.state_changed("order", order.id, from, order.status.name());
        let subject = format!("order/{}", order.id);
        match event {
            OrderEvent::Created { .. } => {
                let data = OrderCreated {
                    order_id: order.id,
                    item_id: order.item_id,
                    quantity: order.quantity,
                    user_id: order.user_id,
                    amount_minor: order.amount_minor,
                };
                stage.publish(OrderCreated::TYPE, subject, json!(data));
            }
            OrderEvent::Confirmed => {
                let data = OrderConfirmed { order_id: order.id, user_id: order.user_id };
                stage.publish(OrderConfirmed::TYPE, subject, json!(data));
            }
            OrderEvent::Cancelled { reason } => {
                let data = OrderCancelled { order_id: order.id, user_id: order.user_id, reason };
                stage.publish(OrderCancelled::TYPE, subject, json!(data));
            }
        }
    }
    Ok(Reply::default())
}
