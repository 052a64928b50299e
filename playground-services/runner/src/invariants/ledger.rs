//! Streams of accounts, as their statements tell them: numbered without a gap, each balance the sum
//! of what came before, and none below nothing.

use super::Verdict;
use protocol::{Observation, Recorded, RowChange, money};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// Of each account, the last sequence and the balance after it.
    accounts: BTreeMap<i64, (i64, i64)>,
    gap: Option<String>,
    wrong: Option<String>,
}

impl Ledger {
    pub fn evolve(&mut self, event: &Recorded) -> bool {
        let Observation::TransactionCommitted { rows, .. } = &event.observation else { return false };
        let mut touched = false;
        for row in rows.iter().filter(|row| &*row.table == "statement") {
            touched = true;
            self.line(row);
        }
        touched
    }

    fn line(&mut self, row: &RowChange) {
        let number = |field: &str| row.after.as_ref()?.get(field)?.as_i64();
        if row.before.is_some() {
            self.gap.get_or_insert_with(|| format!("line {} of a statement was changed", row.key));
        }
        let (Some(account), Some(sequence), Some(amount), Some(balance)) =
            (number("account_id"), number("sequence"), number("amount_minor"), number("balance_minor"))
        else {
            return;
        };
        let (last, before) = self.accounts.insert(account, (sequence, balance)).unwrap_or_default();
        if sequence != last + 1 {
            self.gap.get_or_insert_with(|| format!("account {account}: event {sequence} came behind {last}"));
        }
        if before + amount != balance {
            let sum = format!("{} and {} are not {}", money(before), money(amount), money(balance));
            self.wrong.get_or_insert_with(|| format!("account {account}, event {sequence}: {sum}"));
        }
        if balance < 0 {
            self.wrong.get_or_insert_with(|| format!("account {account} is overdrawn by event {sequence}"));
        }
    }

    pub fn gapless(&self) -> Verdict {
        self.gap.clone().map_or(Ok(String::new()), Err)
    }

    pub fn adds_up(&self) -> Verdict {
        self.wrong.clone().map_or(Ok(String::new()), Err)
    }
}
