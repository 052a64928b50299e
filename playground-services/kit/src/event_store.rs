//! The event store: streams of events instead of rows of state, made for being replayed.
//!
//! **A way through it.** A service [loads](EventStore::load) the streams its batch of work is about,
//! decides and [appends](Streams::append) in memory, and [saves](EventStore::save): all within the
//! transaction that the writer has begun, so events, outbox and inbox are one commit, and a batch
//! is one group commit. An append names the version it expects; an event's id makes it idempotent,
//! for good. Each event has a `sequence` in its stream and a `position` in the store, both from 1
//! and without a gap.
//!
//! **One table.** All events lie in `segment`. A row holds up to 512 consecutive events of a stream:
//! one, as it was appended, or many, as [`pack`] made them out of old rows. So there is one format
//! and one way to read, and a long stream is few rows: replaying it costs what its bytes cost, and
//! not what SQLite's rows and their way to another thread cost.
//!
//! **The bytes** (version 1). Numbers are varints (LEB128), signed ones zigzag, texts and data come
//! behind their length; there are no fixed-width numbers, so there is no endianness. [`bytes`].
//!
//! ```text
//! body   01, then per event:  kind  schema  length data
//! about  01, then per event:  position - the one before (the first: 0)   at_us - the one before (signed)
//!        flags: 1 cause as before, 2 correlation = cause, 4 who as before, 8 why as before
//!        id (16 bytes)  [cause (16)]  [correlation (16)]  [who]  [why]
//! ```
//! The first event's "before" is all zeros and empty. Sequences of the first and last event, and the
//! position of the last, are in the row: what is to be appended need not know its position. A state is folded from `body` alone; `about` is a column of its own
//! behind it, which SQLite does not even read then. Nothing is compressed: the numbers are short
//! already, and inflating would cost more than folding. `event_store.format` is the version of the
//! tables, the first byte that of a blob; a reader refuses what it does not know.
//!
//! **Recent events** are in no index, since each of many streams would write a page of it at every
//! append. There are at most some thousands, at the end of the table, and whoever wants those of one
//! stream looks through them (the view `recent`). A store keeps the streams used lately, and the ids
//! of recent events, in memory ([`warm`]), so whoever appends has nothing to look for.
//!
//! **In the order of positions.** A row's key is the position of its last event, so an append goes to
//! the end of the table. What is packed together is a group, all events from one position to
//! another, and each of its rows says where it ends (`until`): reading behind a position takes whole
//! groups and puts them in order. [`subscription`] reads so, to the end and on.
//!
//! **Copies**, all of which can be made again: [`snapshot`]s, states at versions of a stream, by the
//! schema of the state; and read models, by [`projection`]s, rebuilt beside the old one.
//!
//! **Shapes change.** What is stored stays; [`Upcasters`] turn an event's data of schema 1 into 2, and
//! 2 into 3, when it is read. Each link can be switched off, to see who breaks.
//!
//! Read on in the order of a write, [`aggregate`], [`streams`], [`segment`], [`storage`], [`pack`];
//! then of a read, [`store`], [`upcaster`], [`snapshot`], [`subscription`], [`projection`].

pub mod aggregate;
pub mod bytes;
pub mod pack;
pub mod projection;
pub mod segment;
pub mod snapshot;
pub mod storage;
pub mod store;
pub mod streams;
pub mod subscription;
pub mod upcaster;
mod warm;

pub use aggregate::{About, Aggregate, NewEvent, Recorded, event_id};
pub use bytes::{Malformed, Reader, Writer};
pub use projection::{Progress, Projector, ReadModel};
pub use segment::Slice;
pub use snapshot::{Snapshot, WrongSnapshot};
pub use storage::{OLDER, SCHEMA, end};
pub use store::{EventStore, StoreError};
pub use streams::{Appended, Conflict, Expected, Stream, Streams};
pub use subscription::{Batch, Subscription, read_all, read_stream};
pub use upcaster::{Unreadable, Upcast, Upcasters};

#[cfg(test)]
mod tests;
