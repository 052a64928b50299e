use super::in_time;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use protocol::Recorded;
use std::pin::Pin;

/// A server-sent event: one line of the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub position: u64,
    pub line: String,
}

impl Event {
    pub fn recorded(&self) -> Recorded {
        serde_json::from_str(&self.line).unwrap_or_else(|error| panic!("{error}: {}", self.line))
    }
}

/// An open stream, read as browsers do.
pub struct Events {
    body: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    buffer: Vec<u8>,
    read: usize,
}

impl Events {
    pub(super) fn new(answer: reqwest::Response) -> Self {
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Events { body: Box::pin(answer.bytes_stream()), buffer: vec![], read: 0 }
    }

    /// The next event; `None` when the stream has ended or broke off.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let unread = &self.buffer[self.read..];
            if let Some(end) = memchr::memmem::find(unread, b"\n\n") {
                let event = parse(std::str::from_utf8(&unread[..end]).expect("UTF-8"));
                self.read += end + 2;
                if event.is_some() {
                    return event;
                }
                continue;
            }
            let more = in_time("an event or the end of the stream", self.body.next()).await?.ok()?;
            self.buffer.drain(..std::mem::take(&mut self.read));
            self.buffer.extend_from_slice(&more);
        }
    }
}

/// Unnamed events with an id and one line of data, otherwise comments only.
fn parse(block: &str) -> Option<Event> {
    let (mut id, mut data) = (None, None);
    for line in block.lines() {
        match line.split_once(':').expect("a field or a comment") {
            ("", _) => {}
            ("id", value) => id = value.trim().parse().ok(),
            ("data", value) => data = value.strip_prefix(' '),
            (field, _) => panic!("{field} is no field of ours"),
        }
    }
    let line = data?.to_owned();
    Some(Event { position: id.expect("a position"), line })
}
