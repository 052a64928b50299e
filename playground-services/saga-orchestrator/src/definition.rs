//! The saga of an order, as the list of its steps and compensations.

use protocol::{
    CancelOrder, ChargePayment, ConfirmOrder, OrderCancelled, OrderConfirmed, OrderCreated, PaymentFailed,
    PaymentSucceeded, ReleaseStock, ReserveStock, SellStock, StockRejected, StockReleased, StockReserved, StockSold,
};

/// Carried out from the top. Once one fails, those that were done are taken back from there to
/// the top; so the order, which was there first, is cancelled last.
#[rustfmt::skip]
pub const CREATE_ORDER: [Step; 5] = [
    // The customer's command has done this one before the saga begins.
    Step::new("create-order")
        .done_at(OrderCreated::TYPE)
        .undone_by("cancel-order", CancelOrder::TYPE, OrderCancelled::TYPE),
    Step::new("reserve-stock")
        .asked_with(ReserveStock::TYPE)
        .done_at(StockReserved::TYPE)
        .failed_at(StockRejected::TYPE)
        .undone_by("release-stock", ReleaseStock::TYPE, StockReleased::TYPE),
    // The pivot: once the card is charged there is no way back, only on.
    Step::new("charge-card")
        .asked_with(ChargePayment::TYPE)
        .done_at(PaymentSucceeded::TYPE)
        .failed_at(PaymentFailed::TYPE),
    // What follows the pivot cannot be refused.
    Step::new("confirm-order").asked_with(ConfirmOrder::TYPE).done_at(OrderConfirmed::TYPE),
    Step::new("sell-stock").asked_with(SellStock::TYPE).done_at(StockSold::TYPE),
];

#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub name: &'static str,
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
    const fn new(name: &'static str) -> Self {
        Step { name, ask: None, done: "", failed: None, undo: None }
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
    use super::CREATE_ORDER;

    #[test]
    fn the_topology_draws_the_steps_that_are_carried_out() {
        let topology = protocol::topology("saga-orchestration").expect("known");
        let drawn = topology.saga.as_ref().expect("led by one service");
        let steps = CREATE_ORDER.map(|step| step.name);
        assert_eq!(drawn.steps.iter().map(|step| &**step).collect::<Vec<_>>(), steps);
        for step in &CREATE_ORDER {
            let takes_back = topology.compensation(step.name).map(|undo| &*undo.name);
            assert_eq!(takes_back, step.undo.map(|undo| undo.name), "{}", step.name);
        }
    }
}
