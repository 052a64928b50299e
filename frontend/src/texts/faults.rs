//! The words of faults and protections, as they are set from the page.

use protocol::{FaultKind, Name, Target};

pub const TITLE: &str = "Faults";
pub const HINT: &str =
    "What goes wrong here goes wrong on the real path. Press a service, a pipe or an edge of the picture to aim at it.";
pub const STANDING: &str = "Faults that stand";
pub const NONE: &str = "Nothing is made to go wrong.";
pub const WHERE: &str = "Where";
pub const WHAT: &str = "What";
pub const STRENGTH: &str = "Strength, percent";
pub const SEED: &str = "Seed";
pub const AFTER: &str = "Begins";
pub const LASTS: &str = "Lasts";
pub const MS: &str = "Milliseconds";
pub const EVERY: &str = "Each n-th charge";
pub const STATUS: &str = "Status of the answer";
pub const STEP: &str = "Step";
pub const ANY_STEP: &str = "any";
pub const WHEN: &str = "Fails";
pub const WHENS: [(&str, &str); 2] = [("before", "before its commit"), ("after", "after its commit")];
pub const SET: &str = "Set this fault";
pub const CLEAR: &str = "Clear";
pub const HEAL: &str = "Heal all";
pub const UNTIL_CLEARED: &str = "until cleared";
pub const STAND_STILL: &str = "Stop the world of a service for 60 seconds";
pub const SERVICES: &str = "Services";
pub const EDGES: &str = "Between two";
pub const TOPICS: &str = "Topics";
pub const BROKER: &str = "The broker";
pub const YOU: &str = "you";

/// In milliseconds.
pub const BEGINS: [(&str, &str); 5] =
    [("0", "at once"), ("2000", "in 2 s"), ("5000", "in 5 s"), ("10000", "in 10 s"), ("30000", "in 30 s")];
/// In milliseconds, as the API takes it.
pub const LIFETIMES: [(&str, &str); 4] =
    [("60000", "60 s"), ("10000", "10 s"), ("300000", "5 minutes"), ("null", UNTIL_CLEARED)];

pub const SWITCHES: &str = "Protections";
pub const SWITCHES_HINT: &str = "Each closes one hole. Switch one off, set a fault, and see what falls through.";

/// What to choose a fault by.
pub fn name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::DeclinePayments => "The card is declined",
        FaultKind::Delay => "Comes late",
        FaultKind::Duplicate => "Comes twice",
        FaultKind::Reorder => "Is overtaken",
        FaultKind::Drop => "Is lost",
        FaultKind::Fail => "Is refused",
        FaultKind::Crash => "Is down",
        FaultKind::Pause => "Stands still",
        FaultKind::Partition => "Cannot be reached",
        FaultKind::BrokerOutage => "Is out",
        FaultKind::SlowStore => "Has a slow store",
        FaultKind::CrashBeforePublish => "Crashes between commit and publish",
        FaultKind::FailStep => "A step fails",
    }
}

/// What the picture says where a fault acts.
pub fn badge(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::DeclinePayments => "declining",
        FaultKind::Delay => "late",
        FaultKind::Duplicate => "twice",
        FaultKind::Reorder => "overtaken",
        FaultKind::Drop => "lost",
        FaultKind::Fail => "refused",
        FaultKind::Crash => "held down",
        FaultKind::Pause => "paused",
        FaultKind::Partition => "cut off",
        FaultKind::BrokerOutage => "out",
        FaultKind::SlowStore => "slow store",
        FaultKind::CrashBeforePublish => "crashes early",
        FaultKind::FailStep => "fails a step",
    }
}

/// Where a fault acts.
pub fn place(target: &str) -> String {
    let end = |name: &str| if name == protocol::TERRARIUM { YOU.to_string() } else { name.to_string() };
    match Target::parse(target) {
        Target::Service(name) => name.into(),
        Target::Replica(name, replica) => format!("{name}, replica {replica}"),
        Target::Edge(from, to) => format!("{} to {}", end(from), end(to)),
        Target::Topic(topic) => format!("topic {topic}"),
        Target::Broker => protocol::BROKER.into(),
    }
}

pub fn clear(kind: FaultKind, target: &str) -> String {
    format!("{CLEAR} “{}” at {}", badge(kind), place(target))
}

pub fn left(seconds: u64) -> String {
    format!("{seconds} s left")
}

/// How many stand.
pub fn count(standing: usize) -> String {
    if standing == 0 { String::new() } else { format!("{standing} standing") }
}

pub fn pause(service: &str) -> String {
    format!("Pause {service}")
}

pub fn resume(service: &str) -> String {
    format!("Resume {service}")
}

pub fn aim(service: &str) -> String {
    format!("Faults at {service}")
}

/// Protections that are off.
pub fn off(names: &[Name]) -> String {
    if names.is_empty() { String::new() } else { format!("Switched off: {}.", names.join(", ")) }
}
