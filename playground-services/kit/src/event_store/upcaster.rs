//! Upcasters: from the shape an event had when it was written to the one it is read in today. What
//! is stored is never touched.

use super::bytes::{Malformed, Reader, Writer};
use std::borrow::Cow;

/// Reads the fields of one schema and writes those of the next.
pub type Upcast = fn(&mut Reader<'_>, &mut Writer) -> Result<(), Malformed>;

/// All of them, as chains v1 → v2 → v3, each link with a switch of its own.
#[derive(Clone, Debug, Default)]
pub struct Upcasters {
    links: Vec<Link>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    name: &'static str,
    kind: u16,
    from: u16,
    upcast: Upcast,
    on: bool,
}

/// Why an event cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("nothing here knows events of kind {kind}")]
    UnknownKind { kind: u16 },
    #[error("it has schema {schema}, and this reader knows no later one than {reads}")]
    Newer { schema: u16, reads: u16 },
    #[error("no upcaster leads on from schema {schema} of kind {kind}")]
    NoUpcaster { kind: u16, schema: u16 },
    #[error("the upcaster {name} is switched off")]
    SwitchedOff { name: &'static str },
    #[error("its data are damaged: {0}")]
    Malformed(#[from] Malformed),
}

impl Upcasters {
    /// With one more link: from this schema of a kind to the next.
    #[must_use]
    pub fn with(mut self, name: &'static str, kind: u16, from: u16, upcast: Upcast) -> Self {
        self.links.push(Link { name, kind, from, upcast, on: true });
        self
    }

    /// Switches the links of this name; whether there are any.
    pub fn switch(&mut self, name: &str, on: bool) -> bool {
        let mut named = self.links.iter_mut().filter(|link| link.name == name).peekable();
        let any = named.peek().is_some();
        named.for_each(|link| link.on = on);
        any
    }

    /// An event's data in the schema asked for, which is not an earlier one.
    pub fn upcast<'d>(&self, kind: u16, schema: u16, wanted: u16, data: &'d [u8]) -> Result<Cow<'d, [u8]>, Unreadable> {
        if schema > wanted {
            return Err(Unreadable::Newer { schema, reads: wanted });
        }
        let mut data = Cow::Borrowed(data);
        for schema in schema..wanted {
            let link = self.links.iter().find(|link| (link.kind, link.from) == (kind, schema));
            let link = link.ok_or(Unreadable::NoUpcaster { kind, schema })?;
            if !link.on {
                return Err(Unreadable::SwitchedOff { name: link.name });
            }
            let (mut from, mut to) = (Reader::new(&data), Writer::default());
            (link.upcast)(&mut from, &mut to)?;
            from.end()?;
            data = Cow::Owned(to.into_vec());
        }
        Ok(data)
    }
}
