//! What a step is set up with.

use crate::condition::Named;
use protocol::{FaultKind, FaultSpec, Name, Params, When};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fresh sandbox: its topology, and what is set before the learner begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// A name that `protocol::topology` knows.
    pub topology: Name,
    /// Of the sandbox.
    #[serde(default = "seven")]
    pub seed: u64,
    /// Those that shall stand otherwise than the topology says.
    #[serde(default)]
    pub switches: BTreeMap<Name, bool>,
    /// By the name they get in the sandbox.
    #[serde(default)]
    pub faults: BTreeMap<Name, FaultRule>,
    /// Replicas of services, where they shall be others than the topology says.
    #[serde(default)]
    pub replicas: BTreeMap<Name, u32>,
}

fn seven() -> u64 {
    7
}

/// A fault as a lesson writes it. It lasts until it is cleared, unless `ttl_ms` is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    pub kind: FaultKind,
    /// As `protocol::Target` reads it: `payments`, `orders->inventory`, `topic:orders`, `broker`.
    pub target: Name,
    /// Percent of the cases hit.
    #[serde(default = "hundred")]
    pub strength: u8,
    /// Decides which cases those are.
    #[serde(default = "crate::condition::one")]
    pub seed: u64,
    /// Milliseconds until it acts.
    #[serde(default)]
    pub after_ms: u64,
    /// Milliseconds it lasts.
    #[serde(default)]
    pub ttl_ms: Option<u64>,
    /// Of the kinds that take any: `protocol::Params`.
    #[serde(default)]
    pub every: Option<u64>,
    #[serde(default)]
    pub ms: Option<u64>,
    #[serde(default)]
    pub jitter_ms: Option<u64>,
    #[serde(default)]
    pub status: Option<u16>,
    #[serde(default)]
    pub step: Option<Name>,
    #[serde(default)]
    pub when: Option<When>,
    #[serde(default)]
    pub only: Option<Vec<Name>>,
}

fn hundred() -> u8 {
    100
}

impl FaultRule {
    /// All of a part, until it is cleared.
    pub fn of_part(kind: FaultKind, target: Name) -> Self {
        let (every, ms, jitter_ms, status, step, when, only) = Default::default();
        let (strength, seed, after_ms, ttl_ms) = (hundred(), crate::condition::one(), 0, None);
        FaultRule { kind, target, strength, seed, after_ms, ttl_ms, every, ms, jitter_ms, status, step, when, only }
    }

    /// As the API takes it.
    pub fn spec(&self) -> FaultSpec {
        let FaultRule { kind, strength, seed, after_ms, ttl_ms, every, ms, jitter_ms, status, when, .. } = *self;
        let step = self.step.clone();
        let params = Params { every, ms, jitter_ms, status, step, when, only: self.only.clone() };
        FaultSpec { kind, target: self.target.clone(), strength, seed, after_ms, ttl_ms, params }
    }

    pub(crate) fn names(&self, names: &mut Vec<Named>) {
        names.push(Named::Target(self.target.clone()));
        names.extend(self.step.clone().map(Named::Step));
        names.extend(self.only.iter().flatten().cloned().map(Named::Type));
    }
}

impl Scene {
    /// Nothing but its topology.
    pub fn plain(topology: &str) -> Self {
        let (switches, faults, replicas) = Default::default();
        Scene { topology: topology.into(), seed: seven(), switches, faults, replicas }
    }

    pub(crate) fn names(&self, names: &mut Vec<Named>) {
        names.extend(self.switches.keys().cloned().map(Named::Switch));
        names.extend(self.replicas.keys().cloned().map(Named::Service));
        self.faults.values().for_each(|fault| fault.names(names));
    }
}
