//! The rules of wrapping. Pure: no IO, no clock.

mod aggregate;
mod command;
mod event;

pub use aggregate::{Status, Wrapping, decide, evolve};
pub use command::WrappingCommand;
pub use event::WrappingEvent;
