//! What can be asked of an order.

use protocol::PlaceOrder;

#[derive(Clone, Debug, PartialEq)]
pub enum OrderCommand {
    Place {
        id: i64,
        order: PlaceOrder,
    },
    /// Paid: the saga has gone well.
    Confirm,
    /// The compensation: the order is taken back.
    Cancel {
        reason: String,
    },
}
