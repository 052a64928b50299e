//! A segment: up to 512 consecutive events of one stream, as two blobs of one row.

use super::aggregate::{About, Recorded};
use super::bytes::{Malformed, Reader, Writer};
use protocol::Uuid;
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// The version of both blobs, in their first byte.
pub const FORMAT: u8 = 1;
/// The most events in one; in this crate's own tests as much less as a group is (pack.rs).
pub const EVENTS_MAX: u64 = if cfg!(test) { 32 } else { 512 };
/// One with so many events is worth finding by itself as soon as it is stored.
const LONG: u64 = EVENTS_MAX / 8;

// What of an event's audit is not written, being the same as ...
const CAUSE_AS_BEFORE: u8 = 1;
const CORRELATION_AS_CAUSE: u8 = 2;
const BY_AS_BEFORE: u8 = 4;
const WHY_AS_BEFORE: u8 = 8;

/// A row of the table `segment`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segment {
    /// That of its last event.
    pub position: u64,
    pub stream: i64,
    /// The sequences of its first and of its last event.
    pub first: u64,
    pub last: u64,
    /// The last position of those that were packed together with it, its own where it is not packed:
    /// up to there, and from the end of the group before it, there is no event but in this group.
    pub until: u64,
    pub body: Vec<u8>,
    pub about: Vec<u8>,
}

impl Segment {
    /// Long enough to be left as it is when the store is packed.
    pub fn is_long(&self) -> bool {
        is_long(self.first, self.last)
    }

    /// Its events, in order.
    pub fn events(&self) -> Result<Vec<Recorded<'_>>, Malformed> {
        let mut body = Body::open(&self.body)?;
        let mut about = Reader::new(&self.about);
        of_this_format(&mut about)?;
        let mut before = (0, About::default());
        let mut events = Vec::new();
        for sequence in self.first..=self.last {
            let Slice { kind, schema, data } = body.next().ok_or(Malformed("fewer events than its row says"))??;
            before = read_about(&mut about, &before)?;
            let (position, about) = before.clone();
            events.push(Recorded { position, stream: self.stream, sequence, kind, schema, data, about });
        }
        about.end()?;
        body.left.end()?;
        // So far they were counted from the first event's.
        let first = self.position.checked_sub(before.0).ok_or(Malformed("more positions than its row says"))?;
        events.iter_mut().for_each(|event| event.position += first);
        Ok(events)
    }
}

/// An event's data within a body.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a> {
    pub kind: u16,
    pub schema: u16,
    pub data: &'a [u8],
}

impl<'a> Slice<'a> {
    pub fn of(event: &Recorded<'a>) -> Self {
        Slice { kind: event.kind, schema: event.schema, data: event.data }
    }
}

/// The blob that a state is folded from, read event by event.
pub struct Body<'a> {
    left: Reader<'a>,
}

impl<'a> Body<'a> {
    pub fn open(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut left = Reader::new(body);
        of_this_format(&mut left)?;
        Ok(Body { left })
    }

    #[inline]
    fn slice(&mut self) -> Result<Slice<'a>, Malformed> {
        let (kind, schema) = (number(&mut self.left)?, number(&mut self.left)?);
        Ok(Slice { kind, schema, data: self.left.bytes()? })
    }
}

impl<'a> Iterator for Body<'a> {
    type Item = Result<Slice<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        (!self.left.is_empty()).then(|| self.slice())
    }
}

/// A segment under way.
#[derive(Clone, Debug)]
pub struct Filling {
    pub stream: i64,
    pub first: u64,
    pub last: u64,
    /// The position of its last event, and the event's audit.
    before: (u64, About<'static>),
    body: Writer,
    about: Writer,
}

impl Filling {
    /// Nothing yet; its first event will have this sequence.
    pub fn new(stream: i64, first: u64) -> Self {
        let (mut body, mut about) = (Writer::default(), Writer::default());
        body.raw(&[FORMAT]);
        about.raw(&[FORMAT]);
        Filling { stream, first, last: first - 1, before: (0, About::default()), body, about }
    }

    pub fn is_full(&self) -> bool {
        self.last + 1 - self.first >= EVENTS_MAX
    }

