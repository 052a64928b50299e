//! What the monolith does when it is asked for an order: all of it at once, by the services' own
//! rules. Nobody ever sees the states in between.

use crate::storage::Shop;
use inventory::domain::{StockCommand, StockEvent};
use kit::{Refusal, Reply, Stage, Work};
use orders::domain::{Order, OrderCommand};
use payments::card_network::Charge;
use payments::domain::{Account, PaymentCommand, Status};
use protocol::{PRICE_MINOR, PlaceOrder};
use serde_json::json;

pub fn place_order(shop: &mut Shop, work: &Work, charge: &Charge, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    let order = PlaceOrder::parse(&work.data()?).map_err(Refusal::Domain)?;
    let on_hand = shop.warehouse.shelf_for(0, order.item_id).on_hand;
    if order.quantity > on_hand {
        return Err(Refusal::Domain(format!("{} wanted, {on_hand} on hand", order.quantity)));
    }
    let id = shop.book.next_id();
    sell(shop, id, &order, stage);
    confirm(shop, id, order.clone(), stage);
    pay(shop, id, &order, charge, stage);
    Ok(Reply(json!({ "order_id": id })))
}

fn sell(shop: &mut Shop, id: i64, order: &PlaceOrder, stage: &mut Stage<'_>) {
    let mut shelf = shop.warehouse.shelf_for(id, order.item_id);
    for command in [StockCommand::Reserve { order_id: id, quantity: order.quantity }, StockCommand::Sell] {
        for event in inventory::domain::decide(&shelf, command) {
            let from = shelf.reservation.as_ref().map(|reservation| reservation.status.name());
            let to = if event == StockEvent::Sold { "SOLD" } else { "HELD" };
            stage.state_changed("reservation", id, from, to);
            shelf = inventory::domain::evolve(shelf, &event);
        }
    }
    shop.warehouse.put(shelf);
}

fn confirm(shop: &mut Shop, id: i64, order: PlaceOrder, stage: &mut Stage<'_>) {
    for command in [OrderCommand::Place { id, order }, OrderCommand::Confirm] {
        let before: Option<Order> = shop.book.orders.get(id).cloned();
        for event in orders::domain::decide(before.as_ref(), command) {
            let from = before.as_ref().map(|order| order.status.name());
            let Some(after) = orders::domain::evolve(before.clone(), &event) else { continue };
            stage.state_changed("order", id, from, after.status.name());
            shop.book.orders.put(id, after);
        }
    }
}

/// What the card network has refused takes the whole batch back; then each order is tried alone.
fn pay(shop: &mut Shop, id: i64, order: &PlaceOrder, charge: &Charge, stage: &mut Stage<'_>) {
    if let Charge::Declined { .. } = charge {
        shop.refused = Some("card declined".to_owned());
        return;
    }
    let (user_id, amount_minor) = (order.user_id, PRICE_MINOR * order.quantity);
    let mut account = Account::default();
    for event in payments::domain::decide(&account, PaymentCommand::Charge { user_id, amount_minor, approved: true }) {
        account = payments::domain::evolve(account, &event);
        stage.state_changed("payment", id, None, Status::Captured.name());
    }
    shop.accounts.put(id, account);
}
