//! Every saga ends once, and all its parts end the same way.

use super::Verdict;
use super::flight::Flight;
use protocol::{Name, Observation, Recorded, Uuid};
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
    /// Only where somebody wraps gifts.
    #[serde(default)]
    wrapping: Option<Name>,
    /// The command that began it, and whether it is answered: nobody has heard of the order before.
    #[serde(default)]
    command: Option<Uuid>,
    #[serde(default)]
    answered: bool,
    /// An orchestrator leads it, or a person has its case: neither waits for a message alone.
    #[serde(default, alias = "parked")]
    led: bool,
}

impl Sagas {
    pub fn evolve(&mut self, event: &Recorded) -> bool {
        let Observation::StateChanged { entity, id, from, to } = &event.observation else {
            return event.settles_command() && self.answered(event.correlation_id);
        };
        if !legal(entity, from.as_deref(), to) {
            let from = from.as_deref().unwrap_or("nothing");
            self.illegal.get_or_insert_with(|| format!("{entity} {id} went from {from} to {to}"));
        }
        if let Some(parts) = self.open.get_mut(id).filter(|_| &**entity == "saga") {
            parts.led = !matches!(&**to, "COMPLETED" | "COMPENSATED");
        }
        if !matches!(&**entity, "order" | "reservation" | "payment" | "wrapping") {
            return true;
        }
        let parts = self.open.entry(*id).or_default();
        let part = match &**entity {
            "order" => &mut parts.order,
            "reservation" => &mut parts.reservation,
            "wrapping" => &mut parts.wrapping,
            _ => &mut parts.payment,
        };
        let before = part.replace(to.clone());
        if &**entity == "order" && from.is_none() {
            parts.command = event.correlation_id;
        }
        // Of payments an order may have several. How many is for other checkers.
        if &**entity != "payment" && before.as_deref() != from.as_deref() {
            self.illegal.get_or_insert_with(|| format!("{entity} {id} was not {}", from.as_deref().unwrap_or("new")));
        }
        if parts.ended_well() {
            self.open.remove(id);
            self.ended += 1;
        }
        true
    }

    /// Whether that was the command for an order still open.
    fn answered(&mut self, command: Option<Uuid>) -> bool {
        let waits = |parts: &&mut Parts| parts.command.is_some() && parts.command == command;
        let Some(parts) = self.open.values_mut().find(waits) else { return false };
        parts.answered = true;
        true
    }

    pub fn legal(&self) -> Verdict {
        self.illegal.clone().map_or(Ok(String::new()), Err)
    }

    /// A saga under way is no contradiction; one whose parts ended differently is.
    pub fn consistent(&self, flight: &Flight) -> Verdict {
        let wrong = |(id, parts): &(&i64, &Parts)| {
            parts.contradict() || parts.is_to_be_refunded() && !flight.is_under_way(**id)
        };
        match self.open.iter().find(wrong) {
            Some((id, parts)) => Err(format!("order {id} ended as {parts}")),
            None => Ok(format!("{} ended, {} under way", self.ended, self.open.len())),
        }
    }

    /// An order that is PENDING while nobody has yet to hear anything about it waits for ever, or
    /// until somebody who keeps a message back lets it go.
    pub fn end(&self, flight: &Flight) -> Verdict {
        let stuck = |(id, parts): &(&i64, &Parts)| parts.wait() && !flight.is_under_way(**id);
        match self.open.iter().find(stuck) {
            Some((id, _)) => Err(format!("order {id} is PENDING, and nothing is under way for it")),
            None => Ok(String::new()),
        }
    }

    /// Once everybody has heard of an order's end.
    pub fn nothing_held(&self, flight: &Flight) -> Verdict {
        let held = |(id, parts): &(&i64, &Parts)| parts.hold_after_the_end() && !flight.is_under_way(**id);
        match self.open.iter().find(held) {
            Some((id, parts)) => Err(format!("order {id} ended as {parts}")),
            None => Ok(String::new()),
        }
    }
}

impl Parts {
    fn states(&self) -> (Option<&str>, Option<&str>, Option<&str>) {
        (self.order.as_deref(), self.reservation.as_deref(), self.payment.as_deref())
    }

    fn ended_well(&self) -> bool {
        !self.wrapped_after_the_end()
            && matches!(
                self.states(),
                (Some("CONFIRMED"), Some("SOLD"), Some("CAPTURED"))
                    | (Some("CANCELLED"), Some("RELEASED" | "REJECTED"), Some("DECLINED" | "REFUNDED"))
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
                | (Some("CONFIRMED"), _, Some("REFUNDED"))
                | (_, Some("SOLD"), Some("DECLINED" | "REFUNDED"))
        )
    }

    fn is_to_be_refunded(&self) -> bool {
        matches!(
            self.states(),
            (Some("CANCELLED"), _, Some("CAPTURED")) | (_, Some("RELEASED" | "REJECTED"), Some("CAPTURED"))
        )
    }

    fn wait(&self) -> bool {
        self.order.as_deref() == Some("PENDING") && self.answered && !self.led
    }

    fn hold_after_the_end(&self) -> bool {
        matches!(self.states(), (Some("CANCELLED"), Some("HELD"), _)) || self.wrapped_after_the_end()
    }

    fn wrapped_after_the_end(&self) -> bool {
        self.order.as_deref() == Some("CANCELLED") && self.wrapping.as_deref() == Some("WRAPPED")
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
        )?;
        self.wrapping.as_ref().map_or(Ok(()), |wrapping| write!(f, ", its wrapping {wrapping}"))
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
        "wrapping" => matches!((from, to), (None, "WRAPPED" | "UNWRAPPED") | (Some("WRAPPED"), "UNWRAPPED")),
        "post" => matches!((from, to), (None, "PUBLISHED")),
        "build" => matches!(
            (from, to),
            (None, "BUILDING") | (Some("BUILDING"), "READY") | (Some("READY"), "LIVE") | (Some("LIVE"), "OLD")
        ),
        "account" => matches!((from, to), (None, "OPEN")),
        "saga" => saga_legal(from, to),
        "shipment" => matches!((from, to), (None, "SHIPPED")),
        "notification" => matches!((from, to), (None, "SENT")),
        _ => false,
    }
}

fn saga_legal(from: Option<&str>, to: &str) -> bool {
    match from {
        None => to == "RUNNING",
        Some("RUNNING") => matches!(to, "COMPLETED" | "COMPENSATING" | "COMPENSATED" | "PARKED"),
        Some("COMPENSATING") => matches!(to, "COMPENSATED" | "PARKED"),
        Some("PARKED") => matches!(to, "RUNNING" | "COMPENSATING"),
        Some(_) => false,
    }
}
