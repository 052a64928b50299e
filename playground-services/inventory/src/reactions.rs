//! What inventory does when it hears something.

use crate::domain::{Shelf, StockCommand, StockEvent, decide, evolve};
use crate::storage::Warehouse;
use kit::{Refusal, Reply, Stage, Work};
use protocol::{OrderCreated, PaymentFailed, PaymentSucceeded, StockRejected, StockReleased, StockReserved};
use serde_json::json;

pub fn react(warehouse: &mut Warehouse, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    match work.kind() {
        OrderCreated::TYPE => {
            let heard: OrderCreated = work.data()?;
            let shelf = warehouse.shelf_for(heard.order_id, heard.item_id);
            let command = StockCommand::Reserve { order_id: heard.order_id, quantity: heard.quantity };
            for event in decide(&shelf, command) {
                reserve(warehouse, &shelf, &event, &heard, stage);
            }
        }
        PaymentSucceeded::TYPE => {
            let heard: PaymentSucceeded = work.data()?;
            settle(warehouse, heard.order_id, StockCommand::Sell, stage);
        }
        PaymentFailed::TYPE => {
            let heard: PaymentFailed = work.data()?;
            settle(warehouse, heard.order_id, StockCommand::Release, stage);
        }
        other => return Err(Refusal::Unreadable(format!("inventory does not know {other}"))),
    }
    Ok(Reply::default())
}

/// The order's claim, met or not. Payments needs the amount, so it is passed on.
fn reserve(warehouse: &mut Warehouse, shelf: &Shelf, event: &StockEvent, heard: &OrderCreated, stage: &mut Stage<'_>) {
    let OrderCreated { order_id, item_id, quantity, user_id, amount_minor } = *heard;
    let subject = format!("order/{order_id}");
    if let StockEvent::Rejected { on_hand, .. } = event {
        let reason = format!("{quantity} wanted, {on_hand} on hand");
        stage.state_changed("reservation", order_id, None, "REJECTED");
        let data = StockRejected { order_id, item_id, quantity, reason };
        stage.publish(StockRejected::TYPE, subject, json!(data));
        return;
    }
    warehouse.put(evolve(shelf.clone(), event));
    stage.state_changed("reservation", order_id, None, "HELD");
    let data = StockReserved { order_id, item_id, quantity, user_id, amount_minor };
    stage.publish(StockReserved::TYPE, subject, json!(data));
}

/// The end of a reservation, one way or the other. Nothing was reserved: nothing to do.
fn settle(warehouse: &mut Warehouse, order_id: i64, command: StockCommand, stage: &mut Stage<'_>) {
    let Some(shelf) = warehouse.shelf_of(order_id) else { return };
    for event in decide(&shelf, command) {
        let after = evolve(shelf.clone(), &event);
        warehouse.put(after.clone());
        let (Some(before), Some(reservation)) = (&shelf.reservation, &after.reservation) else { continue };
        stage.state_changed("reservation", order_id, Some(before.status.name()), reservation.status.name());
        if event == StockEvent::Released {
            let data = StockReleased { order_id, item_id: after.item_id, quantity: reservation.quantity };
            stage.publish(StockReleased::TYPE, format!("order/{order_id}"), json!(data));
        }
    }
}
