//! What can be asked of an account. Amounts are in cents.

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AccountCommand {
    Open,
    /// `backdated_us`: so long before now it counts, in microseconds.
    Deposit {
        amount_minor: i64,
        backdated_us: u64,
    },
    Withdraw {
        amount_minor: i64,
        backdated_us: u64,
    },
    /// An entry should have been of this amount.
    Correct {
        entry: Entry,
        amount_minor: i64,
    },
}

/// An entry that was made earlier, as it counts by now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    pub sequence: u64,
    /// With all its corrections; less than 0 for a withdrawal.
    pub amount_minor: i64,
    /// So long before now it counts, in microseconds.
    pub backdated_us: u64,
}
