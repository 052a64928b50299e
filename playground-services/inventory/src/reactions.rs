//! What inventory does when it hears something.

use crate::domain::{Reservation, Shelf, Status, StockCommand, StockEvent, decide, evolve};
use crate::storage::Warehouse;
use kit::{Refusal, Reply, Stage, Work};
use protocol::{ReleaseStock, ReserveStock, SellStock, StockRejected, StockReleased, StockReserved, StockSold};
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
        "sell-stock" => settle(warehouse, work, StockCommand::Sell, stage)?,
        "release-stock" if !stage.ctx.is_on("compensation") => {}
        "release-stock" => {
            let order_id = work.order()?;
            settle(warehouse, work, StockCommand::Release { order_id }, stage)?;
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
fn settle(warehouse: &mut Warehouse, work: &Work, command: StockCommand, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let order_id = work.order()?;
    let shelf = warehouse.shelf_of(order_id).unwrap_or_else(|| warehouse.shelf_for(order_id, NO_ITEM));
    let events = decide(&shelf, command);
    if let (true, Some(Reservation { quantity, status, .. })) = (events.is_empty(), &shelf.reservation) {
        // It has ended before. Whoever asks may not have heard.
        match (work.kind(), status) {
            (SellStock::TYPE, Status::Sold) => say(true, order_id, shelf.item_id, *quantity, stage),
            (ReleaseStock::TYPE, Status::Released) => say(false, order_id, shelf.item_id, *quantity, stage),
            _ => {}
        }
    }
    for event in events {
        let before = shelf.reservation.as_ref().map(|reservation| reservation.status.name());
        let after = evolve(shelf.clone(), &event);
        let Some(reservation) = &after.reservation else { continue };
        stage.state_changed("reservation", order_id, before, reservation.status.name());
        say(event == StockEvent::Sold, order_id, after.item_id, reservation.quantity, stage);
        warehouse.put(after);
    }
    Ok(())
}

fn say(sold: bool, order_id: i64, item_id: i64, quantity: i64, stage: &mut Stage<'_>) {
    let subject = format!("order/{order_id}");
    if sold {
        stage.publish(StockSold::TYPE, subject, json!(StockSold { order_id, item_id, quantity }));
    } else {
        stage.publish(StockReleased::TYPE, subject, json!(StockReleased { order_id, item_id, quantity }));
    }
}

/// Of a release for which nothing was held.
const NO_ITEM: i64 = 0;
