//! What can be asked of gift wrapping, always for one order.

#[derive(Clone, Debug, PartialEq)]
pub enum WrappingCommand {
    Wrap {
        quantity: i64,
    },
    /// The compensation: the pieces come out of their paper.
    Unwrap,
}
