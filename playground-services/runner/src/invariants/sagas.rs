//! Every saga ends once, and all its parts end the same way.

use super::Verdict;
use protocol::{Name, Observation, Recorded};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sagas {
    /// Sagas with a part that has not ended, or has ended differently.
    open: BTreeMap<i64, Parts>,
    ended: u64,
    illegal: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Parts {
    order: Option<Name>,
    reservation: Option<Name>,
    payment: Option<Name>,
}

impl Sagas {
    pub fn evolve(&mut self, event: &Recorded) -> bool {
        let Observation::StateChanged { entity, id, from, to } = &event.observation else { return false };
        if !legal(entity, from.as_deref(), to) {
            let from = from.as_deref().unwrap_or("nothing");
            self.illegal.get_or_insert_with(|| format!("{entity} {id} went from {from} to {to}"));
        }
        if !matches!(&**entity, "order" | "reservation" | "payment") {
            return true;
        }
        let parts = self.open.entry(*id).or_default();
        let part = match &**entity {
            "order" => &mut parts.order,
            "reservation" => &mut parts.reservation,
            _ => &mut parts.payment,
        };
        let before = part.replace(to.clone());
        if before.as_deref() != from.as_deref() {
            self.illegal.get_or_insert_with(|| format!("{entity} {id} was not {}", from.as_deref().unwrap_or("new")));
        }
        if parts.ended_well() {
            self.open.remove(id);
            self.ended += 1;
        }
        true
    }

    pub fn legal(&self) -> Verdict {
        self.illegal.clone().map_or(Ok(String::new()), Err)
    }

    /// A saga under way is no contradiction; one whose parts ended differently is.
    pub fn consistent(&self) -> Verdict {
        match self.open.iter().find(|(_, parts)| parts.contradict()) {
            Some((id, parts)) => Err(format!("order {id} ended as {parts}")),
            None => Ok(format!("{} ended, {} under way", self.ended, self.open.len())),
        }
    }
}

impl Parts {
    fn states(&self) -> (Option<&str>, Option<&str>, Option<&str>) {
        (self.order.as_deref(), self.reservation.as_deref(), self.payment.as_deref())
    }

    fn ended_well(&self) -> bool {
        matches!(
            self.states(),
            (Some("CONFIRMED"), Some("SOLD"), Some("CAPTURED"))
                | (Some("CANCELLED"), Some("RELEASED"), Some("DECLINED"))
                | (Some("CANCELLED"), Some("REJECTED"), None)
        )
    }

    /// Parts that can no longer come to the same end. One that has not ended yet still can.
    fn contradict(&self) -> bool {
        matches!(
            self.states(),
            (Some("CONFIRMED"), Some("RELEASED" | "REJECTED"), _)
                | (Some("CONFIRMED"), _, Some("DECLINED"))
                | (Some("CANCELLED"), Some("SOLD"), _)
                | (Some("CANCELLED"), _, Some("CAPTURED"))
                | (_, Some("SOLD"), Some("DECLINED"))
                | (_, Some("RELEASED"), Some("CAPTURED"))
        )
    }
}

impl std::fmt::Display for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (order, reservation, payment) = self.states();
        write!(
            f,
            "{}, its reservation {}, its payment {}",
            order.unwrap_or("open"),
            reservation.unwrap_or("open"),
            payment.unwrap_or("open")
        )
    }
}

fn legal(entity: &str, from: Option<&str>, to: &str) -> bool {
    match entity {
        "order" => matches!((from, to), (None, "PENDING") | (Some("PENDING"), "CONFIRMED" | "CANCELLED")),
        "reservation" => {
            matches!((from, to), (None, "HELD" | "REJECTED" | "RELEASED") | (Some("HELD"), "SOLD" | "RELEASED"))
        }
        "payment" => {
            matches!((from, to), (None, "CAPTURED" | "DECLINED" | "REFUNDED") | (Some("CAPTURED"), "REFUNDED"))
        }
        "saga" => matches!(
            (from, to),
            (None, "RUNNING")
                | (Some("RUNNING"), "COMPLETED" | "COMPENSATING")
                | (Some("COMPENSATING"), "COMPENSATED" | "PARKED")
                | (Some("PARKED"), "COMPENSATING")
        ),
        "shipment" => matches!((from, to), (None, "SHIPPED")),
        "notification" => matches!((from, to), (None, "SENT")),
        _ => false,
    }
}
