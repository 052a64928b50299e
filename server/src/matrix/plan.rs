//! What is done in each cell: which order is placed, and which fault strikes which step. Pure.

use protocol::{FaultKind, FaultSpec, Name, Params, QUANTITY_MAX, ServiceSpec, StepSpec, TERRARIUM, Topology, When};
use serde::Serialize;

/// How a step is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = MatrixFault)]
#[serde(rename_all = "kebab-case")]
pub enum Strike {
    /// It fails before its commit.
    BeforeCommit,
    /// Its service crashes between its commit and the word of it.
    AfterCommit,
    /// What triggers it is lost, until the wait for it is over.
    Timeout,
    /// What triggers it comes twice.
    Duplicate,
}

impl Strike {
    pub const ALL: [Strike; 4] = [Strike::BeforeCommit, Strike::AfterCommit, Strike::Timeout, Strike::Duplicate];

    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Strike::BeforeCommit => "before-commit",
            Strike::AfterCommit => "after-commit",
            Strike::Timeout => "timeout",
            Strike::Duplicate => "duplicate",
        }
    }

    /// Which of them waits longest comes first.
    pub fn order(self) -> u8 {
        match self {
            Strike::Timeout => 0,
            Strike::AfterCommit => 1,
            Strike::BeforeCommit => 2,
            Strike::Duplicate => 3,
        }
    }
}

/// The order by which a step comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// All goes well.
    Confirmed,
    /// Confirmed, and then the parcel leaves.
    Shipped,
    /// The card is declined: what was done is taken back.
    Declined,
    /// The same, but slowly, and the customer asks for the parcel while the order is PENDING.
    Impatient,
    /// More is ordered than is there.
    SoldOut,
    /// What payments says is lost until its charge is given up.
    Unheard,
}

impl Scene {
    fn of(step: &StepSpec) -> Self {
        let on = |kind: &str| step.on.iter().any(|on| &**on == kind);
        if on("ShipOrder") {
            Scene::Shipped
        } else if step.compensates.is_none() {
            Scene::Confirmed
        } else if &*step.name == "cancel-order" {
            Scene::Impatient
        } else if on("PaymentFailed") {
            Scene::Declined
        } else if on("StockRejected") {
            Scene::SoldOut
        } else if step.compensates.as_deref() == Some("charge-card") {
            Scene::Unheard
        } else {
            Scene::Declined
        }
    }

    /// Pieces that are ordered.
    pub fn quantity(self) -> i64 {
        if self == Scene::SoldOut { QUANTITY_MAX } else { 1 }
    }

    /// What goes wrong in it beside the fault of the cell, by name.
    pub fn faults(self) -> Vec<(&'static str, FaultSpec)> {
        let declined = || fault(FaultKind::DeclinePayments, "payments".into(), Params::default());
        match self {
            Scene::Confirmed | Scene::Shipped | Scene::SoldOut => vec![],
            Scene::Declined => vec![("declined", declined())],
            Scene::Impatient => {
                let slow = Params { ms: Some(500), ..Params::default() };
                vec![("declined", declined()), ("slow", fault(FaultKind::Delay, "payments".into(), slow))]
            }
            Scene::Unheard => {
                let charged = Params { only: Some(vec!["PaymentSucceeded".into()]), ..Params::default() };
                vec![(UNHEARD, fault(FaultKind::Drop, "saga-orchestrator".into(), charged))]
            }
        }
    }
}

/// The fault of [`Scene::Unheard`], which ends with the step it brings about.
pub const UNHEARD: &str = "unheard";

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub step: Name,
    pub service: Name,
    pub strike: Strike,
    pub scene: Scene,
    pub fault: FaultSpec,
}

/// As a saga that goes well and one that does not pass through them; what is unknown comes last.
const ORDER: [&str; 12] = [
    "create-order",
    "reserve-stock",
    "wrap-gift",
    "charge-card",
    "confirm-order",
    "sell-stock",
    "notify-customer",
    "ship-order",
    "unwrap-gift",
    "release-stock",
    "refund-payment",
    "cancel-order",
];

/// All steps of a topology and who carries them out.
pub fn steps(topology: &Topology) -> Vec<(&ServiceSpec, &StepSpec)> {
    let steps = topology.services.iter().flat_map(|service| service.steps.iter().map(move |step| (service, step)));
    let mut steps: Vec<_> = steps.collect();
    steps.sort_by_key(|(_, step)| ORDER.iter().position(|name| **name == *step.name).unwrap_or(ORDER.len()));
    steps
}

