//! What orders does when asked, and when it hears something.

use crate::domain::{OrderCommand, OrderEvent, decide, evolve};
use crate::storage::Book;
use kit::{Refusal, Reply, Stage, Work};
use protocol::{
    OrderCancelled, OrderConfirmed, OrderCreated, PaymentFailed, PaymentSucceeded, PlaceOrder, StockRejected,
};
use serde_json::json;

pub fn react(book: &mut Book, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    match work.kind() {
        "PlaceOrder" => {
            let order = PlaceOrder::parse(&work.data()?).map_err(Refusal::Domain)?;
            let id = book.next_id();
            carry_out(book, id, OrderCommand::Place { id, order }, stage);
            Ok(Reply(json!({ "order_id": id })))
        }
        PaymentSucceeded::TYPE => {
            let heard: PaymentSucceeded = work.data()?;
            carry_out(book, heard.order_id, OrderCommand::Confirm, stage);
            Ok(Reply::default())
        }
        PaymentFailed::TYPE => {
            let heard: PaymentFailed = work.data()?;
            carry_out(book, heard.order_id, OrderCommand::Cancel { reason: heard.reason }, stage);
            Ok(Reply::default())
        }
        StockRejected::TYPE => {
            let heard: StockRejected = work.data()?;
            carry_out(book, heard.order_id, OrderCommand::Cancel { reason: heard.reason }, stage);
            Ok(Reply::default())
        }
        other => Err(Refusal::Unreadable(format!("orders does not know {other}"))),
    }
}

/// Decides, keeps what follows, and stages what others should hear of it.
fn carry_out(book: &mut Book, id: i64, command: OrderCommand, stage: &mut Stage<'_>) {
    let mut order = book.orders.get(id).cloned();
    for event in decide(order.as_ref(), command) {
        let from = order.as_ref().map(|order| order.status.name());
        order = evolve(order, &event);
        let Some(order) = &order else { continue };
        book.orders.put(id, order.clone());
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
}
