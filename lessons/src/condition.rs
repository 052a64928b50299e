//! Conditions over what happened: a step's `check`, what `wait` waits for, and which choice of a
//! prediction comes true.

mod text;

use crate::lesson::ServiceTables;
use protocol::{FaultKind, Name, Topology};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A condition over the record and the databases. Written `{ order-ended = { status = "CANCELLED" } }`,
/// or as a plain text where there is nothing to say: `"at-rest"`.
///
/// What *happened* counts from where the step's scene began, and once so stays so. What *is*
/// looks at the present. A `count` is at least so many, and 1 where it is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Condition {
    /// Happened: orders were placed.
    OrderPlaced {
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: orders ended as `CONFIRMED` or `CANCELLED`.
    OrderEnded {
        status: Name,
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: so many orders stood `PENDING` at once while a service was down or paused, with
    /// all of its replicas.
    OrdersWaited {
        service: Name,
        #[serde(default = "one")]
        count: u64,
    },
    /// Is: nothing is under way, and so many orders are still `PENDING`.
    OrdersStuck {
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: parcels left for their customers.
    OrderShipped {
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: orders were shipped, and are `CANCELLED`.
    ShippedAndCancelled {
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: held pieces were put back on the shelf, for so many orders.
    StockReleased {
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: so many `orders` had their card charged at least `times` times.
    Charged {
        #[serde(default = "one")]
        times: u64,
        #[serde(default = "one")]
        orders: u64,
    },
    /// Is: nothing is under way, at least so many `orders` were charged, none of them twice, and
    /// a fault of the kind `under` struck meanwhile.
    NoOrderChargedTwice {
        orders: u64,
        #[serde(default)]
        under: Option<FaultKind>,
    },
    /// Happened: payments were given back.
    Refunded {
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: messages of a type were published.
    EventPublished {
        r#type: Name,
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: messages were handed out again, to any consumer group or to `group`.
    Redelivered {
        #[serde(default)]
        group: Option<Name>,
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: messages were given up.
    DeadLettered {
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: transactions of a service were rolled back.
    RolledBack {
        service: Name,
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: commands of a type were done.
    CommandDone {
        r#type: Name,
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: commands of a type were refused.
    CommandRefused {
        r#type: Name,
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: a service answered reads, for itself or in another's place.
    ReadAnswered {
        service: Name,
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: a service had no answer to reads, or none yet.
    ReadRefused {
        service: Name,
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: for so many seconds a load was measured whose reads this service answered.
    LoadMeasured {
        reader: Name,
        #[serde(default = "one")]
        seconds: u64,
    },
    /// Happened: a load was measured with either as the one who answers its reads, and while it was
    /// `reader` the slowest of a hundred writers waited longer than while it was `than`, on average.
    WritersWaitedLonger { reader: Name, than: Name },
    /// Happened: it was asked for so many replicas of a service, or more.
    Scaled { service: Name, replicas: u32 },
    /// Is: a switch stands so.
    Switch { name: Name, on: bool },
    /// Happened: a switch was set so.
    Switched { name: Name, on: bool },
    /// Happened: a fault of a kind was installed, at any target or at `target`.
    FaultInstalled {
        kind: FaultKind,
        #[serde(default)]
        target: Option<Name>,
    },
    /// Happened: faults of a kind struck.
    FaultStruck {
        kind: FaultKind,
        #[serde(default = "one")]
        count: u64,
    },
    /// Is: no fault stands.
    Healed,
    /// Happened: a service, or a replica of it, crashed.
    ServiceCrashed { service: Name },
    /// Happened: a service, or a replica of it, was paused.
    ServicePaused { service: Name },
    /// Happened: a service, or a replica of it, started again after a crash, or went on after a
    /// pause.
    ServiceRecovered { service: Name },
    /// Happened: sagas were parked for a person.
    Parked {
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: parked sagas went on.
    Resumed {
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: sagas reached a state, such as `COMPENSATED`.
    SagaState {
        state: Name,
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: a saga step was taken back.
    StepCompensated {
        step: Name,
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: another replica took the lead.
    LeaseTakenOver {
        #[serde(default = "one")]
        count: u64,
    },
    /// Happened: a promise was broken.
    InvariantBroken { name: Name },
    /// Is: a promise holds; without a `name`, all of them.
    InvariantHolds {
        #[serde(default)]
        name: Option<Name>,
    },
    /// Is: the session's last coverage matrix of a topology, begun since then and under these
    /// switches, is whole and all of it is consistent.
    MatrixGreen {
        topology: Name,
        #[serde(default)]
        switches: BTreeMap<Name, bool>,
    },
    /// Happened: a coverage matrix of a topology was whole, and not all of it consistent.
    MatrixRed { topology: Name },
    /// Is: a service's table has at least so many rows whose columns are as in `where`, as texts.
    Rows {
        service: Name,
        table: Name,
        #[serde(default)]
        r#where: BTreeMap<Name, String>,
        #[serde(default = "one")]
        count: u64,
    },
    /// Is: nothing is under way.
    AtRest,
    /// Each of them.
    All(Vec<Condition>),
    /// One of them, or more.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
}

pub(crate) fn one() -> u64 {
    1
}

impl Condition {
    /// What it says, as a sentence for people.
    pub fn text(&self) -> String {
        text::of(self)
    }

    /// Calls `each` with every condition in it, itself first.
    pub fn visit<'a>(&'a self, each: &mut impl FnMut(&'a Condition)) {
        each(self);
        match self {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| part.visit(each)),
            Condition::Not(part) => part.visit(each),
            _ => {}
        }
    }

    /// The tables it looks into: service and table.
    pub fn tables(&self) -> Vec<(Name, Name)> {
        let mut tables = vec![];
        self.visit(&mut |condition| {
            if let Condition::Rows { service, table, .. } = condition {
                tables.push((service.clone(), table.clone()));
            }
        });
        tables
    }

    /// The names in it that a topology must have.
    pub(crate) fn names(&self, names: &mut Vec<Named>) {
        use Condition::*;
        self.visit(&mut |condition| match condition {
            OrdersWaited { service, .. }
            | RolledBack { service, .. }
            | ServiceCrashed { service }
            | ServicePaused { service }
            | ServiceRecovered { service }
            | ReadAnswered { service, .. }
            | ReadRefused { service, .. }
            | LoadMeasured { reader: service, .. }
            | Scaled { service, .. } => names.push(Named::Service(service.clone())),
            Rows { service, table, r#where, .. } => Named::of_rows(service, table, r#where.keys(), names),
            WritersWaitedLonger { reader, than } => {
                names.extend([reader, than].map(|service| Named::Service(service.clone())));
            }
            Redelivered { group: Some(group), .. } => names.push(Named::Service(group.clone())),
            EventPublished { r#type, .. } => names.push(Named::Event(r#type.clone())),
            CommandDone { r#type, .. } | CommandRefused { r#type, .. } => names.push(Named::Command(r#type.clone())),
            Switch { name, .. } | Switched { name, .. } => names.push(Named::Switch(name.clone())),
            StepCompensated { step, .. } => names.push(Named::Step(step.clone())),
            FaultInstalled { target: Some(target), .. } => names.push(Named::Target(target.clone())),
            InvariantBroken { name } | InvariantHolds { name: Some(name) } => {
                names.push(Named::Invariant(name.clone()));
            }
            OrderEnded { status, .. } => names.push(Named::End(status.clone())),
            SagaState { state, .. } => names.push(Named::SagaState(state.clone())),
            MatrixRed { topology } => names.push(Named::Topology(topology.clone())),
            MatrixGreen { topology, switches } => {
                names.push(Named::Topology(topology.clone()));
                names.extend(switches.keys().map(|name| Named::SwitchOf(topology.clone(), name.clone())));
            }
            _ => {}
        });
    }
}

/// A name in a lesson, by what it names.
#[derive(Clone, Debug)]
pub(crate) enum Named {
    Topology(Name),
    Service(Name),
    /// Of a service.
    Query(Name, Name),
    /// Of a service.
    Table(Name, Name),
    /// Of a service's table.
    Column(Name, Name, Name),
    Command(Name),
    Event(Name),
    /// An event or a command.
    Type(Name),
    Switch(Name),
    /// Of another topology.
    SwitchOf(Name, Name),
    Step(Name),
    Target(Name),
    Invariant(Name),
    End(Name),
    SagaState(Name),
}

/// How a saga of an order may stand.
const SAGA_STATES: [&str; 5] = ["RUNNING", "COMPENSATING", "COMPLETED", "COMPENSATED", "PARKED"];
const ENDS: [&str; 2] = ["CONFIRMED", "CANCELLED"];

impl Named {
    /// A service, its table and columns of that.
    pub fn of_rows<'a>(service: &Name, table: &Name, columns: impl Iterator<Item = &'a Name>, names: &mut Vec<Named>) {
        names.push(Named::Service(service.clone()));
        names.push(Named::Table(service.clone(), table.clone()));
        names.extend(columns.map(|column| Named::Column(service.clone(), table.clone(), column.clone())));
    }

    /// What is wrong with it in this topology, if anything is. Of what stands within something that
    /// is not known either, nothing is said.
    pub fn problem(&self, topology: &Topology, tables: Option<&ServiceTables>) -> Option<crate::Problem> {
        let of = |services: &mut dyn Iterator<Item = &Name>| services.map(ToString::to_string).collect::<Vec<_>>();
        let fixed = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let services = &topology.services;
        let (what, name, known) = match self {
            Named::Topology(name) => {
                ("topology", name, protocol::topologies().iter().map(|known| known.name.to_string()).collect())
            }
            Named::Service(name) => ("service", name, of(&mut services.iter().map(|service| &service.name))),
            Named::Query(service, name) => {
                let reads = services.iter().filter(|of| of.name == *service).filter_map(|of| of.reads.as_ref());
                ("query", name, of(&mut reads.flat_map(|reads| &reads.queries)))
            }
            Named::Table(service, name) => ("table", name, tables?.get(&**service)?.keys().cloned().collect()),
            Named::Column(service, table, name) => ("column", name, tables?.get(&**service)?.get(&**table)?.clone()),
            Named::Command(name) => ("command", name, of(&mut services.iter().flat_map(|service| &service.commands))),
            Named::Event(name) => ("event", name, fixed(protocol::PAYLOAD_TYPES)),
            Named::Type(name) => {
                let commands = of(&mut services.iter().flat_map(|service| &service.commands));
                ("event or command", name, [fixed(protocol::PAYLOAD_TYPES), commands].concat())
            }
            Named::Switch(name) => ("switch", name, of(&mut topology.switches.iter().map(|switch| &switch.name))),
            Named::SwitchOf(other, name) => {
                let other = protocol::topology(other)?;
                ("switch", name, of(&mut other.switches.iter().map(|switch| &switch.name)))
            }
            Named::Step(name) => {
                ("saga step", name, of(&mut services.iter().flat_map(|service| &service.steps).map(|step| &step.name)))
            }
            Named::Target(name) => {
                if protocol::Target::parse(name).is_in(topology) {
                    return None;
                }
                ("target", name, fixed(&["a service", "service->service", "topic:service", "broker"]))
            }
            Named::Invariant(name) => ("invariant", name, fixed(&crate::INVARIANTS)),
            Named::End(name) => ("end of an order", name, fixed(&ENDS)),
            Named::SagaState(name) => ("state of a saga", name, fixed(&SAGA_STATES)),
        };
        let is_known = known.iter().any(|known| **known == **name);
        (!is_known).then(|| crate::Problem::Unknown { what, name: name.to_string(), known })
    }
}