/// All cells of a topology, step by step.
pub fn plans(topology: &Topology) -> Vec<Plan> {
    steps(topology)
        .into_iter()
        .flat_map(|(service, step)| {
            Strike::ALL.map(|strike| Plan {
                step: step.name.clone(),
                service: service.name.clone(),
                strike,
                scene: Scene::of(step),
                fault: strike_at(service, step, strike),
            })
        })
        .collect()
}

fn strike_at(service: &ServiceSpec, step: &StepSpec, strike: Strike) -> FaultSpec {
    let at_it = Params { step: Some(step.name.clone()), ..Params::default() };
    let asking = Params { only: Some(step.on.clone()), ..Params::default() };
    let itself = service.name.clone();
    // A command comes from outside, a message is handed to the service by the broker.
    let asked = step.on.iter().any(|kind| service.commands.contains(kind));
    let way = if asked { format!("{TERRARIUM}->{itself}").into() } else { itself.clone() };
    match strike {
        Strike::BeforeCommit => fault(FaultKind::FailStep, itself, Params { when: Some(When::Before), ..at_it }),
        // Who publishes nothing has only its acknowledgement to lose.
        Strike::AfterCommit if service.publishes.is_none() => {
            fault(FaultKind::FailStep, itself, Params { when: Some(When::After), ..at_it })
        }
        Strike::AfterCommit => fault(FaultKind::CrashBeforePublish, itself, at_it),
        Strike::Timeout => fault(FaultKind::Drop, way, asking),
        Strike::Duplicate => fault(FaultKind::Duplicate, way, asking),
    }
}

/// Until it is cleared, and always.
fn fault(kind: FaultKind, target: Name, params: Params) -> FaultSpec {
    FaultSpec { kind, target, strength: 100, seed: 1, after_ms: 0, ttl_ms: None, params }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choreography() -> Vec<Plan> {
        plans(&protocol::topology("saga-choreography").expect("exists"))
    }

    fn planned(step: &str, strike: Strike) -> Plan {
        choreography().into_iter().find(|plan| &*plan.step == step && plan.strike == strike).expect("planned")
    }

    #[test]
    fn every_step_is_struck_in_four_ways() {
        for topology in protocol::topologies() {
            let steps: usize = topology.services.iter().map(|service| service.steps.len()).sum();
            assert_eq!(plans(&topology).len(), 4 * steps, "{}", topology.name);
        }
    }

    #[test]
    fn steps_stand_in_the_order_of_a_saga() {
        let choreography = protocol::topology("saga-choreography").expect("exists");
        let names: Vec<&str> = steps(&choreography).iter().map(|(_, step)| &*step.name).collect();
        assert_eq!(names[..3], ["create-order", "reserve-stock", "charge-card"]);
        assert!(protocol::topologies().iter().flat_map(steps).all(|(_, step)| ORDER.contains(&&*step.name)));
    }

    #[test]
    fn what_is_taken_back_needs_an_order_that_fails() {
        assert_eq!(planned("charge-card", Strike::Duplicate).scene, Scene::Confirmed);
        assert_eq!(planned("release-stock", Strike::Duplicate).scene, Scene::Declined);
        assert_eq!(planned("cancel-order", Strike::Duplicate).scene, Scene::Impatient);
        let challenge = plans(&protocol::topology("saga-challenge").expect("exists"));
        let refund = challenge.iter().find(|plan| &*plan.step == "refund-payment").expect("planned");
        assert_eq!((refund.scene, refund.scene.quantity()), (Scene::SoldOut, QUANTITY_MAX));
    }

    #[test]
    fn a_command_is_lost_on_its_way_in_and_a_message_on_its_way_from_the_broker() {
        assert_eq!(&*planned("create-order", Strike::Timeout).fault.target, "terrarium->orders");
        assert_eq!(&*planned("reserve-stock", Strike::Timeout).fault.target, "inventory");
    }

    #[test]
    fn every_fault_is_for_its_step_alone_and_stands_until_it_is_cleared() {
        for plan in choreography() {
            let Params { step, only, .. } = &plan.fault.params;
            assert!(step.as_ref() == Some(&plan.step) || only.as_ref().is_some_and(|only| !only.is_empty()));
            assert_eq!(plan.fault.ttl_ms, None);
        }
        let sold = planned("sell-stock", Strike::Duplicate);
        assert_eq!(sold.fault.params.only, Some(vec!["PaymentSucceeded".into()]));
    }
}
