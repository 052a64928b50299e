//! Two runs side by side, command by command in the order of acceptance.
//!
//! Services work at the same time, so what they did for a command lies in the record in an order
//! that depends on chance. What each of them did does not: the facts of a command are compared
//! service by service, in the order each service made them.

use super::facts::{Fact, Teller};
use crate::look::Look;
use crate::sandbox::SandboxError;
use protocol::{Name, Position, Recorded, Topology};
use serde::Serialize;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use utoipa::ToSchema;

/// What two records have in common and where they part.
pub struct Comparison {
    /// Commands of the longer one.
    pub commands_in_all: u64,
    pub commands: Vec<Compared>,
    pub first_difference: Option<Difference>,
}

/// One command in both runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Compared {
    /// From 1 in the order of acceptance; 0 is what happened before the first command.
    pub ordinal: u64,
    /// Null where the run has no such command.
    pub a: Option<Side>,
    pub b: Option<Side>,
    pub differs: bool,
}

/// What came of a command in one run.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = ComparedSide)]
pub struct Side {
    /// Of its first fact: its acceptance.
    pub position: Position,
    /// Grouped by service.
    pub facts: Vec<Told>,
    /// Further facts that are not listed.
    pub left_out: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparedFact)]
pub struct Told {
    pub position: Position,
    #[schema(value_type = String)]
    pub service: Name,
    pub text: String,
    /// The other run does not have it there.
    pub differs: bool,
}

/// Where two runs first differ: what happened first of what only one of them has.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Difference {
    pub command: u64,
    /// Its place among the facts of `a`, or of `b` where `a` has none there.
    pub fact: usize,
    /// Its position in each run that has a fact there.
    pub a: Option<Position>,
    pub b: Option<Position>,
}

/// Facts listed of one command in one run.
const FACTS: usize = 200;

/// Compares two records, and tells at most `limit` commands: those from `from` on, or those
/// around the first difference.
pub async fn compare(a: &Look, b: &Look, from: Option<u64>, limit: u64) -> Result<Comparison, SandboxError> {
    let (state_a, state_b) = (a.state(), b.state());
    let (end_a, end_b) = (state_a.position, state_b.position);
    let (sums_a, sums_b) = (sums(a, end_a).await?, sums(b, end_b).await?);
    let first = (0..sums_a.len().max(sums_b.len())).find(|ordinal| sums_a.get(*ordinal) != sums_b.get(*ordinal));
    let first = first.map(|ordinal| ordinal as u64);
    let (last_a, last_b) = (sums_a.len() as u64 - 1, sums_b.len() as u64 - 1);

    let from = from.unwrap_or_else(|| first.map_or(0, |first| first.saturating_sub(limit / 2)));
    let window = from..from.saturating_add(limit);
    let (facts_a, facts_b) = (facts(a, end_a, &window).await?, facts(b, end_b, &window).await?);
    let order = Order::of([state_a.topology.as_ref(), state_b.topology.as_ref()]);
    let mut commands = side_by_side(facts_a, facts_b, &window, (last_a, last_b), &order);
    for compared in &mut commands {
        let index = usize::try_from(compared.ordinal).unwrap_or(usize::MAX);
        compared.differs = sums_a.get(index) != sums_b.get(index);
    }
    // What stands before the first command is told only where there is something to tell.
    commands.retain(|compared| compared.ordinal > 0 || compared.differs || has_facts(compared));
    let first_difference = match commands.iter().find(|compared| Some(compared.ordinal) == first) {
        Some(compared) => Some(difference(compared)),
        // Outside the page that was asked for.
        None => first.map(|command| Difference { command, fact: 0, a: None, b: None }),
    };
    Ok(Comparison { commands_in_all: last_a.max(last_b), commands, first_difference })
}

/// Per command and service, all that can differ as one number.
type Sum = BTreeMap<u64, u64>;

