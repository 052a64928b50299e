//! Everything in one process, on one database: an order is one local transaction, and no saga.

use super::shop::{card_network, names, service, step};
use super::{ServiceSpec, Topology};
use crate::INITIAL_STOCK;

pub fn topology() -> Topology {
    Topology {
        name: "monolith".into(),
        title: "Monolith".into(),
        services: vec![ServiceSpec {
            commands: names(&["PlaceOrder"]),
            publishes: None,
            outside: Some(card_network()),
            stock: INITIAL_STOCK,
            // The last of its three statements: the place where it can fail after the others.
            ..service("monolith", [0, 0], vec![], vec![step("charge-card", &["PlaceOrder"])])
        }],
        switches: vec![],
        saga: None,
    }
}
