//! What is still owed: a fold of the record, so that nothing of it needs a table.

use crate::recorder::Accepted;
use kit::ctx::Span;
use protocol::{Name, Observation, Recorded, TraceContext, Uuid};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// Per service, the last of its transactions that is in the record.
    pub shipped: BTreeMap<Name, u64>,
    /// Commands ever accepted.
    pub commands: u64,
    /// Commands that their service has not answered yet, by correlation id.
    pub unanswered: BTreeMap<Uuid, Accepted>,
}

impl Ledger {
    pub fn evolve(&mut self, event: &Recorded) {
        match &event.observation {
            Observation::CommandAccepted { command } => {
                self.commands += 1;
                let trace = TraceContext { trace_id: event.trace_id, span_id: event.span_id };
                let span = Span { trace, parent: None, correlation_id: event.correlation_id };
                let accepted = Accepted { command: command.clone(), span, ordinal: self.commands };
                self.unanswered.insert(event.correlation_id.unwrap_or_default(), accepted);
            }
            Observation::ResponseReceived { .. } if event.settles_command() => {
                self.unanswered.remove(&event.correlation_id.unwrap_or_default());
            }
            Observation::TransactionCommitted { transaction_id, .. } => match self.shipped.get_mut(&event.service) {
                Some(n) => *n = *transaction_id,
                None => drop(self.shipped.insert(event.service.clone(), *transaction_id)),
            },
            _ => {}
        }
    }

    /// Commands that nobody has answered yet, oldest first.
    pub fn unanswered(&self) -> Vec<Accepted> {
        let mut unanswered: Vec<Accepted> = self.unanswered.values().cloned().collect();
        unanswered.sort_by_key(|accepted| accepted.ordinal);
        unanswered
    }
}
