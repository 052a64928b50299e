//! Follows what a cell's sandbox records, and waits for what is to come.

use super::judge;
use crate::sandbox::{Sandbox, SandboxError};
use bytes::Bytes;
use diagram::DiagramState;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use protocol::{Observation, Recorded};
use std::time::Duration;
use tokio::time::Instant;

/// What is known of a cell by now.
#[derive(Debug, Default)]
pub struct Seen {
    pub state: DiagramState,
    /// The fault it is about has struck.
    pub struck: bool,
    /// A service has crashed.
    pub crashed: bool,
}

impl Seen {
    fn evolve(&mut self, event: &Recorded, fault: &str) {
        self.state.evolve(event);
        match &event.observation {
            Observation::FaultTriggered { fault_id, .. } => self.struck |= **fault_id == *fault,
            Observation::ServiceCrashed { .. } => self.crashed = true,
            _ => {}
        }
    }
}

pub struct Watch<'a> {
    sandbox: &'a Sandbox,
    events: BoxStream<'static, Bytes>,
    fault: &'static str,
    end: Instant,
    pub seen: Seen,
}

/// How a wait came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It is so.
    So,
    /// It is not, and nothing is under way that could make it so.
    AtRest,
    /// Something is under way to the last.
    TooLong,
}

impl<'a> Watch<'a> {
    /// From the beginning of the record on, for `most` in all.
    pub async fn new(sandbox: &'a Sandbox, fault: &'static str, most: Duration) -> Result<Self, SandboxError> {
        let events = Box::pin(sandbox.events(0).await?);
        Ok(Watch { sandbox, events, fault, end: Instant::now() + most, seen: Seen::default() })
    }

    /// Until it is so, or nothing is under way any more.
    pub async fn until(&mut self, so: impl Fn(&Seen) -> bool) -> anyhow::Result<Waited> {
        loop {
            // Between two group commits: within one the picture is not yet what was decided.
            if so(&self.seen) {
                return Ok(Waited::So);
            }
            if self.at_rest() {
                return Ok(Waited::AtRest);
            }
            match tokio::time::timeout_at(self.end, self.events.next()).await {
                Ok(Some(events)) => self.take(&events)?,
                Ok(None) => anyhow::bail!("the sandbox of a cell has ended"),
                Err(_) => return Ok(Waited::TooLong),
            }
        }
    }

    /// What was asked for a moment ago is in the record, but may not have come here yet.
    fn at_rest(&self) -> bool {
        judge::is_at_rest(&self.seen.state) && self.seen.state.position >= self.sandbox.state().position
    }

    fn take(&mut self, events: &[u8]) -> anyhow::Result<()> {
        for line in events.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data: ")) {
            self.seen.evolve(&serde_json::from_slice(line)?, self.fault);
        }
        Ok(())
    }
}
