//! Whether a fault would change anything here: one that would not is refused, with a sentence.

use crate::sandbox::error::SandboxError;
use protocol::{BROKER, FaultKind, FaultSpec, ServiceSpec, TERRARIUM, Target, Topology};

/// A day: the longest a fault may wait or last, unless it lasts until cleared.
const LONGEST_MS: u64 = 24 * 3600 * 1000;

/// The longest that something may be held up, and the most that may vary.
const SLOWEST_MS: u64 = 600_000;

pub fn validate(topology: &Topology, spec: &FaultSpec) -> Result<(), SandboxError> {
    reaches_something(topology, spec).and_then(|()| is_in_range(spec)).map_err(SandboxError::Invalid)
}

/// Its target is there, and it is a target for faults of this kind.
fn reaches_something(topology: &Topology, spec: &FaultSpec) -> Result<(), String> {
    let target = Target::parse(&spec.target);
    let cuts_off =
        spec.kind == FaultKind::Partition && broker_edge(target).is_some_and(|end| topology.service(end).is_some());
    if !target.is_in(topology) && !cuts_off {
        return Err(format!("There is no {} to strike. {}", spec.target, services(topology)));
    }
    match spec.kind {
        kind if kind.is_of_the_wire() => passes(topology, target, &spec.target),
        FaultKind::Partition if cuts_off => Ok(()),
        FaultKind::Partition => match target {
            Target::Edge(a, b)
                if ![(a, b), (b, a)].iter().any(|(a, b)| delivers(topology, a, b) || asks(topology, a, b)) =>
            {
                Err(nothing_passes(&spec.target))
            }
            Target::Edge(..) | Target::Service(_) => Ok(()),
            _ => Err(format!(
                "A partition is between two: target an edge such as orders->inventory. {}",
                services(topology)
            )),
        },
        FaultKind::BrokerOutage if target != Target::Broker => {
            Err("Only the broker has outages. Target broker.".to_owned())
        }
        FaultKind::BrokerOutage => Ok(()),
        _ => match topology.service(of_service(target, spec.kind).unwrap_or(&spec.target)) {
            Some(service) => strikes(service, spec),
            None => Err(format!("This strikes a service. {}", services(topology))),
        },
    }
}

/// The service of a replica, for faults that take one.
fn of_service(target: Target<'_>, kind: FaultKind) -> Option<&str> {
    match (target, kind) {
        (Target::Replica(name, _), FaultKind::Crash | FaultKind::Pause) => Some(name),
        _ => None,
    }
}

/// Something that a fault of the wire can be aimed at passes there.
fn passes(topology: &Topology, target: Target<'_>, text: &str) -> Result<(), String> {
    let passes = match target {
        Target::Edge(from, to) => delivers(topology, from, to) || asks(topology, from, to),
        Target::Service(name) => topology.service(name).is_some_and(|service| !service.consumes.is_empty()),
        Target::Topic(_) | Target::Broker => true,
        Target::Replica(..) => false,
    };
    if passes { Ok(()) } else { Err(nothing_passes(text)) }
}

/// The service does what the fault would spoil.
fn strikes(service: &ServiceSpec, spec: &FaultSpec) -> Result<(), String> {
    let name = &service.name;
    let step = spec.params.step.as_deref();
    let steps: Vec<&str> = service.steps.iter().map(|step| &*step.name).collect();
    match spec.kind {
        FaultKind::DeclinePayments if service.outside.as_ref().is_none_or(|o| &*o.name != "card network") => {
            Err(format!("{name} charges no cards. Target payments."))
        }
        FaultKind::CrashBeforePublish if service.publishes.is_none() => {
            Err(format!("{name} publishes nothing, so there is no before. Target a service that does."))
        }
        FaultKind::FailStep | FaultKind::CrashBeforePublish if step.is_some_and(|step| !steps.contains(&step)) => {
            let step = step.unwrap_or_default();
            Err(format!("{name} has no step {step}. Its steps are {}.", steps.join(", ")))
        }
        FaultKind::FailStep if step.is_none() => {
            Err(format!("Say in params.step which step fails: one of {}.", steps.join(", ")))
        }
        _ => Ok(()),
    }
}

fn is_in_range(spec: &FaultSpec) -> Result<(), String> {
    if !(1..=100).contains(&spec.strength) {
        return Err(format!("The strength {} is out of range. It is a percentage, 1 to 100.", spec.strength));
    }
    if spec.params.every == Some(0) {
        return Err("The parameter every counts commands: 1 or more.".to_owned());
    }
    if spec.kind == FaultKind::Crash && (spec.strength != 100 || spec.params.every.is_some()) {
        return Err("A crash takes the whole service: leave strength and every out.".to_owned());
    }
    let waits = [spec.params.ms, spec.params.jitter_ms];
    if waits.into_iter().flatten().any(|ms| ms > SLOWEST_MS) {
        return Err(format!("ms and jitter_ms are out of range. Each is at most {SLOWEST_MS}: ten minutes."));
    }
    if spec.params.status.is_some_and(|status| !(400..=599).contains(&status)) {
        return Err("The status is out of range. A request that fails is answered 400 to 599.".to_owned());
    }
    if spec.after_ms > LONGEST_MS || spec.ttl_ms.is_some_and(|ttl| !(1..=LONGEST_MS).contains(&ttl)) {
        return Err(format!(
            "The times are out of range. after_ms is at most {LONGEST_MS}, ttl_ms 1 to {LONGEST_MS}, or null for until cleared."
        ));
    }
    Ok(())
}

