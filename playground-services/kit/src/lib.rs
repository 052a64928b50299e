//! What every service in a sandbox is built from.
//!
//! Read in the order a message travels: [`ctx`] (what a service is given), [`http`] (a
//! request comes in), [`service`] (it is decided on, in one local transaction), [`outbox`]
//! (the transaction's messages and observations), [`relay`] (what a fault caught on its
//! way), [`broker`] (who gets them), [`inbox`]
//! (a repeat does nothing). [`query`] is how it is read. Services that keep events instead of rows have an [`event_store`].

pub mod aside;
pub mod broker;
pub mod changes;
pub mod clock;
pub mod ctx;
pub mod event_store;
pub mod fault;
pub mod gate;
pub mod http;
pub mod inbox;
pub mod lease;
pub mod link;
pub mod load;
pub mod outbox;
pub mod query;
pub mod relay;
pub mod service;
pub mod stage;
pub mod storage;
pub mod tables;
pub mod unit;
pub mod writer;

pub use clock::Clock;
pub use ctx::Ctx;
pub use gate::{Gate, spawn};
pub use link::{Delivery, FromHost, Host, Shipment, Start, ToHost};
pub use query::{NoAnswer, Query};
pub use service::{Due, Origin, Refusal, Reply, Service, Work};
pub use stage::Stage;
pub use unit::Unit;
