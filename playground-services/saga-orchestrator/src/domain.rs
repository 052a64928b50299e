//! The rules of a saga. Pure: no IO, no clock.

mod event;
mod saga;

pub use event::SagaEvent;
pub use saga::{News, Order, Saga, Status, decide, evolve};
