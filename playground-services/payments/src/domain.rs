//! The rules of a payment. Pure: no IO, no clock.

mod aggregate;
mod command;
mod event;

pub use aggregate::{Payment, Status, decide, evolve};
pub use command::PaymentCommand;
pub use event::PaymentEvent;
