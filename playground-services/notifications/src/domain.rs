//! The rules of telling. Pure: no IO, no clock.

mod aggregate;
mod command;
mod event;

pub use aggregate::{Notification, decide, evolve};
pub use command::NotificationCommand;
pub use event::NotificationEvent;
