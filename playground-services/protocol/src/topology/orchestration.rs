//! One service leads: it asks for each step and waits for the answer. The others know nothing of
//! each other, and nothing of the saga.

use super::shop::{compensation, inventory, names, notifications, on, orders, payments, protections, service, step};
use super::{SagaSpec, ServiceSpec, Topology};

const LEADER: &str = "saga-orchestrator";

pub fn topology() -> Topology {
    Topology {
        name: "saga-orchestration".into(),
        title: "Orchestration".into(),
        services: vec![
            orders(
                [0, 0],
                vec![on(LEADER, &["ConfirmOrder", "CancelOrder"])],
                vec![
                    step("confirm-order", &["ConfirmOrder"]),
                    compensation("cancel-order", "create-order", &["CancelOrder"]),
                ],
            ),
            ServiceSpec {
                commands: names(&["ResumeSaga"]),
                standbys: 1,
                ..service(
                    LEADER,
                    [1, 0],
                    vec![
                        on("orders", &["OrderCreated", "OrderConfirmed", "OrderCancelled"]),
                        on("inventory", &["StockReserved", "StockRejected", "StockReleased", "StockSold"]),
                        on("payments", &["PaymentSucceeded", "PaymentFailed", "PaymentRefunded"]),
                    ],
                    vec![],
                )
            },
            inventory(
                [2, 0],
                vec![on(LEADER, &["ReserveStock", "SellStock", "ReleaseStock"])],
                vec![
                    step("reserve-stock", &["ReserveStock"]),
                    step("sell-stock", &["SellStock"]),
                    compensation("release-stock", "reserve-stock", &["ReleaseStock"]),
                ],
            ),
            payments(
                [2, 1],
                vec![on(LEADER, &["ChargePayment", "RefundPayment"])],
                vec![
                    step("charge-card", &["ChargePayment"]),
                    compensation("refund-payment", "charge-card", &["RefundPayment"]),
                ],
            ),
            notifications([0, 1]),
        ],
        switches: protections(),
        saga: Some(SagaSpec {
            steps: names(&["create-order", "reserve-stock", "charge-card", "confirm-order", "sell-stock"]),
            pivot: "charge-card".into(),
        }),
    }
}
