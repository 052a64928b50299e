//! The payment of one order.

use super::{PaymentCommand, PaymentEvent};

#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    pub order_id: i64,
    pub user_id: i64,
    /// In cents.
    pub amount_minor: i64,
    pub status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Captured,
    Declined,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Captured => "CAPTURED",
            Status::Declined => "DECLINED",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Status::Captured, Status::Declined].into_iter().find(|status| status.name() == name)
    }
}

/// What the command leads to: an order is settled once, whatever is said later.
pub fn decide(payment: Option<&Payment>, command: PaymentCommand) -> Vec<PaymentEvent> {
    let PaymentCommand::Charge { order_id, user_id, amount_minor, approved } = command;
    match (payment, approved) {
        (Some(_), _) => vec![],
        (None, true) => vec![PaymentEvent::Captured { order_id, user_id, amount_minor }],
        (None, false) => vec![PaymentEvent::Declined { order_id, user_id, amount_minor }],
    }
}

/// The payment after an event.
pub fn evolve(_: Option<Payment>, event: &PaymentEvent) -> Payment {
    let (order_id, user_id, amount_minor, status) = match *event {
        PaymentEvent::Captured { order_id, user_id, amount_minor } => {
            (order_id, user_id, amount_minor, Status::Captured)
        }
        PaymentEvent::Declined { order_id, user_id, amount_minor } => {
            (order_id, user_id, amount_minor, Status::Declined)
        }
    };
    Payment { order_id, user_id, amount_minor, status }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTURED: PaymentEvent = PaymentEvent::Captured { order_id: 101, user_id: 1, amount_minor: 2999 };
    const DECLINED: PaymentEvent = PaymentEvent::Declined { order_id: 101, user_id: 1, amount_minor: 2999 };

    fn charge(approved: bool) -> PaymentCommand {
        PaymentCommand::Charge { order_id: 101, user_id: 1, amount_minor: 2999, approved }
    }

    /// Given these events, when this is asked, then these follow.
    fn check(given: &[PaymentEvent], when: PaymentCommand, then: &[PaymentEvent]) {
        let payment = given.iter().fold(None, |payment, event| Some(evolve(payment, event)));
        assert_eq!(decide(payment.as_ref(), when), then);
    }

    #[test]
    fn an_approved_charge_is_captured() {
        check(&[], charge(true), &[CAPTURED]);
    }

    #[test]
    fn a_refused_charge_is_declined() {
        check(&[], charge(false), &[DECLINED]);
    }

    #[test]
    fn an_order_is_charged_at_most_once() {
        check(&[CAPTURED], charge(true), &[]);
        check(&[CAPTURED], charge(false), &[]);
        check(&[DECLINED], charge(true), &[]);
    }
}
