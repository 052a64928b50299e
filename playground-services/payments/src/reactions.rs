//! What payments does when it hears something.

use crate::card_network::Charge;
use crate::domain::{Payment, PaymentCommand, PaymentEvent, decide, evolve};
use kit::{Refusal, Reply, Stage, Unit, Work};
use protocol::{PaymentFailed, PaymentSucceeded, StockReserved};
use serde_json::json;

pub fn react(
    payments: &mut Unit<Payment>,
    work: &Work,
    charge: &Charge,
    stage: &mut Stage<'_>,
) -> Result<Reply, Refusal> {
    if work.kind() != StockReserved::TYPE {
        return Err(Refusal::Unreadable(format!("payments does not know {}", work.kind())));
    }
    let StockReserved { order_id, user_id, amount_minor, .. } = work.data()?;
    let approved = *charge == Charge::Approved;
    let command = PaymentCommand::Charge { order_id, user_id, amount_minor, approved };
    for event in decide(payments.get(order_id), command) {
        let payment = evolve(payments.get(order_id).cloned(), &event);
        stage.state_changed("payment", order_id, None, payment.status.name());
        payments.put(order_id, payment);
        let subject = format!("order/{order_id}");
        match event {
            PaymentEvent::Captured { .. } => {
                let data = PaymentSucceeded { order_id, user_id, amount_minor };
                stage.publish(PaymentSucceeded::TYPE, subject, json!(data));
            }
            PaymentEvent::Declined { .. } => {
                if let Charge::Declined { fault } = charge {
                    stage.fault_triggered(fault, &subject);
                }
                let reason = "card declined".to_owned();
                let data = PaymentFailed { order_id, user_id, amount_minor, reason };
                stage.publish(PaymentFailed::TYPE, subject, json!(data));
            }
        }
    }
    Ok(Reply::default())
}
