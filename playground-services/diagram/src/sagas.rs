//! The sagas: one per order, told by the states of its parts.

use protocol::{Name, Uuid};
use serde::{Deserialize, Serialize};

/// Counts over all sagas, and the latest of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sagas {
    pub pending: u64,
    pub confirmed: u64,
    pub cancelled: u64,
    /// Those that an orchestrator has under way: it waits for an answer, and will ask again.
    #[serde(default)]
    pub led: u64,
    /// That orchestrator.
    #[serde(default)]
    pub leader: Option<Name>,
    /// The latest orders, newest last.
    pub latest: Vec<SagaView>,
}

/// One order's saga. States are written as the domain writes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SagaView {
    pub order_id: i64,
    pub correlation_id: Option<Uuid>,
    /// `PENDING`, `CONFIRMED`, `CANCELLED`; empty while only its parts were seen.
    pub order: Name,
    pub reservation: Option<Name>,
    pub payment: Option<Name>,
    pub notification: Option<Name>,
    #[serde(default)]
    pub shipment: Option<Name>,
    /// Where an orchestrator keeps it: `RUNNING`, `COMPENSATING`, `PARKED`, `COMPLETED`, `COMPENSATED`.
    #[serde(default)]
    pub saga: Option<Name>,
    /// What the orchestrator has asked for, in order.
    #[serde(default)]
    pub steps: Vec<StepView>,
    /// Microseconds since the sandbox was created.
    pub began_at: u64,
    pub changed_at: u64,
}

/// A step of an orchestrated saga.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    pub name: Name,
    pub state: StepState,
    /// How often it was asked for.
    pub attempt: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    Asked,
    Done,
    /// Done, and taken back.
    Compensated,
    /// Waits for a person.
    Parked,
}

/// How many orders are kept by name.
pub const SHOWN_ORDERS: usize = 12;

impl Sagas {
    pub(crate) fn step(&mut self, id: i64, step: &Name, state: StepState, attempt: u32, at: u64) {
        let Some(saga) = self.latest.iter_mut().rfind(|saga| saga.order_id == id) else { return };
        saga.changed_at = at;
        match saga.steps.iter_mut().find(|known| known.name == *step) {
            Some(known) => (known.state, known.attempt) = (state, known.attempt.max(attempt)),
            None => saga.steps.push(StepView { name: step.clone(), state, attempt }),
        }
    }

    /// An orchestrator says where a saga stands.
    pub(crate) fn led(&mut self, leader: &Name, from: Option<&str>, to: &str) {
        let under_way = |state| matches!(state, "RUNNING" | "COMPENSATING");
        self.led = self.led.saturating_sub(u64::from(from.is_some_and(under_way))) + u64::from(under_way(to));
        self.leader = Some(leader.clone());
    }

    pub(crate) fn state_changed(&mut self, entity: &str, id: i64, to: &Name, correlation_id: Option<Uuid>, at: u64) {
        if entity == "order" {
            match &**to {
                "PENDING" => self.pending += 1,
                "CONFIRMED" => {
                    self.pending = self.pending.saturating_sub(1);
                    self.confirmed += 1;
                }
                "CANCELLED" => {
                    self.pending = self.pending.saturating_sub(1);
                    self.cancelled += 1;
                }
                _ => {}
            }
        }
        let known = self.latest.iter().rposition(|saga| saga.order_id == id);
        let at_index = match known {
            Some(index) => index,
            // A part of an order that has long left the list does not bring it back.
            None if entity != "order" || &**to != "PENDING" => return,
            None => {
                if self.latest.len() == SHOWN_ORDERS {
                    self.latest.remove(0);
                }
                self.latest.push(SagaView {
                    order_id: id,
                    correlation_id,
                    order: Name::from(""),
                    reservation: None,
                    payment: None,
                    notification: None,
                    shipment: None,
                    saga: None,
                    steps: vec![],
                    began_at: at,
                    changed_at: at,
                });
                self.latest.len() - 1
            }
        };
        let saga = &mut self.latest[at_index];
        saga.changed_at = at;
        match entity {
            "order" => saga.order = to.clone(),
            "reservation" => saga.reservation = Some(to.clone()),
            "payment" => saga.payment = Some(to.clone()),
            "notification" => saga.notification = Some(to.clone()),
            "shipment" => saga.shipment = Some(to.clone()),
            "saga" => saga.saga = Some(to.clone()),
            _ => {}
        }
    }
}
