//! What can have happened on the shelf.

#[derive(Clone, Debug, PartialEq)]
pub enum StockEvent {
    Reserved {
        order_id: i64,
        quantity: i64,
    },
    /// Not enough on hand: nothing changed.
    Rejected {
        order_id: i64,
        quantity: i64,
        on_hand: i64,
    },
    Sold,
    Released,
    /// Released before anything was held: nothing will be.
    Barred {
        order_id: i64,
    },
}
