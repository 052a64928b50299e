//! The words everyone shares: ids, API commands, published payloads, envelopes,
//! observations and topologies. Serde only, no IO, compiles to wasm.
//!
//! Begin with [`Topology`] (what runs), then [`Envelope`] (what is said), then
//! [`Recorded`] (what was seen to happen).

mod command;
mod envelope;
mod fault;
mod observation;
mod payload;
mod topology;
mod trace;

pub use command::{
    ACCOUNT_MAX, AMOUNT_MAX, BuildProjection, Command, CompareReaders, CorrectEntry, MoveMoney, OfOrder, OpenAccount,
    PACE_MAX, POST_MAX, PlaceOrder, PublishPost, QUANTITY_MAX, SwitchProjection, TAG_MAX, TAGS_MAX, check_command,
};
pub use envelope::{Envelope, Name};
pub use fault::{Fault, FaultKind, FaultSpec, Params, Target, When};
pub use observation::{
    BROKER, CodeLine, Isolation, Limits, Observation, Observed, Recorded, RowChange, TERRARIUM, Value, is_final,
};
pub use payload::{
    AccountCreated, CancelOrder, ChargePayment, ConfirmOrder, EntryCorrected, GiftUnwrapped, GiftWrapped,
    MoneyDeposited, MoneyWithdrawn, OrderCancelled, OrderConfirmed, OrderCreated, OrderShipped, PAYLOAD_TYPES,
    PaymentFailed, PaymentRefunded, PaymentSucceeded, PostPublished, RefundPayment, ReleaseStock, ReserveStock,
    SellStock, StockRejected, StockReleased, StockReserved, StockSold, UnwrapGift, WrapGift,
};
pub use topology::{
    Outside, Reads, SPLIT_MODEL, SagaSpec, ServiceSpec, StepSpec, Subscription, SwitchSpec, Topology, Touched,
    topologies, topology,
};
pub use trace::{SpanId, TraceContext, TraceId, parse_uuid, unhex};
pub use uuid::Uuid;

/// Version of the record's format, the `format` of position 1.
pub const RECORD_FORMAT: u32 = 1;

/// Place of an event within a sandbox: gapless from 1, assigned by the recorder alone.
pub type Position = u64;

/// The catalogue: item 42 at 29.99. Money is in minor units (cents), never a float.
pub const ITEM: i64 = 42;
/// The one user the text-book knows.
pub const USER: i64 = 1;
/// Price of item 42, in cents.
pub const PRICE_MINOR: i64 = 2999;
/// Stock of item 42 in a new sandbox.
pub const INITIAL_STOCK: i64 = 100;
/// The first order's id.
pub const FIRST_ORDER: i64 = 101;

/// Who writes in the feed, by number.
pub const AUTHORS: [(i64, &str); 5] = [(1, "Ada"), (2, "Barbara"), (3, "Edsger"), (4, "Grace"), (5, "Niklaus")];

/// Cents as people write them: 2999 is `29.99`.
pub fn money(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.abs() / 100, minor.abs() % 100)
}
