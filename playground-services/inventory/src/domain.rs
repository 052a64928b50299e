//! The rules of the shelf. Pure: no IO, no clock.

mod aggregate;
mod command;
mod event;

pub use aggregate::{Reservation, Shelf, Status, decide, evolve};
pub use command::StockCommand;
pub use event::StockEvent;
