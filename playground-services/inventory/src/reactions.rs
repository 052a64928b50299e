//! What inventory does when it hears something.

use crate::domain::{Shelf, StockCommand, StockEvent, decide, evolve};
use crate::storage::Warehouse;
use kit::{Refusal, Reply, Stage, Work};
use protocol::{ReserveStock, StockRejected, StockReleased, StockReserved, StockSold};
use serde_json::json;

pub fn react(warehouse: &mut Warehouse, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    match &*work.step(stage.ctx)?.name {
        "reserve-stock" => {
            let wanted: ReserveStock = work.data()?;
            let shelf = warehouse.shelf_for(wanted.order_id, wanted.item_id);
            let command = StockCommand::Reserve { order_id: wanted.order_id, quantity: wanted.quantity };
            for event in decide(&shelf, command) {
                reserve(warehouse, &shelf, &event, &wanted, stage);
            }
        }
        "sell-stock" => settle(warehouse, work.order()?, StockCommand::Sell, stage),
        "release-stock" if !stage.ctx.is_on("compensation") => {}
        "release-stock" => {
            let order_id = work.order()?;
            settle(warehouse, order_id, StockCommand::Release { order_id }, stage);
        }
        other => return Err(Refusal::Unreadable(format!("inventory has no step {other}"))),
    }
    Ok(Reply::default())
}

/// The order's claim, met or not. Whoever is next needs the amount, so it is passed on.
fn reserve(warehouse: &mut Warehouse, shelf: &Shelf, event: &StockEvent, wanted: &ReserveStock, stage: &mut Stage<'_>) {
    let ReserveStock { order_id, item_id, quantity, user_id, amount_minor } = *wanted;
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

/// The end of a reservation, one way or the other. A release without a reservation is answered,
/// too, and bars the one that comes late.
fn settle(warehouse: &mut Warehouse, order_id: i64, command: StockCommand, stage: &mut Stage<'_>) {
    let shelf = warehouse.shelf_of(order_id).unwrap_or_else(|| warehouse.shelf_for(order_id, NO_ITEM));
    for event in decide(&shelf, command) {
        let before = shelf.reservation.as_ref().map(|reservation| reservation.status.name());
        let after = evolve(shelf.clone(), &event);
        let Some(reservation) = &after.reservation else { continue };
        let (item_id, quantity) = (after.item_id, reservation.quantity);
        stage.state_changed("reservation", order_id, before, reservation.status.name());
        let subject = format!("order/{order_id}");
        if event == StockEvent::Sold {
            stage.publish(StockSold::TYPE, subject, json!(StockSold { order_id, item_id, quantity }));
        } else {
            stage.publish(StockReleased::TYPE, subject, json!(StockReleased { order_id, item_id, quantity }));
        }
        warehouse.put(after);
    }
}

/// Of a release for which nothing was held.
const NO_ITEM: i64 = 0;
