//! `OrderCreated` -> `StockReserved` -> `PaymentSucceeded` -> `CONFIRMED`, nobody in charge.

use super::Topology;
use super::shop::{compensation, inventory, notifications, on, orders, payments, protections, step};

pub fn topology() -> Topology {
    Topology {
        name: "saga-choreography".into(),
        title: "Choreography".into(),
        services: vec![
            orders(
                [0, 0],
                vec![on("inventory", &["StockRejected"]), on("payments", &["PaymentSucceeded", "PaymentFailed"])],
                vec![
                    step("confirm-order", &["PaymentSucceeded"]),
                    compensation("cancel-order", "create-order", &["PaymentFailed", "StockRejected"]),
                ],
            ),
            inventory(
                [1, 0],
                vec![on("orders", &["OrderCreated"]), on("payments", &["PaymentSucceeded", "PaymentFailed"])],
                vec![
                    step("reserve-stock", &["OrderCreated"]),
                    step("sell-stock", &["PaymentSucceeded"]),
                    compensation("release-stock", "reserve-stock", &["PaymentFailed"]),
                ],
            ),
            payments([1, 1], vec![on("inventory", &["StockReserved"])], vec![step("charge-card", &["StockReserved"])]),
            notifications([0, 1]),
        ],
        switches: protections(),
        saga: None,
    }
}
