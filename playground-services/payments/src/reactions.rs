//! What payments does when it hears something.

use crate::card_network::Charge;
use crate::domain::{Account, PaymentCommand, PaymentEvent, Status, decide, evolve};
use kit::{Refusal, Reply, Stage, Unit, Work};
use protocol::{ChargePayment, PaymentFailed, PaymentRefunded, PaymentSucceeded, RefundPayment, StockRejected};
use serde_json::json;

pub fn react(
    accounts: &mut Unit<Account>,
    work: &Work,
    charge: &Charge,
    stage: &mut Stage<'_>,
) -> Result<Reply, Refusal> {
    match &*work.step(stage.ctx)?.name {
        "charge-card" => settle(accounts, work, charge, stage)?,
        "refund-payment" if !stage.ctx.is_on("compensation") => {}
        // The flaw of the challenge: nobody thought of this reason to give money back.
        "refund-payment" if work.kind() == StockRejected::TYPE && !stage.ctx.is_on("refund-on-rejection") => {}
        "refund-payment" => refund(accounts, work, stage)?,
        other => return Err(Refusal::Unreadable(format!("payments has no step {other}"))),
    }
    Ok(Reply::default())
}

fn settle(accounts: &mut Unit<Account>, work: &Work, charge: &Charge, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let ChargePayment { order_id, user_id, amount_minor } = work.data()?;
    // What is bought for it is only passed on, where it is told.
    let told = |field: &str| work.number(field).unwrap_or_default();
    let (item_id, quantity) = (told("item_id"), told("quantity"));
    let mut account = accounts.get(order_id).cloned().unwrap_or_default();
    let command = PaymentCommand::Charge { user_id, amount_minor, approved: *charge == Charge::Approved };
    let subject = format!("order/{order_id}");
    for event in decide(&account, command) {
        account = evolve(account, &event);
        if event == (PaymentEvent::Captured { user_id, amount_minor }) {
            stage.state_changed("payment", order_id, None, Status::Captured.name());
            let data = PaymentSucceeded { order_id, user_id, amount_minor, item_id, quantity };
            stage.publish(PaymentSucceeded::TYPE, subject.clone(), json!(data));
            continue;
        }
        stage.state_changed("payment", order_id, None, Status::Declined.name());
        let reason = match charge {
            Charge::Declined { fault } => {
                stage.fault_triggered(fault, &subject);
                "card declined"
            }
            Charge::Approved => "taken back before it was charged",
        };
        let data = PaymentFailed { order_id, user_id, amount_minor, reason: reason.to_owned() };
        stage.publish(PaymentFailed::TYPE, subject.clone(), json!(data));
    }
    accounts.put(order_id, account);
    Ok(())
}

/// Gives back all that was charged. That nothing was is an answer, too.
fn refund(accounts: &mut Unit<Account>, work: &Work, stage: &mut Stage<'_>) -> Result<(), Refusal> {
    let order_id = work.order()?;
    let mut account = accounts.get(order_id).cloned().unwrap_or_default();
    let events = decide(&account, PaymentCommand::Refund);
    // It was given back before. Only who asks for it in so many words may not have heard.
    if events.is_empty() && work.kind() != RefundPayment::TYPE {
        return Ok(());
    }
    let amount_minor = account.captured();
    for event in &events {
        let from = (*event != PaymentEvent::Barred).then(|| Status::Captured.name());
        stage.state_changed("payment", order_id, from, Status::Refunded.name());
        account = evolve(account, event);
    }
    let user_id = account.payments.first().map_or(0, |payment| payment.user_id);
    let data = PaymentRefunded { order_id, user_id, amount_minor };
    stage.publish(PaymentRefunded::TYPE, format!("order/{order_id}"), json!(data));
    accounts.put(order_id, account);
    Ok(())
}
