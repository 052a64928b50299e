//! A choreography somebody has built in a hurry: the card is charged first, and the goods are
//! looked for afterwards. Its flaw is for the learner to find: who is charged for something sold
//! out gets nothing back, until the switch `refund-on-rejection` is on.

use super::shop::{compensation, inventory, notifications, on, orders, payments, protections, step};
use super::{SwitchSpec, Topology};

pub fn topology() -> Topology {
    let mut switches = protections();
    switches.push(SwitchSpec { name: "refund-on-rejection".into(), on: false });
    Topology {
        name: "saga-challenge".into(),
        title: "Somebody else\u{2019}s shop".into(),
        services: vec![
            orders(
                [0, 0],
                vec![on("inventory", &["StockReserved", "StockRejected"]), on("payments", &["PaymentFailed"])],
                vec![
                    step("confirm-order", &["StockReserved"]),
                    compensation("cancel-order", "create-order", &["PaymentFailed", "StockRejected"]),
                ],
            ),
            payments(
                [1, 0],
                vec![on("orders", &["OrderCreated"]), on("inventory", &["StockRejected"])],
                vec![
                    step("charge-card", &["OrderCreated"]),
                    compensation("refund-payment", "charge-card", &["StockRejected"]),
                ],
            ),
            inventory(
                [1, 1],
                vec![on("payments", &["PaymentSucceeded"]), on("orders", &["OrderConfirmed"])],
                vec![step("reserve-stock", &["PaymentSucceeded"]), step("sell-stock", &["OrderConfirmed"])],
            ),
            notifications([0, 1]),
        ],
        switches,
        saga: None,
    }
}
