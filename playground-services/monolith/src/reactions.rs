//! What the monolith does when it is asked for an order: all of it, at once.

use crate::storage::Shop;
use inventory::domain::{StockCommand, StockEvent};
use kit::{Refusal, Reply, Stage, Work};
use orders::domain::OrderCommand;
use payments::card_network::Charge;
use payments::domain::PaymentCommand;
use protocol::{PRICE_MINOR, PlaceOrder};
use serde_json::json;

pub fn place_order(shop: &mut Shop, work: &Work, charge: &Charge, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    let placed = PlaceOrder::parse(&work.data()?).map_err(Refusal::Domain)?;
    let PlaceOrder { item_id, quantity, user_id } = placed;
    let amount_minor = PRICE_MINOR * quantity;

    let mut shelf = shop.warehouse.shelf_for(0, item_id);
    if quantity > shelf.on_hand {
        return Err(Refusal::Domain(format!("{quantity} wanted, {} on hand", shelf.on_hand)));
    }
    let id = shop.book.next_id();
    // Nobody sees the states in between, but the rules are the services' own.
    for command in [StockCommand::Reserve { order_id: id, quantity }, StockCommand::Sell] {
        for event in inventory::domain::decide(&shelf, command) {
            let to = if event == StockEvent::Sold { "SOLD" } else { "HELD" };
            let before = shelf.reservation.as_ref().map(|reservation| reservation.status.name());
            stage.state_changed("reservation", id, before, to);
            shelf = inventory::domain::evolve(shelf, &event);
        }
    }
    shop.warehouse.put(shelf);

    let mut order = None;
    for command in [OrderCommand::Place { id, order: placed }, OrderCommand::Confirm] {
        for event in orders::domain::decide(order.as_ref(), command) {
            let before = order.as_ref().map(|order: &orders::domain::Order| order.status.name());
            order = orders::domain::evolve(order, &event);
            if let Some(order) = &order {
                stage.state_changed("order", id, before, order.status.name());
            }
        }
    }
    if let Some(order) = order {
        shop.book.orders.put(id, order);
    }

    if let Charge::Declined { .. } = charge {
        shop.refused = Some("card declined".to_owned());
        return Ok(Reply::default());
    }
    let mut account = payments::domain::Account::default();
    let command = PaymentCommand::Charge { user_id, amount_minor, approved: true };
    for event in payments::domain::decide(&account, command) {
        account = payments::domain::evolve(account, &event);
        stage.state_changed("payment", id, None, payments::domain::Status::Captured.name());
    }
    shop.accounts.put(id, account);
    Ok(Reply(json!({ "order_id": id })))
}
