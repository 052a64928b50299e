//! Follows what a cell's sandbox records, and waits for what is to come.

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

pub struct Watch {
    events: BoxStream<'static, Bytes>,
    fault: &'static str,
    pub seen: Seen,
}

/// How a wait came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It is so.
    So,
    /// Nothing was under way, and for a while nothing came.
    Silent,
    /// Something was under way to the last.
    TooLong,
}

impl Watch {
    /// From the beginning of the record on.
    pub async fn new(sandbox: &Sandbox, fault: &'static str) -> Result<Self, SandboxError> {
        Ok(Watch { events: Box::pin(sandbox.events(0).await?), fault, seen: Seen::default() })
    }

    /// Until it is so, for `most` at most; or until nothing has been under way for `silence`.
    pub async fn until(
        &mut self,
        so: impl Fn(&Seen) -> bool,
        silence: Duration,
        most: Duration,
    ) -> anyhow::Result<Waited> {
        let end = Instant::now() + most;
        loop {
            // Between two group commits: within one the picture is not yet what was decided.
            if so(&self.seen) {
                return Ok(Waited::So);
            }
            let patience = end.min(Instant::now() + silence);
            match tokio::time::timeout_at(patience, self.events.next()).await {
                Ok(Some(events)) => self.take(&events)?,
                Ok(None) => anyhow::bail!("the sandbox of a cell has ended"),
                Err(_) if Instant::now() >= end => return Ok(Waited::TooLong),
                Err(_) if self.seen.state.at_rest() => return Ok(Waited::Silent),
                Err(_) => {}
            }
        }
    }

    fn take(&mut self, events: &[u8]) -> anyhow::Result<()> {
        for line in events.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data: ")) {
            self.seen.evolve(&serde_json::from_slice(line)?, self.fault);
        }
        Ok(())
    }
}
