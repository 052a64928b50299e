//! What payments does when it hears something.

use crate::card_network::Charge;
use crate::domain::{PaymentCommand, PaymentEvent, decide, evolve};
use crate::storage;
use kit::{Refusal, Reply, Stage, Work};
use protocol::{PaymentFailed, PaymentSucceeded, StockReserved};
use serde_json::json;
use sqlx::sqlite::SqliteConnection;

pub async fn react(
    conn: &mut SqliteConnection,
    work: &Work,
    charge: &Charge,
    stage: &mut Stage<'_>,
) -> Result<Reply, Refusal> {
    if work.kind() != StockReserved::TYPE {
        return Err(Refusal::Unreadable(format!("payments does not know {}", work.kind())));
    }
    let StockReserved { order_id, user_id, amount_minor, .. } = work.data()?;
    let payment = storage::load(conn, order_id).await?;
    let approved = *charge == Charge::Approved;
    let command = PaymentCommand::Charge { order_id, user_id, amount_minor, approved };
    for event in decide(payment.as_ref(), command) {
        let payment = evolve(payment.clone(), &event);
        storage::insert(conn, &payment).await?;
        stage.state_changed("payment", order_id, None, payment.status.name());
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