    /// Adds the next event of its stream.
    pub fn push(&mut self, position: u64, slice: Slice<'_>, about: &About<'_>) {
        self.body.u64(slice.kind.into());
        self.body.u64(slice.schema.into());
        self.body.bytes(slice.data);
        let first = self.last < self.first;
        let step = if first { 0 } else { position - self.before.0 };
        write_about(&mut self.about, step, about, &self.before.1);
        self.last += 1;
        let (by, why) = (about.by.clone().into_owned().into(), about.why.clone().into_owned().into());
        self.before = (position, About { by, why, ..*about });
    }

    pub fn is_long(&self) -> bool {
        is_long(self.first, self.last)
    }

    pub fn position(&self) -> u64 {
        self.before.0
    }

    pub fn body(&self) -> &[u8] {
        self.body.as_slice()
    }

    pub fn about(&self) -> &[u8] {
        self.about.as_slice()
    }
}

fn is_long(first: u64, last: u64) -> bool {
    last + 1 - first >= LONG
}

/// The ids of a segment's events.
pub fn ids(about: &[u8], sequences: &RangeInclusive<u64>) -> Result<Vec<Uuid>, Malformed> {
    let mut about = Reader::new(about);
    of_this_format(&mut about)?;
    let mut before = (0, About::default());
    let mut ids = vec![];
    for _ in sequences.clone() {
        before = read_about(&mut about, &before)?;
        ids.push(before.1.id);
    }
    about.end()?;
    Ok(ids)
}

fn write_about(out: &mut Writer, step: u64, about: &About<'_>, before: &About<'_>) {
    out.u64(step);
    out.i64(about.at_us.wrapping_sub(before.at_us));
    let same = [
        (CAUSE_AS_BEFORE, about.cause == before.cause),
        (CORRELATION_AS_CAUSE, about.correlation == about.cause),
        (BY_AS_BEFORE, about.by == before.by),
        (WHY_AS_BEFORE, about.why == before.why),
    ];
    let flags = same.iter().fold(0, |flags, (flag, same)| if *same { flags | flag } else { flags });
    out.raw(&[flags]);
    out.raw(about.id.as_bytes());
    if flags & CAUSE_AS_BEFORE == 0 {
        out.raw(about.cause.as_bytes());
    }
    if flags & CORRELATION_AS_CAUSE == 0 {
        out.raw(about.correlation.as_bytes());
    }
    if flags & BY_AS_BEFORE == 0 {
        out.text(&about.by);
    }
    if flags & WHY_AS_BEFORE == 0 {
        out.text(&about.why);
    }
}

fn read_about<'a>(from: &mut Reader<'a>, (last, before): &(u64, About<'a>)) -> Result<(u64, About<'a>), Malformed> {
    let position = last.checked_add(from.u64()?).ok_or(Malformed("a position beyond all numbers"))?;
    let at_us = before.at_us.wrapping_add(from.i64()?);
    let flags = from.byte()?;
    let id = uuid(from)?;
    let cause = if flags & CAUSE_AS_BEFORE == 0 { uuid(from)? } else { before.cause };
    let correlation = if flags & CORRELATION_AS_CAUSE == 0 { uuid(from)? } else { cause };
    let by = if flags & BY_AS_BEFORE == 0 { Cow::Borrowed(from.text()?) } else { before.by.clone() };
    let why = if flags & WHY_AS_BEFORE == 0 { Cow::Borrowed(from.text()?) } else { before.why.clone() };
    Ok((position, About { id, at_us, cause, correlation, by, why }))
}

fn of_this_format(from: &mut Reader<'_>) -> Result<(), Malformed> {
    if from.byte()? == FORMAT { Ok(()) } else { Err(Malformed("a segment of another version of Terrarium")) }
}

#[inline]
fn number(from: &mut Reader<'_>) -> Result<u16, Malformed> {
    u16::try_from(from.u64()?).map_err(|_| Malformed("a kind or schema of more than 16 bits"))
}

fn uuid(from: &mut Reader<'_>) -> Result<Uuid, Malformed> {
    Uuid::from_slice(from.raw(16)?).map_err(|_| Malformed("a UUID of another length"))
}
