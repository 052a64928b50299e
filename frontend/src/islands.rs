//! What lives in the browser: [`Terrarium`], the one island of a page. The server writes it in
//! full, from the components below; in the browser the island is that markup, and the engine
//! keeps it up and does what its attributes say. A signal per text and a closure per button would
//! double what is loaded.

#[cfg(feature = "ssr")]
mod controls;
#[cfg(feature = "ssr")]
mod faults;
#[cfg(feature = "ssr")]
mod head;
#[cfg(feature = "ssr")]
mod promises;
#[cfg(feature = "ssr")]
mod soil;
#[cfg(feature = "ssr")]
mod telling;
mod terrarium;
#[cfg(feature = "ssr")]
mod tools;
#[cfg(feature = "ssr")]
mod vessel;
#[cfg(feature = "ssr")]
mod yard;

pub use terrarium::{Given, Room, Terrarium};
