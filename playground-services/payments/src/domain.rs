//! The rules of a payment. Pure: no IO, no clock.

mod aggregate;
mod command;
mod event;

pub use aggregate::{Account, Payment, Status, decide, evolve};
pub use command::PaymentCommand;
pub use event::PaymentEvent;
