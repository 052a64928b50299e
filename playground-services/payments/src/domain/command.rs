//! What can be asked of an order's payments.

#[derive(Clone, Debug, PartialEq)]
pub enum PaymentCommand {
    /// Settle a charge by what the card network said.
    Charge { user_id: i64, amount_minor: i64, approved: bool },
    /// The compensation: give back whatever was charged.
    Refund,
}
