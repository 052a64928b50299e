//! What can have happened to an order.

use protocol::PlaceOrder;

#[derive(Clone, Debug, PartialEq)]
pub enum OrderEvent {
    Created { id: i64, order: PlaceOrder, amount_minor: i64 },
    Confirmed,
    Cancelled { reason: String },
    Shipped,
}
