//! What lives in the browser. [`Terrarium`] is the one parent island of a page: it owns the
//! stream and the [`Store`]; everything below it only shows signals and passes clicks on.

pub mod actions;
mod controls;
mod head;
mod notice;
mod soil;
mod store;
mod telling;
mod terrarium;
mod tools;
mod yard;

#[cfg(feature = "hydrate")]
pub use store::declining;
pub use store::{Link, Spot, Store};
pub use terrarium::{Given, Room, Terrarium};
