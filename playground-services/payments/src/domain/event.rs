//! What can have happened to a payment.

#[derive(Clone, Debug, PartialEq)]
pub enum PaymentEvent {
    Captured { order_id: i64, user_id: i64, amount_minor: i64 },
    Declined { order_id: i64, user_id: i64, amount_minor: i64 },
}
