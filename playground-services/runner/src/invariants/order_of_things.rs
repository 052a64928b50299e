//! Things that come in an order: numbers of transactions, tokens of leases and of the commands
//! under them, and compensations, which go through the completed steps backwards.

use super::Verdict;
use protocol::{Name, Observation, Recorded, SpanId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// So many of the latest commands under a lease are remembered.
const WINDOW: usize = 512;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderOfThings {
    /// The number of each service's last transaction.
    transactions: BTreeMap<Name, u64>,
    gap: Option<String>,
    /// The last token of each lease.
    tokens: BTreeMap<Name, u64>,
    fell: Option<String>,
    /// Commands under a lease, by the span that published them: by whom, with which token.
    fenced: BTreeMap<SpanId, (Name, u64)>,
    fenced_in_order: VecDeque<SpanId>,
    /// The last token under which each consumer did something for each leader.
    obeyed: BTreeMap<Name, BTreeMap<Name, u64>>,
    /// The steps that each saga has completed and not taken back.
    completed: BTreeMap<i64, Vec<Name>>,
    astray: Option<String>,
}

impl OrderOfThings {
    pub fn evolve(&mut self, event: &Recorded) -> bool {
        match &event.observation {
            Observation::TransactionCommitted { transaction_id, .. } => {
                let last = self.transactions.insert(event.service.clone(), *transaction_id);
                let Some(last) = last.filter(|last| last + 1 != *transaction_id) else { return false };
                let service = &event.service;
                self.gap.get_or_insert_with(|| format!("{service}: {transaction_id} came behind {last}"));
            }
            Observation::LeaseAcquired { name, token, .. } => {
                let last = self.tokens.insert(name.clone(), *token);
                let Some(last) = last.filter(|last| last >= token) else { return false };
                self.fell.get_or_insert_with(|| format!("{name}: token {token} came behind {last}"));
            }
            Observation::MessagePublished { envelope, .. } => {
                let Some(token) = envelope.fencingtoken else { return false };
                self.remember(event.span_id, envelope.source.clone(), token);
                return false;
            }
            Observation::SagaStepCompleted { id, step } => {
                self.completed.entry(*id).or_default().push(step.clone());
                return false;
            }
            Observation::SagaStepCompensated { id, step } => {
                let Some(completed) = self.completed.get_mut(id) else { return false };
                // One that is not known to be completed may be taken back at any time.
                let Some(place) = completed.iter().position(|done| done == step) else { return false };
                completed.remove(place);
                let Some(later) = completed.get(place) else { return false };
                self.astray.get_or_insert_with(|| format!("order {id}: {step} was taken back before {later}"));
            }
            Observation::StateChanged { entity, id, to, .. } if &**entity == "saga" => {
                if !matches!(&**to, "COMPLETED" | "COMPENSATED") {
                    return false;
                }
                self.completed.remove(id);
                return false;
            }
            Observation::StateChanged { .. } => return self.obeys(event),
            _ => return false,
        }
        true
    }

    fn remember(&mut self, span: SpanId, leader: Name, token: u64) {
        if self.fenced.insert(span, (leader, token)).is_some() {
            return;
        }
        self.fenced_in_order.push_back(span);
        if self.fenced_in_order.len() > WINDOW
            && let Some(oldest) = self.fenced_in_order.pop_front()
        {
            self.fenced.remove(&oldest);
        }
    }

    /// Whether a consumer did what a leader of the past has asked for.
    fn obeys(&mut self, event: &Recorded) -> bool {
        let Some((leader, token)) = event.parent_span_id.and_then(|cause| self.fenced.get(&cause)) else {
            return false;
        };
        let consumer = self.obeyed.entry(event.service.clone()).or_default();
        let last = consumer.entry(leader.clone()).or_default();
        if token < last {
            let service = &event.service;
            self.fell.get_or_insert_with(|| format!("{service} obeyed {leader} under token {token} after {last}"));
            return true;
        }
        *last = *token;
        false
    }

    pub fn gapless(&self) -> Verdict {
        self.gap.clone().map_or(Ok(String::new()), Err)
    }

    pub fn rising(&self) -> Verdict {
        self.fell.clone().map_or(Ok(String::new()), Err)
    }

    pub fn in_reverse(&self) -> Verdict {
        self.astray.clone().map_or(Ok(String::new()), Err)
    }
}
