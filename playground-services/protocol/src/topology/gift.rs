//! A fourth participant: *gift-wrapping* comes to a shop that runs already, between the stock and
//! the card. Each topology is the one that was there, and what had to be touched in it; how much
//! that is nobody writes down, it is counted ([`Topology::touched`]).

use super::shop::{Place, compensation, inventory, on, payments, service, step};
use super::{ServiceSpec, StepSpec, Subscription, Topology};
use super::{choreography, orchestration};

const GIFT: &str = "gift-wrapping";
const LEADER: &str = "saga-orchestrator";

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

/// The leader has one step more in its list, and hears of it. Nobody else notices.
pub fn orchestration() -> Topology {
    let mut topology = orchestration::topology();
    topology.name = "saga-orchestration-gift".into();
    topology.title = "Orchestration, with gift wrapping".into();
    topology.put(gift_wrapping(
        [1, 1],
        vec![on(LEADER, &["WrapGift", "UnwrapGift"])],
        vec![step("wrap-gift", &["WrapGift"]), compensation("unwrap-gift", "wrap-gift", &["UnwrapGift"])],
    ));
    for leader in topology.services.iter_mut().filter(|service| &*service.name == LEADER) {
        leader.consumes.push(on(GIFT, &["GiftWrapped", "GiftUnwrapped"]));
    }
    if let Some(saga) = &mut topology.saga {
        let pivot = saga.steps.iter().position(|step| *step == saga.pivot).unwrap_or_default();
        saga.steps.insert(pivot, "wrap-gift".into());
    }
    topology
}

fn gift_wrapping(place: Place, consumes: Vec<Subscription>, steps: Vec<StepSpec>) -> ServiceSpec {
    service(GIFT, place, consumes, steps)
}
