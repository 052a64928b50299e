//! The rules of an account. Pure: no IO, no clock.

mod aggregate;
mod command;
mod event;
mod schema;

pub use aggregate::{Account, BALANCE_MAX, decide, evolve};
pub use command::{AccountCommand, Entry};
pub use event::AccountEvent;
pub use schema::{Accounts, PRESENT, upcasters};