async fn sums(look: &Look, end: Position) -> Result<Vec<Sum>, SandboxError> {
    let step = |(teller, sums): &mut (Teller, Vec<Sum>), event: &Recorded| {
        let Some((ordinal, fact)) = teller.tell(event) else { return };
        sums.resize_with(sums.len().max(teller.commands as usize + 1), Sum::default);
        let sum = sums[ordinal as usize].entry(hash(&fact.service)).or_default();
        *sum = hash(&(*sum, &fact.text));
    };
    let (_, sums) = look.fold(end, &[], (Teller::default(), vec![Sum::default()]), step).await?;
    Ok(sums)
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The facts of some commands, and how many more there are of each.
type Facts = BTreeMap<u64, (Vec<Fact>, u64)>;

async fn facts(look: &Look, end: Position, window: &std::ops::Range<u64>) -> Result<Facts, SandboxError> {
    let step = |(teller, facts): &mut (Teller, Facts), event: &Recorded| {
        let Some((ordinal, fact)) = teller.tell(event) else { return };
        if window.contains(&ordinal) {
            let (listed, more) = facts.entry(ordinal).or_default();
            if listed.len() < FACTS { listed.push(fact) } else { *more += 1 }
        }
    };
    let (_, facts) = look.fold(end, &[], (Teller::default(), Facts::new()), step).await?;
    Ok(facts)
}

fn side_by_side(
    mut a: Facts,
    mut b: Facts,
    window: &std::ops::Range<u64>,
    (last_a, last_b): (u64, u64),
    order: &Order,
) -> Vec<Compared> {
    let end = window.end.min(last_a.max(last_b) + 1);
    (window.start..end)
        .map(|ordinal| {
            let take = |facts: &mut Facts, last| {
                let (mut facts, left_out) = facts.remove(&ordinal).unwrap_or_default();
                facts.sort_by_key(|fact| order.of_service(&fact.service));
                (ordinal <= last).then_some((facts, left_out))
            };
            let (side_a, side_b) = (take(&mut a, last_a), take(&mut b, last_b));
            let (differs_a, differs_b) = match (&side_a, &side_b) {
                (Some((a, _)), Some((b, _))) => apart(a, b),
                (a, b) => [a, b].map(|side| vec![true; side.as_ref().map_or(0, |(facts, _)| facts.len())]).into(),
            };
            let side = |side: Option<(Vec<Fact>, u64)>, differs: Vec<bool>| {
                side.map(|(facts, left_out)| Side::of(facts, differs, left_out))
            };
            Compared { ordinal, a: side(side_a, differs_a), b: side(side_b, differs_b), differs: false }
        })
        .collect()
}

impl Side {
    fn of(facts: Vec<Fact>, differs: Vec<bool>, left_out: u64) -> Self {
        let position = facts.iter().map(|fact| fact.position).min().unwrap_or(0);
        let told = |(Fact { position, service, text }, differs)| Told { position, service, text, differs };
        Side { position, facts: facts.into_iter().zip(differs).map(told).collect(), left_out }
    }
}

fn has_facts(compared: &Compared) -> bool {
    [&compared.a, &compared.b].into_iter().flatten().any(|side| !side.facts.is_empty())
}

/// The order in which services are told: people and the server first, then as the topology has them.
struct Order(Vec<Name>);

impl Order {
    fn of(topologies: [Option<&Topology>; 2]) -> Self {
        let services = topologies.into_iter().flatten().flat_map(|topology| &topology.services);
        Order(services.map(|service| service.name.clone()).collect())
    }

    fn of_service(&self, service: &Name) -> (usize, Name) {
        (self.0.iter().position(|known| known == service).map_or(0, |index| index + 1), service.clone())
    }
}

/// Which facts of each list are not among the longest that both have in the same order.
fn apart(a: &[Fact], b: &[Fact]) -> (Vec<bool>, Vec<bool>) {
    let same = |i: usize, j: usize| a[i].service == b[j].service && a[i].text == b[j].text;
    // common[i][j]: how many the lists from i and j on have in common.
    let mut common = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = if same(i, j) { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut in_a, mut in_b) = (vec![true; a.len()], vec![true; b.len()]);
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if same(i, j) {
            (in_a[i], in_b[j]) = (false, false);
            (i, j) = (i + 1, j + 1);
        } else if common[i + 1][j] >= common[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    (in_a, in_b)
}

/// What only one run has, and happened first after the command was accepted; and what the other
/// run's same service did instead.
fn difference(compared: &Compared) -> Difference {
    let differing = |side: &Option<Side>| -> Vec<(usize, Position, u64, Name)> {
        let Some(side) = side else { return vec![] };
        let facts = side.facts.iter().enumerate().filter(|(_, fact)| fact.differs);
        let since = |position: Position| position.saturating_sub(side.position);
        facts.map(|(index, fact)| (index, fact.position, since(fact.position), fact.service.clone())).collect()
    };
    let (a, b) = (differing(&compared.a), differing(&compared.b));
    let first = a.iter().chain(&b).min_by_key(|(_, _, since, _)| *since).map(|(.., service)| service.clone());
    let of_service = |facts: &[(usize, Position, u64, Name)]| {
        let first = facts.iter().find(|(.., service)| Some(service) == first.as_ref());
        first.map(|(index, position, ..)| (*index, *position))
    };
    let (a, b) = (of_service(&a), of_service(&b));
    let fact = a.or(b).map_or(0, |(index, _)| index);
    Difference { command: compared.ordinal, fact, a: a.map(|(_, at)| at), b: b.map(|(_, at)| at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(position: Position, service: &str, text: &str) -> Fact {
        Fact { position, service: service.into(), text: text.into() }
    }

    fn compared(a: &[Fact], b: &[Fact]) -> Compared {
        let facts = |facts: &[Fact]| Facts::from([(1, (facts.to_vec(), 0))]);
        let order = Order::of([protocol::topology("saga-choreography").as_ref(), None]);
        side_by_side(facts(a), facts(b), &(1..2), (1, 1), &order).remove(0)
    }

    fn differing(side: &Option<Side>) -> Vec<&str> {
        let facts = &side.as_ref().expect("a side").facts;
        facts.iter().filter(|fact| fact.differs).map(|fact| fact.text.as_str()).collect()
    }

    #[test]
    fn what_services_did_at_the_same_time_may_lie_in_any_order() {
        let a = [fact(1, "terrarium", "accepted"), fact(2, "inventory", "held"), fact(3, "orders", "pending")];
        let b = [fact(1, "terrarium", "accepted"), fact(2, "orders", "pending"), fact(3, "inventory", "held")];
        let compared = compared(&a, &b);
        assert!(differing(&compared.a).is_empty() && differing(&compared.b).is_empty());
        let order: Vec<&str> = compared.a.iter().flat_map(|side| &side.facts).map(|fact| &*fact.service).collect();
        assert_eq!(order, ["terrarium", "orders", "inventory"]);
    }

    #[test]
    fn what_one_service_did_in_another_order_differs() {
        let a = [fact(1, "orders", "x"), fact(2, "orders", "y")];
        let b = [fact(1, "orders", "y"), fact(2, "orders", "x")];
        assert_eq!(differing(&compared(&a, &b).a), ["x"]);
    }

    #[test]
    fn the_first_difference_is_the_one_that_happened_first() {
        let a = [
            fact(10, "terrarium", "accepted"),
            fact(12, "payments", "captured"),
            fact(14, "orders", "confirmed"),
            fact(15, "inventory", "sold"),
        ];
        let b = [
            fact(20, "terrarium", "accepted"),
            fact(22, "payments", "declined"),
            fact(24, "inventory", "released"),
            fact(25, "orders", "cancelled"),
        ];
        let compared = compared(&a, &b);
        assert_eq!(difference(&compared), Difference { command: 1, fact: 3, a: Some(12), b: Some(22) });
        assert_eq!(compared.a.expect("a side").facts[3].text, "captured");
    }
}
