//! Inventory's own tables. Never begins or commits: whoever calls owns the transaction.

use crate::domain::{Reservation, Shelf, Status};
use kit::Unit;
use kit::storage::json;
use sqlx::sqlite::SqliteConnection;

/// The stock, and the reservations a batch is about.
#[derive(Debug)]
pub struct Warehouse {
    /// Item to pieces on hand.
    on_hand: Unit<i64>,
    /// Order to its item and reservation.
    reservations: Unit<(i64, Reservation)>,
}

impl Warehouse {
    /// An item as an order that wants it sees it. An item never stocked has none on hand.
    pub fn shelf_for(&self, order_id: i64, item_id: i64) -> Shelf {
        let on_hand = self.on_hand.get(item_id).copied().unwrap_or_default();
        let reservation = self.reservations.get(order_id).map(|(_, reservation)| reservation.clone());
        Shelf { item_id, on_hand, reservation }
    }

    /// The shelf an order has a reservation on.
    pub fn shelf_of(&self, order_id: i64) -> Option<Shelf> {
        let (item_id, _) = self.reservations.get(order_id)?;
        Some(self.shelf_for(order_id, *item_id))
    }

    /// The shelf as it is now; what did not change will not be written.
    pub fn put(&mut self, shelf: Shelf) {
        if self.on_hand.get(shelf.item_id) != Some(&shelf.on_hand) {
            self.on_hand.put(shelf.item_id, shelf.on_hand);
        }
        if let Some(reservation) = shelf.reservation {
            self.reservations.put(reservation.order_id, (shelf.item_id, reservation));
        }
    }
}

pub async fn put_on_shelf(conn: &mut SqliteConnection, item_id: i64, on_hand: i64) -> sqlx::Result<()> {
    sqlx::query("insert into stock (item_id, on_hand) values (?, ?)")
        .bind(item_id)
        .bind(on_hand)
        .execute(conn)
        .await
        .map(drop)
}

pub async fn load(conn: &mut SqliteConnection, orders: impl Iterator<Item = i64>) -> sqlx::Result<Warehouse> {
    type Row = (i64, i64, Option<i64>, Option<i64>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "select item_id, on_hand, null, null, null from stock
         union all
         select item_id, 0, order_id, quantity, status from reservations
         where order_id in (select value from json_each(?))",
    )
    .bind(json(orders))
    .fetch_all(conn)
    .await?;
    let mut on_hand = vec![];
    let mut reservations = vec![];
    for (item_id, pieces, order_id, quantity, status) in rows {
        let (Some(order_id), Some(quantity), Some(status)) = (order_id, quantity, status) else {
            on_hand.push((item_id, pieces));
            continue;
        };
        let status = Status::parse(&status).ok_or_else(|| sqlx::Error::Decode(format!("status {status}").into()))?;
        reservations.push((order_id, (item_id, Reservation { order_id, quantity, status })));
    }
    Ok(Warehouse { on_hand: Unit::loaded(on_hand), reservations: Unit::loaded(reservations) })
}

pub async fn save(conn: &mut SqliteConnection, warehouse: &Warehouse) -> sqlx::Result<()> {
    let stock = warehouse.on_hand.changed();
    let reservations = warehouse
        .reservations
        .changed()
        .map(|(order_id, (item_id, reservation))| (order_id, item_id, reservation.quantity, reservation.status.name()));
    sqlx::query(
        "update stock set on_hand = value ->> 1 from json_each(?) where item_id = value ->> 0;
         insert into reservations (order_id, item_id, quantity, status)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3 from json_each(?) where true
         on conflict (order_id) do update set status = excluded.status",
    )
    .bind(json(stock))
    .bind(json(reservations))
    .execute(conn)
    .await
    .map(drop)
}
