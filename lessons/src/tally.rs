//! What happened in a sandbox, as conditions and truths ask for it: a fold of its record.

mod recent;
mod sees;

use crate::predict::Answer;
use protocol::{FaultKind, Name, Position, Topology, Uuid, Value};
use recent::Recent;
use std::collections::{BTreeMap, BTreeSet};

/// A fold of the whole record, from position 1. What happened is counted from where the scene
/// began; what stood by then is known, too.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    began: Position,
    topology: Option<Box<Topology>>,
    position: Position,

    orders: BTreeMap<i64, Order>,
    last_order: Option<i64>,
    last_parked: Option<i64>,
    pending: u64,
    /// By service: the most orders PENDING at once while it was down, with every replica.
    waited: BTreeMap<Name, u64>,
    placed: u64,
    ended: BTreeMap<Name, u64>,

    published: BTreeMap<Name, u64>,
    delivered: BTreeMap<Name, u64>,
    redelivered: BTreeMap<Name, u64>,
    dead_lettered: u64,
    rolled_back: BTreeMap<Name, u64>,
    done: BTreeMap<Name, u64>,
    refused: BTreeMap<Name, u64>,
    /// By who answered, or did not.
    answered: BTreeMap<Name, u64>,
    unanswered: BTreeMap<Name, u64>,
    /// By who answered its reads.
    loads: BTreeMap<Name, Measured>,
    /// Who answered in the last second that was measured.
    reader: Option<Name>,
    /// It answered in the second before as well.
    counts_write: bool,
    scaled: BTreeMap<Name, u32>,
    refunds: u64,
    transactions: BTreeMap<Name, u64>,

    /// By event type: who acted after one for the same command, and who had done so before, too.
    acted_after: BTreeMap<Name, BTreeSet<Name>>,
    acted_again_after: BTreeMap<Name, BTreeSet<Name>>,
    delivered_to: BTreeMap<Name, BTreeSet<Name>>,
    publishers: BTreeSet<Name>,
    first: Firsts,

    switches: BTreeMap<Name, bool>,
    switched: BTreeSet<(Name, bool)>,
    faults: BTreeMap<Name, FaultKind>,
    installed: Vec<(FaultKind, Name)>,
    struck: BTreeMap<&'static str, u64>,

    /// By service and replica.
    up: BTreeSet<(Name, u32)>,
    down: BTreeSet<(Name, u32)>,
    crashed: BTreeSet<Name>,
    paused: BTreeSet<Name>,
    recovered: BTreeSet<Name>,

    parked: u64,
    resumed: u64,
    saga_states: BTreeMap<Name, u64>,
    compensated: BTreeMap<Name, u64>,
    leader: Option<u32>,
    leaders: u64,
    taken_over: u64,

    broken: BTreeSet<Name>,
    was_broken: BTreeSet<Name>,

    /// Types of messages by position, types of commands by id and by correlation, and what each
    /// command led to.
    messages: Recent<Position, Name>,
    commands: Recent<Uuid, Name>,
    correlations: Recent<Uuid, Name>,
    trails: Recent<Uuid, Trail>,
}

/// An order that was placed since the scene began.
#[derive(Clone, Debug, Default)]
struct Order {
    status: Option<Name>,
    charges: u64,
    is_shipped: bool,
    was_released: bool,
}

/// What a load came to, second by second. The first after a change of its reader is left out: it
/// belongs to both.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    seconds: u64,
    /// The writers' p99 of each second, added up.
    waited_us: u64,
}

impl Measured {
    fn waited_longer(self, than: Measured) -> bool {
        self.waited_us.saturating_mul(than.seconds) > than.waited_us.saturating_mul(self.seconds)
    }
}

/// What came of a command so far.
#[derive(Clone, Debug, Default)]
struct Trail {
    committed: Vec<Name>,
    published: Vec<Name>,
}

/// Names in the order in which they were first seen.
#[derive(Clone, Debug, Default)]
struct Firsts {
    events: Vec<Name>,
    commits: Vec<Name>,
    states: Vec<(Name, Name)>,
    steps: Vec<Name>,
    compensations: Vec<Name>,
}

/// Rows by service and table.
pub type Tables = BTreeMap<(Name, Name), Vec<Row>>;

/// A row's cells by column.
pub type Row = BTreeMap<Name, Value>;

/// What is looked up beside the record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Present<'a> {
    /// Nothing is under way.
    pub at_rest: bool,
    /// Those that a condition or a truth names.
    pub tables: Option<&'a Tables>,
    /// The session's coverage matrices since then, by topology.
    pub matrices: &'a [MatrixSeen],
}

/// What coverage matrices of a topology came to.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixSeen {
    pub topology: Name,
    /// Of the last.
    pub switches: BTreeMap<Name, bool>,
    /// The last is whole, and every cell ended consistent.
    pub green: bool,
    /// One of them was whole, and a cell of it did not.
    pub was_red: bool,
}

