//! What can have happened to an order's payments.

#[derive(Clone, Debug, PartialEq)]
pub enum PaymentEvent {
    Captured {
        user_id: i64,
        amount_minor: i64,
    },
    Declined {
        user_id: i64,
        amount_minor: i64,
    },
    /// The charge of this number was given back.
    Refunded {
        n: usize,
    },
    /// Taken back before it was charged: it will not be.
    Barred,
}
