//! The saga of an order, as the list of its steps and compensations.

use protocol::{
    CancelOrder, ChargePayment, ConfirmOrder, GiftUnwrapped, GiftWrapped, OrderCancelled, OrderConfirmed, OrderCreated,
    PaymentFailed, PaymentRefunded, PaymentSucceeded, RefundPayment, ReleaseStock, ReserveStock, SellStock,
    ServiceSpec, StockRejected, StockReleased, StockReserved, StockSold, UnwrapGift, WrapGift,
};
use std::panic::Location;

/// Carried out from the top. Once one fails, those that were done are taken back from there to
/// the top; so the order, which was there first, is cancelled last.
#[rustfmt::skip]
pub const CREATE_ORDER: [Step; 6] = [
    // The customer's command has done this one before the saga begins.
    Step::new("create-order")
        .done_at(OrderCreated::TYPE)
        .undone_by("cancel-order", CancelOrder::TYPE, OrderCancelled::TYPE),
    Step::new("reserve-stock")
        .asked_with(ReserveStock::TYPE)
        .done_at(StockReserved::TYPE)
        .failed_at(StockRejected::TYPE)
        .undone_by("release-stock", ReleaseStock::TYPE, StockReleased::TYPE),
    // Only where there is somebody who wraps gifts; elsewhere it is passed over.
    Step::new("wrap-gift")
        .asked_with(WrapGift::TYPE)
        .done_at(GiftWrapped::TYPE)
        .undone_by("unwrap-gift", UnwrapGift::TYPE, GiftUnwrapped::TYPE),
    // The pivot: its answer decides whether the saga goes on or back. It is taken back itself
    // only when no answer comes, for then the card may have been charged.
    Step::new("charge-card")
        .asked_with(ChargePayment::TYPE)
        .done_at(PaymentSucceeded::TYPE)
        .failed_at(PaymentFailed::TYPE)
        .undone_by("refund-payment", RefundPayment::TYPE, PaymentRefunded::TYPE),
    // What follows the pivot cannot be refused and is never taken back: it is asked for until it is done.
    Step::new("confirm-order").asked_with(ConfirmOrder::TYPE).done_at(OrderConfirmed::TYPE),
    Step::new("sell-stock").asked_with(SellStock::TYPE).done_at(StockSold::TYPE),
];

/// The steps that somebody here carries out, by their place in the list: those whose answer the
/// orchestrator can hear.
pub fn steps_here(spec: &ServiceSpec) -> Vec<usize> {
    let hears = |kind: &str| spec.consumes.iter().any(|topic| topic.types.iter().any(|heard| **heard == *kind));
    CREATE_ORDER.iter().enumerate().filter(|(_, step)| hears(step.done)).map(|(index, _)| index).collect()
}

/// So long an answer is waited for before the same is asked for again, in microseconds.
const PATIENCE_US: u64 = 2_000_000;
/// What is only to be retried is asked for less and less often, up to this pause.
const PATIENCE_MAX_US: u64 = 5_000_000;
/// Not answered so often, a step counts as failed.
pub const TRIES: u32 = 3;
/// Not answered so often, a compensation, or a step that cannot be taken back, waits for a person.
pub const TRIES_BEFORE_PARKING: u32 = 5;

/// How long the answer to this attempt, from 1, is waited for, in microseconds.
pub fn patience_us(step: &Step, attempt: u32) -> u64 {
    let doublings = if step.is_retriable() { attempt.saturating_sub(1).min(8) } else { 0 };
    (PATIENCE_US << doublings).min(PATIENCE_MAX_US)
}

#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub name: &'static str,
    /// Where it stands in the list above.
    pub line: &'static Location<'static>,
    /// The command that asks for it.
    pub ask: Option<&'static str>,
    /// The answer that it is done.
    pub done: &'static str,
    /// The answer that it was refused.
    pub failed: Option<&'static str>,
    pub undo: Option<Undo>,
}

/// A compensation. It has no answer that refuses it.
#[derive(Clone, Copy, Debug)]
pub struct Undo {
    pub name: &'static str,
    pub ask: &'static str,
    pub done: &'static str,
}

impl Step {
    #[track_caller]
    const fn new(name: &'static str) -> Self {
        Step { name, line: Location::caller(), ask: None, done: "", failed: None, undo: None }
    }

    /// Behind the pivot: there is no way but on.
    pub fn is_retriable(&self) -> bool {
        self.undo.is_none()
    }

    const fn asked_with(self, ask: &'static str) -> Self {
        Step { ask: Some(ask), ..self }
    }

    const fn done_at(self, done: &'static str) -> Self {
        Step { done, ..self }
    }

    const fn failed_at(self, failed: &'static str) -> Self {
        Step { failed: Some(failed), ..self }
    }

    const fn undone_by(self, name: &'static str, ask: &'static str, done: &'static str) -> Self {
        Step { undo: Some(Undo { name, ask, done }), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::{CREATE_ORDER, steps_here};

    #[test]
    fn the_topology_draws_the_steps_that_are_carried_out() {
        for (name, steps) in [("saga-orchestration", 5), ("saga-orchestration-gift", 6)] {
            let topology = protocol::topology(name).expect("known");
            let drawn = topology.saga.as_ref().expect("led by one service");
            let leader = topology.service("saga-orchestrator").expect("it leads");
            let here: Vec<_> = steps_here(leader).into_iter().map(|step| &CREATE_ORDER[step]).collect();
            assert_eq!(
                drawn.steps.iter().map(|step| &**step).collect::<Vec<_>>(),
                here.iter().map(|step| step.name).collect::<Vec<_>>()
            );
            assert_eq!(here.len(), steps, "{name}");
            for step in here {
                let takes_back = topology.compensation(step.name).map(|undo| &*undo.name);
                assert_eq!(takes_back, step.undo.map(|undo| undo.name), "{}", step.name);
            }
        }
    }
}
