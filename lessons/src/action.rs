//! What **Show me** does: the scripted solution of a step.

use crate::Problem;
use crate::condition::{Condition, Named, one};
use crate::scene::FaultRule;
use protocol::{Name, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing to do, by the sandbox's ordinary calls. Written `{ place-order = { n = 3 } }`, or as
/// a plain text where there is nothing to say: `"heal"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Places `n` orders of `quantity` pieces; one of each where they are left out.
    PlaceOrder {
        #[serde(default = "one")]
        n: u64,
        #[serde(default = "one_piece")]
        quantity: i64,
    },
    /// Gives any command `n` times; once where that is left out.
    Send {
        r#type: Name,
        data: Value,
        #[serde(default = "one")]
        n: u64,
    },
    /// Reads from a service, whatever it answers; with `after`, an answer that has what was written
    /// under this number.
    Read {
        service: Name,
        query: Name,
        #[serde(default)]
        after: Option<u64>,
    },
    /// Asks to ship the last order, as soon as that order is there.
    ShipOrder,
    /// Has the last parked saga try again, as soon as one is parked.
    ResumeSaga,
    /// Installs a fault under the name `id`.
    Fault { id: Name, rule: FaultRule },
    /// Clears the fault of that name.
    ClearFault { id: Name },
    /// Clears every fault.
    Heal,
    /// Turns a switch.
    Switch { name: Name, on: bool },
    /// Crashes a service, or one replica of it.
    Crash {
        service: Name,
        #[serde(default)]
        replica: Option<u32>,
    },
    /// Crashes the replica that leads, as soon as one does.
    CrashLeader { service: Name },
    /// Starts a crashed service again.
    Restart { service: Name },
    /// Lets a service stand still, or one replica of it.
    Pause {
        service: Name,
        #[serde(default)]
        replica: Option<u32>,
    },
    /// Lets a paused service go on.
    Resume { service: Name },
    /// Has so many replicas of a service run.
    Replicas { service: Name, replicas: u32 },
    /// Gives commands at a steady rate, so many a second: orders, or those of a `type` with their
    /// `data`. With `reads`, so many reads are sent for each.
    Load {
        rate: u32,
        #[serde(default)]
        r#type: Option<Name>,
        #[serde(default)]
        data: Option<Value>,
        #[serde(default)]
        reads: Option<u32>,
    },
    /// Ends the load.
    StopLoad,
    /// Runs the coverage matrix of a topology, to its end.
    RunMatrix {
        topology: Name,
        #[serde(default)]
        switches: BTreeMap<Name, bool>,
    },
    /// Waits until nothing is under way: `{ wait = "rest" }`; or until a condition holds:
    /// `{ wait = { until = { … } } }`.
    Wait(Wait),
}

fn one_piece() -> i64 {
    1
}

/// What a `wait` waits for, a minute at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wait {
    Rest,
    Until(Box<Condition>),
}

/// The fault that [`Action::Pause`] installs and [`Action::Resume`] clears.
pub fn pause_name(service: &str) -> String {
    format!("pause-{service}")
}

impl Action {
    /// The number in it that no sandbox takes, if there is one.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let out_of = |what, range| Some(Problem::OutOfRange { what, range });
        let check = |kind: &str, data: &Value| {
            protocol::check_command(kind, data).err().map(|why| Problem::NoSuchCommand { why })
        };
        match self {
            Action::PlaceOrder { n, .. } if !(1..=200).contains(n) => out_of("n", "1 to 200"),
            Action::PlaceOrder { quantity, .. } if !(1..=protocol::QUANTITY_MAX).contains(quantity) => {
                out_of("quantity", "1 to 1000")
            }
            Action::Send { n, .. } if !(1..=200).contains(n) => out_of("n", "1 to 200"),
            Action::Send { r#type, data, .. } => check(r#type, data),
            Action::Load { rate, .. } if !(1..=200).contains(rate) => out_of("rate", "1 to 200"),
            Action::Load { reads: Some(reads), .. } if !(1..=100).contains(reads) => out_of("reads", "1 to 100"),
            Action::Load { r#type: Some(kind), data, .. } => check(kind, data.as_ref().unwrap_or(&Value::Null)),
            _ => None,
        }
    }

    pub(crate) fn names(&self, names: &mut Vec<Named>) {
        match self {
            Action::PlaceOrder { .. } | Action::Load { r#type: None, .. } => {
                names.push(Named::Command("PlaceOrder".into()));
            }
            Action::Send { r#type, .. } | Action::Load { r#type: Some(r#type), .. } => {
                names.push(Named::Command(r#type.clone()));
            }
            Action::Read { service, query, .. } => names.push(Named::Query(service.clone(), query.clone())),
            Action::ShipOrder => names.push(Named::Command("ShipOrder".into())),
            Action::ResumeSaga => names.push(Named::Command("ResumeSaga".into())),
            Action::Fault { rule, .. } => rule.names(names),
            Action::Switch { name, .. } => names.push(Named::Switch(name.clone())),
            Action::Crash { service, .. }
            | Action::CrashLeader { service }
            | Action::Restart { service }
            | Action::Pause { service, .. }
            | Action::Resume { service }
            | Action::Replicas { service, .. } => names.push(Named::Service(service.clone())),
            Action::RunMatrix { topology, switches } => {
                names.push(Named::Topology(topology.clone()));
                names.extend(switches.keys().map(|name| Named::SwitchOf(topology.clone(), name.clone())));
            }
            Action::Wait(Wait::Until(condition)) => condition.names(names),
            Action::Wait(Wait::Rest) | Action::ClearFault { .. } | Action::Heal | Action::StopLoad => {}
        }
    }
}
