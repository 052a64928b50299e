//! The payments of one order.

use super::{PaymentCommand, PaymentEvent};

/// An order's charges, in the order in which they were asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    pub payments: Vec<Payment>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    pub user_id: i64,
    /// In cents.
    pub amount_minor: i64,
    pub status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Captured,
    Declined,
    Refunded,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Captured => "CAPTURED",
            Status::Declined => "DECLINED",
            Status::Refunded => "REFUNDED",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Status::Captured, Status::Declined, Status::Refunded].into_iter().find(|status| status.name() == name)
    }
}

impl Account {
    /// What a refund gives back, in cents.
    pub fn captured(&self) -> i64 {
        let captured = self.payments.iter().filter(|payment| payment.status == Status::Captured);
        captured.map(|payment| payment.amount_minor).sum()
    }

    fn was_taken_back(&self) -> bool {
        self.payments.iter().any(|payment| payment.status == Status::Refunded)
    }
}

/// What the command leads to. A charge that is asked for twice is charged twice: that a message
/// is dealt with once is the inbox's business. An order that was taken back is charged no more.
pub fn decide(account: &Account, command: PaymentCommand) -> Vec<PaymentEvent> {
    match command {
        PaymentCommand::Charge { user_id, amount_minor, approved } => {
            if approved && !account.was_taken_back() {
                vec![PaymentEvent::Captured { user_id, amount_minor }]
            } else {
                vec![PaymentEvent::Declined { user_id, amount_minor }]
            }
        }
        PaymentCommand::Refund if account.was_taken_back() => vec![],
        PaymentCommand::Refund if account.captured() == 0 => vec![PaymentEvent::Barred],
        PaymentCommand::Refund => {
            let all = account.payments.iter().enumerate();
            all.filter(|(_, payment)| payment.status == Status::Captured)
                .map(|(n, _)| PaymentEvent::Refunded { n })
                .collect()
        }
    }
}

/// The account after an event.
pub fn evolve(mut account: Account, event: &PaymentEvent) -> Account {
    let charge = |user_id, amount_minor, status| Payment { user_id, amount_minor, status };
    match *event {
        PaymentEvent::Captured { user_id, amount_minor } => {
            account.payments.push(charge(user_id, amount_minor, Status::Captured));
        }
        PaymentEvent::Declined { user_id, amount_minor } => {
            account.payments.push(charge(user_id, amount_minor, Status::Declined));
        }
        PaymentEvent::Refunded { n } => {
            if let Some(payment) = account.payments.get_mut(n) {
                payment.status = Status::Refunded;
            }
        }
        PaymentEvent::Barred => account.payments.push(charge(0, 0, Status::Refunded)),
    }
    account
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPTURED: PaymentEvent = PaymentEvent::Captured { user_id: 1, amount_minor: 2999 };
    const DECLINED: PaymentEvent = PaymentEvent::Declined { user_id: 1, amount_minor: 2999 };

    fn charge(approved: bool) -> PaymentCommand {
        PaymentCommand::Charge { user_id: 1, amount_minor: 2999, approved }
    }

    fn account(given: &[PaymentEvent]) -> Account {
        given.iter().fold(Account::default(), evolve)
    }

    /// Given these events, when this is asked, then these follow.
    fn check(given: &[PaymentEvent], when: PaymentCommand, then: &[PaymentEvent]) {
        assert_eq!(decide(&account(given), when), then);
    }

    #[test]
    fn an_approved_charge_is_captured() {
        check(&[], charge(true), &[CAPTURED]);
        assert_eq!(account(&[CAPTURED]).captured(), 2999);
    }

    #[test]
    fn a_refused_charge_is_declined() {
        check(&[], charge(false), &[DECLINED]);
    }

    #[test]
    fn who_asks_twice_is_charged_twice() {
        check(&[CAPTURED], charge(true), &[CAPTURED]);
        assert_eq!(account(&[CAPTURED, CAPTURED]).captured(), 2 * 2999);
    }

    #[test]
    fn a_refund_gives_back_all_that_was_charged_and_only_once() {
        let refunds = [PaymentEvent::Refunded { n: 0 }, PaymentEvent::Refunded { n: 2 }];
        check(&[CAPTURED, DECLINED, CAPTURED], PaymentCommand::Refund, &refunds);
        let given = [&[CAPTURED, DECLINED, CAPTURED], &refunds[..]].concat();
        assert_eq!(account(&given).captured(), 0);
        check(&given, PaymentCommand::Refund, &[]);
    }

    #[test]
    fn what_was_taken_back_before_it_was_charged_is_not_charged() {
        check(&[], PaymentCommand::Refund, &[PaymentEvent::Barred]);
        check(&[PaymentEvent::Barred], charge(true), &[DECLINED]);
        check(&[PaymentEvent::Barred], PaymentCommand::Refund, &[]);
    }

    #[test]
    fn a_status_reads_back() {
        for status in [Status::Captured, Status::Declined, Status::Refunded] {
            assert_eq!(Status::parse(status.name()), Some(status));
        }
        assert_eq!(Status::parse("captured"), None);
    }
}
