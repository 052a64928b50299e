//! One service that keeps what happened instead of what is.

use super::shop::{names, service};
use super::{ServiceSpec, SwitchSpec, Topology};

pub fn topology() -> Topology {
    // That repeats are known by day and amount is the bug that is to be found.
    let switches =
        [("outbox", true), ("inbox", true), ("upcast-v1", true), ("upcast-v2", true), ("distinct-by-event-id", false)];
    Topology {
        name: "event-sourced-account".into(),
        title: "Event-sourced account".into(),
        services: vec![ServiceSpec {
            commands: names(&[
                "DepositMoney",
                "WithdrawMoney",
                "OpenAccount",
                "CorrectEntry",
                "BuildProjection",
                "SwitchProjection",
                "CompareReaders",
            ]),
            ..service("accounts", [0, 0], vec![], vec![])
        }],
        switches: switches.map(|(name, on)| SwitchSpec { name: name.into(), on }).into(),
        saga: None,
    }
}
