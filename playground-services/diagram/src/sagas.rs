//! The sagas: one per order, told by the states of its parts.

use protocol::{Name, Uuid};
use serde::{Deserialize, Serialize};

/// Counts over all sagas, and the latest of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sagas {
    pub pending: u64,
    pub confirmed: u64,
    pub cancelled: u64,
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
    /// Microseconds since the sandbox was created.
    pub began_at: u64,
    pub changed_at: u64,
}

/// How many orders are kept by name.
pub const SHOWN_ORDERS: usize = 12;

impl Sagas {
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
            _ => {}
        }
    }
}
