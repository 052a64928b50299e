//! One account.

use super::{AccountCommand, AccountEvent, Entry};
use protocol::money;

/// What its events fold to. That it has a balance is nowhere stored: it is counted anew each time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    pub open: bool,
    /// In cents.
    pub balance_minor: i64,
}

/// More than this an account does not hold, in cents.
pub const BALANCE_MAX: i64 = 100_000_000_000;

/// What the command leads to, or a sentence saying why nothing.
pub fn decide(account: &Account, command: AccountCommand) -> Result<AccountEvent, String> {
    let holds = account.balance_minor;
    match command {
        AccountCommand::Open if account.open => Err("it is open already".into()),
        AccountCommand::Open => Ok(AccountEvent::Created),
        _ if !account.open => Err("there is no such account: open it first".into()),
        AccountCommand::Deposit { amount_minor, .. } if holds + amount_minor > BALANCE_MAX => Err(too_much()),
        AccountCommand::Deposit { amount_minor, backdated_us } => {
            Ok(AccountEvent::Deposited { amount_minor, backdated_us })
        }
        AccountCommand::Withdraw { amount_minor, .. } if amount_minor > holds => {
            Err(format!("it holds {}, and {} cannot be taken out", money(holds), money(amount_minor)))
        }
        AccountCommand::Withdraw { amount_minor, backdated_us } => {
            Ok(AccountEvent::Withdrawn { amount_minor, backdated_us })
        }
        AccountCommand::Correct { entry: Entry { sequence, amount_minor: stands, backdated_us }, amount_minor } => {
            let right = if stands < 0 { -amount_minor } else { amount_minor };
            match right - stands {
                0 => Err(format!("entry {sequence} stands at {} already", money(amount_minor))),
                difference if holds + difference < 0 => {
                    Err(format!("it holds {}, and would be overdrawn by the correction", money(holds)))
                }
                difference if holds + difference > BALANCE_MAX => Err(too_much()),
                difference_minor => Ok(AccountEvent::Corrected { sequence, difference_minor, backdated_us }),
            }
        }
    }
}

fn too_much() -> String {
    format!("it would hold more than {}", money(BALANCE_MAX))
}

/// The account after an event. It never refuses: what happened has happened.
pub fn evolve(account: Account, event: &AccountEvent) -> Account {
    Account { open: true, balance_minor: account.balance_minor + event.amount_minor() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deposited(amount_minor: i64) -> AccountEvent {
        AccountEvent::Deposited { amount_minor, backdated_us: 0 }
    }

    fn withdrawn(amount_minor: i64) -> AccountEvent {
        AccountEvent::Withdrawn { amount_minor, backdated_us: 0 }
    }

    fn account(given: &[AccountEvent]) -> Account {
        given.iter().fold(Account::default(), evolve)
    }

    /// Given these events, when this is asked, then this follows.
    fn check(given: &[AccountEvent], when: AccountCommand, then: Result<AccountEvent, &str>) {
        assert_eq!(decide(&account(given), when), then.map_err(str::to_owned));
    }

    #[test]
    fn the_balance_is_the_fold_of_the_events() {
        let given = [AccountEvent::Created, deposited(20_000), withdrawn(5_000), deposited(10_000)];
        assert_eq!(account(&given).balance_minor, 25_000);
        assert_eq!(account(&given[..2]).balance_minor, 20_000);
        assert!(!account(&[]).open && account(&given[..1]).open);
    }

    #[test]
    fn an_account_is_opened_once_and_before_anything_else() {
        check(&[], AccountCommand::Open, Ok(AccountEvent::Created));
        check(&[AccountEvent::Created], AccountCommand::Open, Err("it is open already"));
        let deposit = AccountCommand::Deposit { amount_minor: 1, backdated_us: 0 };
        check(&[], deposit, Err("there is no such account: open it first"));
    }

    #[test]
    fn what_it_holds_can_be_taken_out_and_a_cent_more_cannot() {
        let given = [AccountEvent::Created, deposited(25_000)];
        let withdraw = |amount_minor| AccountCommand::Withdraw { amount_minor, backdated_us: 7 };
        check(&given, withdraw(25_000), Ok(AccountEvent::Withdrawn { amount_minor: 25_000, backdated_us: 7 }));
        check(&given, withdraw(25_001), Err("it holds 250.00, and 250.01 cannot be taken out"));
    }

    #[test]
    fn it_has_a_limit_above() {
        let given = [AccountEvent::Created, deposited(BALANCE_MAX)];
        let deposit = AccountCommand::Deposit { amount_minor: 1, backdated_us: 0 };
        check(&given, deposit, Err("it would hold more than 1000000000.00"));
        let entry = Entry { sequence: 2, amount_minor: BALANCE_MAX, backdated_us: 0 };
        let correct = AccountCommand::Correct { entry, amount_minor: BALANCE_MAX + 1 };
        check(&given, correct, Err("it would hold more than 1000000000.00"));
    }

    #[test]
    fn a_correction_posts_the_difference_to_what_stands() {
        let given = [AccountEvent::Created, deposited(50_000), withdrawn(8_000)];
        let entry = Entry { sequence: 3, amount_minor: -8_000, backdated_us: 9 };
        let correct = |amount_minor| AccountCommand::Correct { entry, amount_minor };
        let difference = AccountEvent::Corrected { sequence: 3, difference_minor: -10_000, backdated_us: 9 };
        check(&given, correct(18_000), Ok(difference));
        check(&given, correct(8_000), Err("entry 3 stands at 80.00 already"));
        check(&given, correct(60_000), Err("it holds 420.00, and would be overdrawn by the correction"));
    }
}
