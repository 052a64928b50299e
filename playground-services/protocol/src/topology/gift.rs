//! A fourth participant: *gift-wrapping* comes to a shop that runs already, between the stock and
//! the card. Each topology is the one that was there, and what had to be touched in it; how much
//! that is nobody writes down, it is counted ([`Topology::touched`]).

use super::choreography;
use super::shop::{Place, compensation, inventory, on, payments, service, step};
use super::{ServiceSpec, StepSpec, Subscription, Topology};

const GIFT: &str = "gift-wrapping";

/// Who goes before and who goes after listen to somebody else from now on. The pieces are put back
/// on the shelf once they are out of their paper, not before.
pub fn choreography() -> Topology {
    let mut topology = choreography::topology();
    topology.name = "saga-choreography-gift".into();
    topology.title = "Choreography, with gift wrapping".into();
    topology.put(gift_wrapping(
        [2, 0],
        vec![on("inventory", &["StockReserved"]), on("payments", &["PaymentFailed"])],
        vec![step("wrap-gift", &["StockReserved"]), compensation("unwrap-gift", "wrap-gift", &["PaymentFailed"])],
    ));
    topology.put(payments([1, 1], vec![on(GIFT, &["GiftWrapped"])], vec![step("charge-card", &["GiftWrapped"])]));
    topology.put(inventory(
        [1, 0],
        vec![on("orders", &["OrderCreated"]), on("payments", &["PaymentSucceeded"]), on(GIFT, &["GiftUnwrapped"])],
        vec![
            step("reserve-stock", &["OrderCreated"]),
            step("sell-stock", &["PaymentSucceeded"]),
            compensation("release-stock", "reserve-stock", &["GiftUnwrapped"]),
        ],
    ));
    topology
}

fn gift_wrapping(place: Place, consumes: Vec<Subscription>, steps: Vec<StepSpec>) -> ServiceSpec {
    service(GIFT, place, consumes, steps)
}
