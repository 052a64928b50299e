//! What can have happened to an account. Amounts are in cents.

use protocol::{AccountCreated, EntryCorrected, MoneyDeposited, MoneyWithdrawn};

/// In the shape of today; older ones are in [`super::schema`].
#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
    Created,
    /// `backdated_us`: so long before it was recorded it counts, in microseconds.
    Deposited {
        amount_minor: i64,
        backdated_us: u64,
    },
    Withdrawn {
        amount_minor: i64,
        backdated_us: u64,
    },
    /// What the entry of that sequence was wrong by. Nothing is overwritten: the mistake stays in
    /// the stream, and this beside it.
    Corrected {
        sequence: u64,
        difference_minor: i64,
        backdated_us: u64,
    },
}

impl AccountEvent {
    /// As it is published.
    pub fn name(&self) -> &'static str {
        match self {
            AccountEvent::Created => AccountCreated::TYPE,
            AccountEvent::Deposited { .. } => MoneyDeposited::TYPE,
            AccountEvent::Withdrawn { .. } => MoneyWithdrawn::TYPE,
            AccountEvent::Corrected { .. } => EntryCorrected::TYPE,
        }
    }

    /// What it adds to the balance.
    pub fn amount_minor(&self) -> i64 {
        match self {
            AccountEvent::Created => 0,
            AccountEvent::Deposited { amount_minor, .. } => *amount_minor,
            AccountEvent::Withdrawn { amount_minor, .. } => -amount_minor,
            AccountEvent::Corrected { difference_minor, .. } => *difference_minor,
        }
    }

    pub fn backdated_us(&self) -> u64 {
        match self {
            AccountEvent::Created => 0,
            AccountEvent::Deposited { backdated_us, .. }
            | AccountEvent::Withdrawn { backdated_us, .. }
            | AccountEvent::Corrected { backdated_us, .. } => *backdated_us,
        }
    }

    /// The entry it puts right.
    pub fn corrects(&self) -> Option<u64> {
        match self {
            AccountEvent::Corrected { sequence, .. } => Some(*sequence),
            _ => None,
        }
    }
}
