//! Faults: what can be made to go wrong, on purpose, on the real path.

use crate::Name;
use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The card network refuses charges. `params.every`: each n-th charge only.
    DeclinePayments,
    /// The target is down for as long as the fault stands.
    Crash,
}

/// What `PUT …/faults/{fault_id}` takes; only `kind` and `target` are required.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    pub kind: FaultKind,
    /// A service's name.
    pub target: Name,
    /// Percent of the cases hit, 1 to 100.
    #[serde(default = "hundred")]
    pub strength: u8,
    #[serde(default = "one")]
    pub seed: u64,
    /// Milliseconds from the installation until it acts.
    #[serde(default)]
    pub after_ms: u64,
    /// Milliseconds it lasts; `null` means until cleared.
    #[serde(default = "minute")]
    pub ttl_ms: Option<u64>,
    #[serde(default)]
    pub params: Params,
}

/// Parameters of a fault, by kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// `decline-payments`: each n-th charge, 1 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
}

fn hundred() -> u8 {
    100
}
fn one() -> u64 {
    1
}
fn minute() -> Option<u64> {
    Some(60_000)
}

/// A fault as it stands in a sandbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Flat")]
pub struct Fault {
    pub id: Name,
    #[serde(flatten)]
    pub spec: FaultSpec,
    /// Microseconds since the sandbox was created.
    pub installed_at: u64,
}

impl Fault {
    /// When it begins to act, in microseconds since the sandbox was created.
    pub fn begins_at(&self) -> u64 {
        self.installed_at.saturating_add(self.spec.after_ms.saturating_mul(1000))
    }

    /// When it ends, if it ends by itself, in microseconds since the sandbox was created.
    pub fn expires_at(&self) -> Option<u64> {
        self.spec.ttl_ms.map(|ttl| self.begins_at().saturating_add(ttl.saturating_mul(1000)))
    }
}

/// A [`Fault`] field by field: derived, the flattened part would be buffered first.
#[derive(Deserialize)]
struct Flat {
    id: Name,
    kind: FaultKind,
    target: Name,
    strength: u8,
    seed: u64,
    after_ms: u64,
    ttl_ms: Option<u64>,
    params: Params,
    installed_at: u64,
}

impl From<Flat> for Fault {
    fn from(flat: Flat) -> Self {
        let Flat { id, kind, target, strength, seed, after_ms, ttl_ms, params, installed_at } = flat;
        Fault { id, spec: FaultSpec { kind, target, strength, seed, after_ms, ttl_ms, params }, installed_at }
    }
}
