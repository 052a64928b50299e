//! What a domain must say about its events and its state.

use super::bytes::{Malformed, Reader, Writer};
use protocol::Uuid;
use std::borrow::Cow;
use std::fmt::Debug;

/// A kind of stream: its events, and the state they fold to.
///
/// An event's shape is its *schema*, which rises when the shape changes. An aggregate writes and
/// reads one schema of each kind, its present one; [`super::Upcasters`] turn older ones into it.
pub trait Aggregate: Send + Sync + 'static {
    type Event: Send + Sync;
    /// What it begins with is its default.
    type State: Clone + Debug + Default + PartialEq + Send + Sync;

    /// Rises when a state is written in another way, or means something else: snapshots with
    /// another number are passed over.
    const STATE_SCHEMA: u16;

    /// Names the event's kind for good: a number once given is never given again.
    fn kind(event: &Self::Event) -> u16;

    /// The present schema of a kind; `None` for one that is not known here.
    fn schema(kind: u16) -> Option<u16>;

    /// Writes an event, in its kind's present schema.
    fn write(event: &Self::Event, out: &mut Writer);

    /// Reads one of this kind, in its present schema.
    fn read(kind: u16, data: &mut Reader<'_>) -> Result<Self::Event, Malformed>;

    /// The state after an event.
    fn evolve(state: Self::State, event: &Self::Event) -> Self::State;

    fn write_state(state: &Self::State, out: &mut Writer);

    fn read_state(data: &mut Reader<'_>) -> Result<Self::State, Malformed>;
}

/// Something that happened, to be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent<E> {
    pub event: E,
    pub about: About<'static>,
}

/// What is known of an event beside its data: the audit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About<'a> {
    /// The same id again is the same event.
    pub id: Uuid,
    /// When it was recorded, in microseconds since the sandbox was created; less than 0 for what was
    /// seeded as older.
    pub at_us: i64,
    /// The command or message that caused it.
    pub cause: Uuid,
    pub correlation: Uuid,
    /// Who did it, and why; empty where it was not said.
    pub by: Cow<'a, str>,
    pub why: Cow<'a, str>,
}

/// The id of the `n`th event of a command or message: a repeat gives the same ones.
pub fn event_id(cause: Uuid, n: u64) -> Uuid {
    Uuid::new_v5(&cause, format!("event/{n}").as_bytes())
}

/// An event as it lies in the store, its data still as bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded<'a> {
    /// Within the store, from 1 without a gap.
    pub position: u64,
    pub stream: i64,
    /// Within its stream, from 1 without a gap.
    pub sequence: u64,
    pub kind: u16,
    pub schema: u16,
    pub data: &'a [u8],
    pub about: About<'a>,
}