impl Tally {
    /// Of nothing yet. What happens up to the position `began` was before the scene.
    pub fn since(began: Position) -> Self {
        Tally { began, ..Tally::default() }
    }

    /// The last position it has seen.
    pub fn position(&self) -> Position {
        self.position
    }

    pub fn began(&self) -> Position {
        self.began
    }

    /// Orders that exist, of those placed since the scene began.
    pub fn orders(&self) -> u64 {
        self.orders.len() as u64
    }

    /// The last of them.
    pub fn last_order(&self) -> Option<i64> {
        self.last_order
    }

    /// The order whose saga was parked last.
    pub fn last_parked(&self) -> Option<i64> {
        self.last_parked
    }

    fn charges(&self) -> u64 {
        self.orders.values().map(|order| order.charges).sum()
    }

    fn count(&self, what: impl Fn(&Order) -> bool) -> u64 {
        self.orders.values().filter(|order| what(order)).count() as u64
    }
}

impl crate::Condition {
    /// Whether it holds now.
    pub fn holds(&self, tally: &Tally, present: &Present) -> bool {
        use crate::Condition::*;
        let of = |counts: &BTreeMap<Name, u64>, name: &Name| counts.get(name).copied().unwrap_or(0);
        match self {
            OrderPlaced { count } => tally.placed >= *count,
            OrderEnded { status, count } => of(&tally.ended, status) >= *count,
            OrdersWaited { service, count } => of(&tally.waited, service) >= *count,
            OrdersStuck { count } => present.at_rest && tally.pending >= *count,
            OrderShipped { count } => tally.count(|order| order.is_shipped) >= *count,
            ShippedAndCancelled { count } => {
                tally.count(|order| order.is_shipped && order.status.as_deref() == Some("CANCELLED")) >= *count
            }
            StockReleased { count } => tally.count(|order| order.was_released) >= *count,
            Charged { times, orders } => tally.count(|order| order.charges >= *times) >= *orders,
            NoOrderChargedTwice { orders, under } => {
                present.at_rest
                    && tally.count(|order| order.charges == 1) >= *orders
                    && tally.count(|order| order.charges > 1) == 0
                    && under.is_none_or(|kind| tally.struck.contains_key(kind.name()))
            }
            Refunded { count } => tally.refunds >= *count,
            EventPublished { r#type, count } => of(&tally.published, r#type) >= *count,
            Redelivered { group: Some(group), count } => of(&tally.redelivered, group) >= *count,
            Redelivered { group: None, count } => tally.redelivered.values().sum::<u64>() >= *count,
            DeadLettered { count } => tally.dead_lettered >= *count,
            RolledBack { service, count } => of(&tally.rolled_back, service) >= *count,
            CommandDone { r#type, count } => of(&tally.done, r#type) >= *count,
            CommandRefused { r#type, count } => of(&tally.refused, r#type) >= *count,
            ReadAnswered { service, count } => of(&tally.answered, service) >= *count,
            ReadRefused { service, count } => of(&tally.unanswered, service) >= *count,
            LoadMeasured { reader, seconds } => tally.loads.get(reader).is_some_and(|load| load.seconds >= *seconds),
            WritersWaitedLonger { reader, than } => match (tally.loads.get(reader), tally.loads.get(than)) {
                (Some(load), Some(than)) => load.waited_longer(*than),
                _ => false,
            },
            Scaled { service, replicas } => tally.scaled.get(service).is_some_and(|most| most >= replicas),
            Switch { name, on } => tally.switches.get(name) == Some(on),
            Switched { name, on } => tally.switched.contains(&(name.clone(), *on)),
            FaultInstalled { kind, target } => tally
                .installed
                .iter()
                .any(|(installed, at)| installed == kind && target.as_ref().is_none_or(|target| target == at)),
            FaultStruck { kind, count } => tally.struck.get(kind.name()).is_some_and(|struck| struck >= count),
            Healed => tally.faults.is_empty(),
            ServiceCrashed { service } => tally.crashed.contains(service),
            ServicePaused { service } => tally.paused.contains(service),
            ServiceRecovered { service } => tally.recovered.contains(service),
            Parked { count } => tally.parked >= *count,
            Resumed { count } => tally.resumed >= *count,
            SagaState { state, count } => of(&tally.saga_states, state) >= *count,
            StepCompensated { step, count } => of(&tally.compensated, step) >= *count,
            LeaseTakenOver { count } => tally.taken_over >= *count,
            InvariantBroken { name } => tally.was_broken.contains(name),
            InvariantHolds { name: Some(name) } => !tally.broken.contains(name),
            InvariantHolds { name: None } => tally.broken.is_empty(),
            MatrixGreen { topology, switches } => present.matrices.iter().any(|matrix| {
                let as_asked = switches.iter().all(|(name, on)| matrix.switches.get(name) == Some(on));
                matrix.topology == *topology && matrix.green && as_asked
            }),
            MatrixRed { topology } => {
                present.matrices.iter().any(|matrix| matrix.topology == *topology && matrix.was_red)
            }
            Rows { service, table, r#where, count } => present.rows(service, table, r#where).count() as u64 >= *count,
            AtRest => present.at_rest,
            All(parts) => parts.iter().all(|part| part.holds(tally, present)),
            Any(parts) => parts.iter().any(|part| part.holds(tally, present)),
            Not(part) => !part.holds(tally, present),
        }
    }
}

impl crate::Prediction {
    /// What came true by now; nothing where none of the choices did.
    pub fn truth(&self, tally: &Tally, present: &Present) -> Option<Answer> {
        use crate::Truth::*;
        let nobody = BTreeSet::new();
        let set = |sets: &BTreeMap<Name, BTreeSet<Name>>, key: &Name| {
            let members = sets.get(key).unwrap_or(&nobody);
            Answer::Names(self.ids().filter(|id| members.contains(*id)).cloned().collect())
        };
        let among = |names: &mut dyn Iterator<Item = &Name>| {
            let names: BTreeSet<&Name> = names.collect();
            Answer::Names(self.ids().filter(|id| names.contains(id)).cloned().collect())
        };
        let first = |names: &mut dyn Iterator<Item = &Name>| {
            let options: BTreeSet<&Name> = self.ids().collect();
            Answer::Names(names.filter(|name| options.contains(name)).cloned().collect())
        };
        let number = |count: u64| Answer::Number(i64::try_from(count).unwrap_or(i64::MAX));
        let of = |counts: &BTreeMap<Name, u64>, name: &Name| number(counts.get(name).copied().unwrap_or(0));
        let answer = match &self.truth {
            CommittedAfter { r#type } => set(&tally.acted_after, r#type),
            CommittedAgainAfter { r#type } => set(&tally.acted_again_after, r#type),
            DeliveredTo { r#type } => set(&tally.delivered_to, r#type),
            Committed => among(&mut tally.first.commits.iter()),
            Published => among(&mut tally.publishers.iter()),
            RolledBack => among(&mut tally.rolled_back.keys()),
            TouchedSince { topology } => {
                let before = protocol::topology(topology)?;
                let touched = tally.topology.as_ref()?.touched(&before);
                among(&mut touched.changed.iter().map(|service| &service.name))
            }
            OrderOfEvents => first(&mut tally.first.events.iter()),
            OrderOfCommits => first(&mut tally.first.commits.iter()),
            OrderOfStates { entity } => {
                let states = tally.first.states.iter().filter(|(of, _)| of == entity);
                first(&mut states.map(|(_, state)| state))
            }
            OrderOfSteps => first(&mut tally.first.steps.iter()),
            OrderOfCompensations => first(&mut tally.first.compensations.iter()),
            CountOfEvents { r#type } => of(&tally.published, r#type),
            CountOfDeliveries { r#type } => of(&tally.delivered, r#type),
            CountOfCharges => number(tally.charges()),
            CountOfRefunds => number(tally.refunds),
            CountOfOrders { status: None } => number(tally.orders()),
            CountOfOrders { status: Some(status) } => {
                number(tally.count(|order| order.status.as_ref() == Some(status)))
            }
            CountOfTransactions { service: None } => number(tally.transactions.values().sum()),
            CountOfTransactions { service: Some(service) } => of(&tally.transactions, service),
            CountOfLeaders => number(tally.leaders),
            CountOfRows { service, table, r#where } => number(present.rows(service, table, r#where).count() as u64),
            SumOfRows { service, table, column, r#where } => {
                let rows = present.rows(service, table, r#where);
                Answer::Number(rows.filter_map(|row| row.get(column).and_then(Value::as_i64)).sum())
            }
            Choice(choices) => {
                let (id, _) = choices.iter().find(|(_, condition)| condition.holds(tally, present))?;
                Answer::Choice(id.clone())
            }
        };
        Some(answer)
    }

    fn ids(&self) -> impl Iterator<Item = &Name> {
        self.options.iter().map(|option| &option.id)
    }
}

impl Present<'_> {
    /// The rows of a table whose columns are so, as texts.
    fn rows(&self, service: &Name, table: &Name, columns: &BTreeMap<Name, String>) -> impl Iterator<Item = &Row> {
        let rows = self.tables.and_then(|tables| tables.get(&(service.clone(), table.clone())));
        let is_so = |row: &Row| {
            columns.iter().all(|(column, text)| row.get(column).is_some_and(|value| written(value) == *text))
        };
        rows.into_iter().flatten().filter(move |row| is_so(row))
    }
}

fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
