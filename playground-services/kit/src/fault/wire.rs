//! Faults of the wire: what becomes of one message or request on one stretch of its way.

use super::{hash, percentile, stands};
use protocol::{BROKER, Fault, FaultKind, Target};

/// A stretch of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// From a service to the broker.
    Publish,
    /// From the broker to a consumer group.
    Delivery,
    /// From a caller to a service.
    Request,
}

/// What is about to pass.
#[derive(Clone, Copy, Debug)]
pub struct Passing<'a> {
    pub leg: Leg,
    /// The publisher or caller; of a delivery, too, whoever published it.
    pub from: &'a str,
    /// The consumer group or the service called; [`BROKER`] for a publish.
    pub to: &'a str,
    pub topic: Option<&'a str>,
    /// The number of the command at the root of it.
    pub ordinal: u64,
    /// Its type.
    pub what: &'a str,
    /// 1 the first time.
    pub attempt: u32,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict<'a> {
    Pass,
    /// It comes so many microseconds later.
    Delay {
        fault: &'a Fault,
        us: u64,
    },
    /// It comes twice.
    Duplicate {
        fault: &'a Fault,
    },
    /// The next one overtakes it.
    Reorder {
        fault: &'a Fault,
    },
    /// It is lost, and nobody is told.
    Drop {
        fault: &'a Fault,
    },
    /// It is refused; a request with this status.
    Fail {
        fault: &'a Fault,
        status: u16,
    },
}

impl<'a> Verdict<'a> {
    /// The fault that struck.
    pub fn fault(self) -> Option<&'a Fault> {
        match self {
            Verdict::Pass => None,
            Verdict::Delay { fault, .. }
            | Verdict::Duplicate { fault }
            | Verdict::Reorder { fault }
            | Verdict::Drop { fault }
            | Verdict::Fail { fault, .. } => Some(fault),
        }
    }
}

/// A service that is too busy to answer.
const UNAVAILABLE: u16 = 503;

/// The verdict of the first fault that strikes it.
pub fn verdict<'a>(faults: &'a [Fault], passing: &Passing<'_>, now_us: u64) -> Verdict<'a> {
    let strikes = |fault: &&Fault| {
        fault.spec.kind.is_of_the_wire()
            && stands(fault, passing.ordinal, now_us)
            && aims_at(Target::parse(&fault.spec.target), passing)
            && fault.spec.params.only.as_ref().is_none_or(|only| only.iter().any(|what| **what == *passing.what))
            && percentile(dice(fault, passing)) < u64::from(fault.spec.strength)
    };
    let Some(fault) = faults.iter().find(strikes) else { return Verdict::Pass };
    let params = &fault.spec.params;
    match fault.spec.kind {
        FaultKind::Duplicate => Verdict::Duplicate { fault },
        FaultKind::Reorder => Verdict::Reorder { fault },
        FaultKind::Drop => Verdict::Drop { fault },
        FaultKind::Fail => Verdict::Fail { fault, status: params.status.unwrap_or(UNAVAILABLE) },
        // `Delay`, the only other one of the wire. What decides whether does not decide how long.
        _ => {
            let jitter_us = params.jitter_ms.unwrap_or_default().saturating_mul(1000);
            let more = hash(&[&dice(fault, passing).to_le_bytes(), b"jitter"]) % jitter_us.saturating_add(1);
            Verdict::Delay { fault, us: super::slowness_us(fault).saturating_add(more) }
        }
    }
}

/// The partition or outage that keeps the two ends apart, if one does: nothing passes for as long
/// as it stands.
pub fn severed<'a>(faults: &'a [Fault], passing: &Passing<'_>, now_us: u64) -> Option<&'a Fault> {
    faults.iter().find(|fault| {
        let target = Target::parse(&fault.spec.target);
        let between = match fault.spec.kind {
            FaultKind::BrokerOutage => passing.leg != Leg::Request,
            FaultKind::Partition => parts(target, passing),
            _ => false,
        };
        between && stands(fault, passing.ordinal, now_us)
    })
}

/// Whether what passes is what the target names.
fn aims_at(target: Target<'_>, passing: &Passing<'_>) -> bool {
    match (target, passing.leg) {
        (Target::Broker, leg) => leg != Leg::Request,
        (Target::Topic(topic), Leg::Publish) => passing.topic == Some(topic),
        (Target::Service(name), Leg::Delivery) => passing.to == name,
        (Target::Service(name), Leg::Request) => passing.from == name,
        (Target::Edge(from, to), _) => passing.from == from && passing.to == to,
        // One replica of several is no end of an edge.
        (Target::Topic(_) | Target::Service(_) | Target::Replica(..), _) => false,
    }
}

/// Whether a partition of the target lies across the way, in either direction.
fn parts(target: Target<'_>, passing: &Passing<'_>) -> bool {
    match target {
        Target::Edge(a, b) => {
            let ends = |from: &str, to: &str| (a == from && b == to) || (a == to && b == from);
            ends(passing.from, passing.to) || (passing.leg == Leg::Delivery && ends(BROKER, passing.to))
        }
        // A delivery comes from the broker: whoever published it may be cut off by now.
        Target::Service(name) => passing.to == name || (passing.leg != Leg::Delivery && passing.from == name),
        Target::Topic(_) | Target::Replica(..) | Target::Broker => false,
    }
}

/// The same for the same thing on the same stretch, whatever the timing.
fn dice(fault: &Fault, passing: &Passing<'_>) -> u64 {
    let leg = match passing.leg {
        Leg::Publish => "publish",
        Leg::Delivery => "delivery",
        Leg::Request => "request",
    };
    hash(&[
        &fault.spec.seed.to_le_bytes(),
        fault.id.as_bytes(),
        leg.as_bytes(),
        passing.from.as_bytes(),
        b">",
        passing.to.as_bytes(),
        &passing.ordinal.to_le_bytes(),
        passing.what.as_bytes(),
        &passing.attempt.to_le_bytes(),
    ])
}

#[cfg(test)]
mod tests;
