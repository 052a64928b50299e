//! The shop's services as every topology has them. What differs is who hears whom, and which step
//! is carried out at which message.

use super::{Outside, ServiceSpec, StepSpec, Subscription, SwitchSpec};
use crate::{INITIAL_STOCK, Name};

/// Where a service stands on the diagram's grid: column, row.
pub type Place = [u8; 2];

pub fn service(name: &str, place: Place, consumes: Vec<Subscription>, steps: Vec<StepSpec>) -> ServiceSpec {
    ServiceSpec {
        name: name.into(),
        commands: vec![],
        publishes: Some(name.into()),
        consumes,
        workers: 4,
        outside: None,
        stock: 0,
        steps,
        standbys: 0,
        reads: None,
        place,
    }
}

/// Takes `PlaceOrder` and `ShipOrder`.
pub fn orders(place: Place, consumes: Vec<Subscription>, steps: Vec<StepSpec>) -> ServiceSpec {
    let own = [step("create-order", &["PlaceOrder"]), step("ship-order", &["ShipOrder"])];
    let steps = own.into_iter().chain(steps).collect();
    ServiceSpec { commands: names(&["PlaceOrder", "ShipOrder"]), ..service("orders", place, consumes, steps) }
}

pub fn inventory(place: Place, consumes: Vec<Subscription>, steps: Vec<StepSpec>) -> ServiceSpec {
    ServiceSpec { stock: INITIAL_STOCK, ..service("inventory", place, consumes, steps) }
}

pub fn payments(place: Place, consumes: Vec<Subscription>, steps: Vec<StepSpec>) -> ServiceSpec {
    ServiceSpec { outside: Some(card_network()), ..service("payments", place, consumes, steps) }
}

pub fn notifications(place: Place) -> ServiceSpec {
    let ends = ["OrderConfirmed", "OrderCancelled"];
    ServiceSpec {
        publishes: None,
        outside: Some(Outside { name: "mail relay".into(), latency_ms: 20 }),
        ..service("notifications", place, vec![on("orders", &ends)], vec![step("notify-customer", &ends)])
    }
}

pub fn card_network() -> Outside {
    Outside { name: "card network".into(), latency_ms: 50 }
}

/// Reads these types of a topic.
pub fn on(topic: &str, types: &[&str]) -> Subscription {
    Subscription { topic: topic.into(), types: names(types) }
}

/// A step carried out at commands or messages of these types.
pub fn step(name: &str, on: &[&str]) -> StepSpec {
    StepSpec { name: name.into(), on: names(on), compensates: None }
}

/// A step that takes another one back.
pub fn compensation(name: &str, compensates: &str, on: &[&str]) -> StepSpec {
    StepSpec { compensates: Some(compensates.into()), ..step(name, on) }
}

/// The protections that every saga needs, all on.
pub fn protections() -> Vec<SwitchSpec> {
    ["outbox", "inbox", "semantic-lock", "compensation"].map(|name| SwitchSpec { name: name.into(), on: true }).into()
}

pub fn names(names: &[&str]) -> Vec<Name> {
    names.iter().map(|&name| name.into()).collect()
}
