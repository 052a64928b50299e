//! The rules of an order. Pure: no IO, no clock.

mod aggregate;
mod command;
mod event;

pub use aggregate::{Order, Status, decide, evolve, ship};
pub use command::OrderCommand;
pub use event::OrderEvent;
