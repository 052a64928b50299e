//! What orders does when asked, and when it hears something.

use crate::domain::{Order, OrderCommand, OrderEvent, Status, decide, evolve, ship};
use crate::storage::Book;
use kit::{Refusal, Reply, Stage, Work};
use protocol::{
    CancelOrder, ConfirmOrder, OrderCancelled, OrderConfirmed, OrderCreated, OrderShipped, PlaceOrder, Value,
};
use serde_json::json;

pub fn react(book: &mut Book, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    match &*work.step(stage.ctx)?.name {
        "create-order" => {
            let order = PlaceOrder::parse(&work.data()?).map_err(Refusal::Domain)?;
            let id = book.next_id();
            carry_out(book, id, OrderCommand::Place { id, order }, stage);
            Ok(Reply(json!({ "order_id": id })))
        }
        "confirm-order" => {
            let order_id = work.order()?;
            if !carry_out(book, order_id, OrderCommand::Confirm, stage) && work.kind() == ConfirmOrder::TYPE {
                say_again(book, order_id, Status::Confirmed, stage);
            }
            Ok(Reply::default())
        }
        "cancel-order" => {
            let reason = work.text("reason").unwrap_or_default().to_owned();
            let order_id = work.order()?;
            if !carry_out(book, order_id, OrderCommand::Cancel { reason }, stage) && work.kind() == CancelOrder::TYPE {
                say_again(book, order_id, Status::Cancelled, stage);
            }
            Ok(Reply::default())
        }
        // The semantic lock is no more than this: whoever reads an order heeds that it is PENDING.
        "ship-order" => {
            let order_id = work.order()?;
            let locked = stage.ctx.is_on("semantic-lock");
            let event = ship(book.orders.get(order_id), order_id, locked).map_err(Refusal::Domain)?;
            keep(book, order_id, event, stage);
            Ok(Reply::default())
        }
        other => Err(Refusal::Unreadable(format!("orders has no step {other}"))),
    }
}

/// Decides, keeps what follows, and stages what others should hear of it. Says whether anything follows.
fn carry_out(book: &mut Book, id: i64, command: OrderCommand, stage: &mut Stage<'_>) -> bool {
    let events = decide(book.orders.get(id), command);
    let any = !events.is_empty();
    for event in events {
        keep(book, id, event, stage);
    }
    any
}

/// The order has ended so before. Whoever asks for it in so many words may not have heard.
fn say_again(book: &Book, id: i64, ended: Status, stage: &mut Stage<'_>) {
    let Some(order) = book.orders.get(id).filter(|order| order.status == ended) else { return };
    let event = match ended {
        Status::Cancelled => OrderEvent::Cancelled { reason: order.reason.clone().unwrap_or_default() },
        _ => OrderEvent::Confirmed,
    };
    let (kind, data) = said(order, event);
    stage.publish(kind, format!("order/{id}"), data);
}

fn keep(book: &mut Book, id: i64, event: OrderEvent, stage: &mut Stage<'_>) {
    let before = book.orders.get(id).cloned();
    let from = before.as_ref().map(|order| order.status.name());
    let Some(order) = evolve(before, &event) else { return };
    if event == OrderEvent::Shipped {
        stage.state_changed("shipment", id, None, "SHIPPED");
    } else {
        stage.state_changed("order", id, from, order.status.name());
    }
    let (kind, data) = said(&order, event);
    stage.publish(kind, format!("order/{id}"), data);
    book.orders.put(id, order);
}

fn said(order: &Order, event: OrderEvent) -> (&'static str, Value) {
    let Order { id: order_id, item_id, quantity, user_id, amount_minor, .. } = *order;
    match event {
        OrderEvent::Created { .. } => {
            let data = OrderCreated { order_id, item_id, quantity, user_id, amount_minor };
            (OrderCreated::TYPE, json!(data))
        }
        OrderEvent::Confirmed => (OrderConfirmed::TYPE, json!(OrderConfirmed { order_id, user_id })),
        OrderEvent::Cancelled { reason } => (OrderCancelled::TYPE, json!(OrderCancelled { order_id, user_id, reason })),
        OrderEvent::Shipped => (OrderShipped::TYPE, json!(OrderShipped { order_id, user_id })),
    }
}
