//! Inventory's own tables. Never begins or commits: whoever calls owns the transaction.

use crate::domain::{Reservation, Shelf, Status};
use sqlx::sqlite::SqliteConnection;

pub async fn put_on_shelf(conn: &mut SqliteConnection, item_id: i64, on_hand: i64) -> Result<(), sqlx::Error> {
    sqlx::query("insert into stock (item_id, on_hand) values (?, ?)")
        .bind(item_id)
        .bind(on_hand)
        .execute(conn)
        .await
        .map(drop)
}

type Row = (i64, i64, Option<i64>, Option<i64>, Option<String>);

/// An item as an order that wants it sees it. An item never stocked has none on hand.
pub async fn shelf_for(conn: &mut SqliteConnection, order_id: i64, item_id: i64) -> Result<Shelf, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "select stock.item_id, on_hand, order_id, quantity, status from stock
         left join reservations on order_id = ? where stock.item_id = ?",
    )
    .bind(order_id)
    .bind(item_id)
    .fetch_optional(conn)
    .await?;
    row.map_or(Ok(Shelf { item_id, on_hand: 0, reservation: None }), shelf)
}

/// The shelf an order has a reservation on.
pub async fn shelf_of(conn: &mut SqliteConnection, order_id: i64) -> Result<Option<Shelf>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "select stock.item_id, on_hand, order_id, quantity, status from reservations
         join stock using (item_id) where order_id = ?",
    )
    .bind(order_id)
    .fetch_optional(conn)
    .await?;
    row.map(shelf).transpose()
}

fn shelf((item_id, on_hand, order_id, quantity, status): Row) -> Result<Shelf, sqlx::Error> {
    let reservation = match (order_id, quantity, status) {
        (Some(order_id), Some(quantity), Some(status)) => {
            let status =
                Status::parse(&status).ok_or_else(|| sqlx::Error::Decode(format!("status {status}").into()))?;
            Some(Reservation { order_id, quantity, status })
        }
        _ => None,
    };
    Ok(Shelf { item_id, on_hand, reservation })
}

/// Stores the shelf with the reservation at hand; what did not change is not written.
pub async fn save(conn: &mut SqliteConnection, shelf: &Shelf) -> Result<(), sqlx::Error> {
    let Some(reservation) = &shelf.reservation else { return Ok(()) };
    sqlx::query(
        "update stock set on_hand = ? where item_id = ? and on_hand <> ?;
         insert into reservations (order_id, item_id, quantity, status) values (?, ?, ?, ?)
             on conflict (order_id) do update set status = excluded.status",
    )
    .bind(shelf.on_hand)
    .bind(shelf.item_id)
    .bind(shelf.on_hand)
    .bind(reservation.order_id)
    .bind(shelf.item_id)
    .bind(reservation.quantity)
    .bind(reservation.status.name())
    .execute(conn)
    .await
    .map(drop)
}
