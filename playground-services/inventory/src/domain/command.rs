//! What can be asked of the shelf, always for one order.

#[derive(Clone, Debug, PartialEq)]
pub enum StockCommand {
    Reserve {
        order_id: i64,
        quantity: i64,
    },
    /// Paid: the pieces are the customer's.
    Sell,
    /// The compensation: the pieces go back on the shelf.
    Release {
        order_id: i64,
    },
}
