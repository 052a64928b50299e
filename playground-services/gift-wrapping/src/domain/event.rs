//! What can have happened to a wrapping.

#[derive(Clone, Debug, PartialEq)]
pub enum WrappingEvent {
    Wrapped {
        quantity: i64,
    },
    Unwrapped,
    /// Taken back before anything was wrapped: nothing will be.
    Barred,
}
