//! Faults: what can be made to go wrong, on purpose, on the real path.

use crate::{Name, Topology};
use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The card network refuses charges. `params.every`: each n-th charge only.
    DeclinePayments,
    /// What passes comes later, by `params.ms` and up to `params.jitter_ms` more.
    Delay,
    /// What passes comes twice.
    Duplicate,
    /// What passes is overtaken by the next.
    Reorder,
    /// What passes is lost.
    Drop,
    /// What passes is refused. `params.status`: the answer of a request, 503 unless given.
    Fail,
    /// The target is down for as long as the fault stands.
    Crash,
    /// The target stands still, as if its processor were taken away.
    Pause,
    /// The two ends of an edge, or a service and all others, do not reach each other.
    Partition,
    /// The broker takes no messages and hands none out.
    BrokerOutage,
    /// Each transaction of the target takes `params.ms` longer.
    SlowStore,
    /// The target crashes between the commit of a transaction and the publishing of its messages.
    CrashBeforePublish,
    /// The saga step `params.step` fails, `params.when` says on which side of its commit.
    FailStep,
}

impl FaultKind {
    pub const ALL: [FaultKind; 13] = [
        FaultKind::DeclinePayments,
        FaultKind::Delay,
        FaultKind::Duplicate,
        FaultKind::Reorder,
        FaultKind::Drop,
        FaultKind::Fail,
        FaultKind::Crash,
        FaultKind::Pause,
        FaultKind::Partition,
        FaultKind::BrokerOutage,
        FaultKind::SlowStore,
        FaultKind::CrashBeforePublish,
        FaultKind::FailStep,
    ];

    /// As the API writes it: `decline-payments`.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::DeclinePayments => "decline-payments",
            FaultKind::Delay => "delay",
            FaultKind::Duplicate => "duplicate",
            FaultKind::Reorder => "reorder",
            FaultKind::Drop => "drop",
            FaultKind::Fail => "fail",
            FaultKind::Crash => "crash",
            FaultKind::Pause => "pause",
            FaultKind::Partition => "partition",
            FaultKind::BrokerOutage => "broker-outage",
            FaultKind::SlowStore => "slow-store",
            FaultKind::CrashBeforePublish => "crash-before-publish",
            FaultKind::FailStep => "fail-step",
        }
    }

    /// Leaves its target down for as long as it stands.
    pub fn takes_down(self) -> bool {
        matches!(self, FaultKind::Crash | FaultKind::CrashBeforePublish)
    }

    /// Strikes what passes on an edge: a publish, a delivery or a request.
    pub fn is_of_the_wire(self) -> bool {
        use FaultKind::*;
        matches!(self, Delay | Duplicate | Reorder | Drop | Fail)
    }
}

/// What a fault is aimed at, as `target` writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `payments`: deliveries to it and requests from it; or the service itself.
    Service(&'a str),
    /// `saga-orchestrator/1`: one replica of a service.
    Replica(&'a str, u32),
    /// `orders->inventory`: deliveries of what one service published to another, and requests
    /// from one to the other.
    Edge(&'a str, &'a str),
    /// `topic:orders`: publishes to a topic.
    Topic(&'a str),
    /// `broker`: every publish and every delivery.
    Broker,
}

impl<'a> Target<'a> {
    pub fn parse(target: &'a str) -> Self {
        if target == crate::BROKER {
            return Target::Broker;
        }
        if let Some(topic) = target.strip_prefix("topic:") {
            return Target::Topic(topic);
        }
        if let Some((from, to)) = target.split_once('>')
            && let Some(from) = from.strip_suffix('-')
        {
            return Target::Edge(from, to);
        }
        if let Some((service, replica)) = target.rsplit_once('/')
            && let Ok(replica) = replica.parse()
        {
            return Target::Replica(service, replica);
        }
        Target::Service(target)
    }

    /// Whether it is this replica of a service, by itself or with its siblings.
    pub fn hits(self, service: &str, replica: u32) -> bool {
        match self {
            Target::Service(name) => name == service,
            Target::Replica(name, which) => name == service && which == replica,
            Target::Edge(..) | Target::Topic(_) | Target::Broker => false,
        }
    }

    /// Whether there is such a thing. [`crate::TERRARIUM`] counts: it sends the commands.
    pub fn is_in(self, topology: &Topology) -> bool {
        let known = |name: &str| name == crate::TERRARIUM || topology.service(name).is_some();
        match self {
            Target::Service(name) | Target::Replica(name, _) => topology.service(name).is_some(),
            Target::Edge(from, to) => from != to && known(from) && known(to),
            Target::Topic(topic) => topology.topics().any(|known| &**known == topic),
            Target::Broker => true,
        }
    }
}

/// On which side of a step's commit it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Nothing was done.
    Before,
    /// It was done, and nobody hears of it.
    After,
}

/// What `PUT …/faults/{fault_id}` takes; only `kind` and `target` are required.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    pub kind: FaultKind,
    /// See [`Target`].
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
    /// `delay`, `slow-store`: milliseconds; 1,000 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// `delay`: up to so many milliseconds more, by the verdict's hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<u64>,
    /// `fail`: the status of a request's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// `fail-step`: a step of the topology, such as `reserve-stock`. `crash-before-publish`: only
    /// after this step; after any, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Name>,
    /// `fail-step`: `before` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// Faults of the wire: only messages and commands of these types; of all, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<Name>>,
}

impl Params {
    /// Milliseconds that `delay` and `slow-store` take: 1,000 unless `ms` says otherwise.
    pub fn slowness_ms(&self) -> u64 {
        self.ms.unwrap_or(1000)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_they_are_written() {
        for (text, target) in [
            ("payments", Target::Service("payments")),
            ("saga-orchestrator/1", Target::Replica("saga-orchestrator", 1)),
            ("orders->inventory", Target::Edge("orders", "inventory")),
            ("topic:orders", Target::Topic("orders")),
            ("broker", Target::Broker),
        ] {
            assert_eq!(Target::parse(text), target);
        }
    }

    #[test]
    fn only_what_is_there_can_be_a_target() {
        let topology = crate::topology("saga-choreography").expect("exists");
        let is_in = |text| Target::parse(text).is_in(&topology);
        for known in ["payments", "payments/0", "orders->inventory", "terrarium->orders", "topic:orders", "broker"] {
            assert!(is_in(known), "{known}");
        }
        for unknown in ["shipping", "orders->orders", "orders->shipping", "topic:notifications", ""] {
            assert!(!is_in(unknown), "{unknown}");
        }
    }

    #[test]
    fn kinds_are_named_as_the_api_writes_them() {
        for kind in FaultKind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("writes"), kind.name());
        }
    }
}