/// The other end of an edge with the broker.
fn broker_edge(target: Target<'_>) -> Option<&str> {
    match target {
        Target::Edge(BROKER, end) | Target::Edge(end, BROKER) => Some(end),
        _ => None,
    }
}

/// Whether what one publishes is delivered to the other.
fn delivers(topology: &Topology, from: &str, to: &str) -> bool {
    topology.readers(from).any(|(reader, _)| &*reader.name == to)
}

/// Whether one sends the other its commands.
fn asks(topology: &Topology, from: &str, to: &str) -> bool {
    from == TERRARIUM && topology.service(to).is_some_and(|service| !service.commands.is_empty())
}

fn nothing_passes(target: &str) -> String {
    format!(
        "Nothing passes at {target} that this could strike. Target an edge of the diagram, such as orders->inventory."
    )
}

fn services(topology: &Topology) -> String {
    let names: Vec<&str> = topology.services.iter().map(|service| &*service.name).collect();
    format!("Target one of {}.", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<(), String> {
        let topology = protocol::topology("saga-choreography").expect("exists");
        let spec = serde_json::from_str(json).expect("a spec");
        validate(&topology, &spec).map_err(|error| error.to_string())
    }

    #[test]
    fn faults_that_change_something_are_taken() {
        assert_eq!(check(r#"{"kind":"decline-payments","target":"payments"}"#), Ok(()));
        assert_eq!(check(r#"{"kind":"crash","target":"inventory","ttl_ms":null}"#), Ok(()));
        for (kind, target) in [
            ("delay", "topic:orders"),
            ("drop", "broker"),
            ("duplicate", "inventory"),
            ("reorder", "orders->inventory"),
            ("fail", "payments->orders"),
            ("partition", "orders"),
            ("partition", "inventory->orders"),
            ("partition", "orders->broker"),
            ("broker-outage", "broker"),
            ("slow-store", "notifications"),
            ("crash-before-publish", "orders"),
        ] {
            assert_eq!(check(&format!(r#"{{"kind":"{kind}","target":"{target}"}}"#)), Ok(()), "{kind} {target}");
        }
        for json in [
            r#"{"kind":"fail-step","target":"payments","params":{"step":"charge-card"}}"#,
            r#"{"kind":"delay","target":"broker","params":{"ms":600000,"jitter_ms":0}}"#,
            r#"{"kind":"fail","target":"terrarium->orders","params":{"status":599}}"#,
        ] {
            assert_eq!(check(json), Ok(()), "{json}");
        }
    }

    #[test]
    fn faults_that_would_change_nothing_are_refused_with_a_sentence() {
        for (json, part) in [
            (r#"{"kind":"crash","target":"shipping"}"#, "There is no shipping"),
            (r#"{"kind":"drop","target":"topic:notifications"}"#, "There is no topic:notifications"),
            (r#"{"kind":"drop","target":"orders->payments"}"#, "Nothing passes"),
            (r#"{"kind":"partition","target":"notifications->payments"}"#, "Nothing passes"),
            (r#"{"kind":"crash","target":"broker"}"#, "Target one of orders"),
            (r#"{"kind":"broker-outage","target":"orders"}"#, "Target broker"),
            (r#"{"kind":"crash-before-publish","target":"notifications"}"#, "publishes nothing"),
            (r#"{"kind":"fail-step","target":"orders"}"#, "params.step"),
            (r#"{"kind":"fail-step","target":"orders","params":{"step":"charge-card"}}"#, "no step charge-card"),
            (r#"{"kind":"decline-payments","target":"orders"}"#, "charges no cards"),
            (r#"{"kind":"decline-payments","target":"payments","strength":0}"#, "out of range"),
            (r#"{"kind":"decline-payments","target":"payments","strength":101}"#, "out of range"),
            (r#"{"kind":"decline-payments","target":"payments","params":{"every":0}}"#, "1 or more"),
            (r#"{"kind":"delay","target":"broker","params":{"ms":600001}}"#, "at most 600000"),
            (r#"{"kind":"delay","target":"broker","params":{"jitter_ms":18446744073709551615}}"#, "at most 600000"),
            (r#"{"kind":"slow-store","target":"orders","params":{"ms":600001}}"#, "at most 600000"),
            (r#"{"kind":"fail","target":"terrarium->orders","params":{"status":200}}"#, "400 to 599"),
            (r#"{"kind":"fail","target":"terrarium->orders","params":{"status":600}}"#, "400 to 599"),
            (r#"{"kind":"crash","target":"orders","strength":50}"#, "whole service"),
            (r#"{"kind":"crash","target":"orders","ttl_ms":0}"#, "out of range"),
            (r#"{"kind":"crash","target":"orders","after_ms":99999999999}"#, "out of range"),
        ] {
            let error = check(json).expect_err(json);
            assert!(error.contains(part), "{error}");
        }
    }
}
