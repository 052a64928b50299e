//! The live end of a record: one frame per group commit, encoded once for all viewers.

use crate::recorder::history::Lines;
use bytes::{Bytes, BytesMut};
use protocol::Position;
use std::sync::Arc;

/// What one group commit added, as ready server-sent events.
#[derive(Debug)]
pub struct Frame {
    pub first: Position,
    pub last: Position,
    pub bytes: Bytes,
}

impl Frame {
    pub fn new(first: Position, lines: &Lines) -> Self {
        Frame { first, last: first + lines.len() as u64 - 1, bytes: sse(first, lines.iter()) }
    }
}

/// Server-sent events for these lines of the record, from position `first` on.
pub fn sse<'a>(first: Position, lines: impl Iterator<Item = &'a [u8]>) -> Bytes {
    let mut out = BytesMut::new();
    let mut number = itoa::Buffer::new();
    for (position, line) in (first..).zip(lines) {
        out.reserve(line.len() + 40);
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(number.format(position).as_bytes());
        out.extend_from_slice(b"\ndata: ");
        out.extend_from_slice(line);
        out.extend_from_slice(b"\n\n");
    }
    out.freeze()
}

/// Frames kept for a viewer that falls behind; one that falls further refills from the record.
const KEPT: usize = 256;

/// The receiving side, kept beside the sender so that the channel stays open without viewers.
pub type Frames = async_broadcast::InactiveReceiver<Arc<Frame>>;

pub fn channel() -> (async_broadcast::Sender<Arc<Frame>>, Frames) {
    let (mut sender, receiver) = async_broadcast::broadcast(KEPT);
    sender.set_overflow(true);
    sender.set_await_active(false);
    (sender, receiver.deactivate())
}
