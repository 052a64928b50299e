//! What can be asked of a payment.

#[derive(Clone, Debug, PartialEq)]
pub enum PaymentCommand {
    /// Settle the order's charge by what the card network said.
    Charge { order_id: i64, user_id: i64, amount_minor: i64, approved: bool },
}
