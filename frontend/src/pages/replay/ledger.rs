//! The statement of an account, and what can be asked of it. Money is in cents, times are seconds
//! since 1970.

use crate::date;
use serde::Deserialize;

/// An event of an account, as the service's table `statement` has it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Entry {
    pub account_id: i64,
    /// In the account's stream, from 1.
    pub sequence: i64,
    /// Among the events of all accounts.
    pub position: i64,
    pub event: String,
    /// The version in which it is stored.
    pub schema: i64,
    /// What it adds to the balance.
    pub amount_minor: i64,
    /// After it.
    pub balance_minor: i64,
    /// From when it counts.
    pub value_date: Option<String>,
    pub recorded_at: String,
    /// The sequence of the entry it corrects.
    pub corrects: Option<i64>,
    pub by_whom: Option<String>,
    pub why: Option<String>,
    /// None for what is older than the sandbox.
    pub command_id: Option<String>,
    /// What all has that came of the command, as a trace names it; None for what is older than that.
    pub correlation_id: Option<String>,
    /// 1 for what is older than the sandbox.
    pub seeded: i64,
}

impl Entry {
    pub fn recorded(&self) -> i64 {
        date::seconds(&self.recorded_at).unwrap_or_default()
    }

    /// From when it counts.
    pub fn valued(&self) -> i64 {
        self.value_date.as_deref().and_then(date::seconds).unwrap_or_else(|| self.recorded())
    }

    pub fn is_seeded(&self) -> bool {
        self.seeded != 0
    }

    /// Its type, as a word of one case.
    pub fn kind(&self) -> &'static str {
        match &*self.event {
            "AccountCreated" => "created",
            "EntryCorrected" => "corrected",
            _ if self.amount_minor < 0 => "withdrawn",
            _ => "deposited",
        }
    }

    pub fn is_opening(&self) -> bool {
        self.event == "AccountCreated"
    }

    /// A deposit or a withdrawal, which can be corrected.
    pub fn is_money(&self) -> bool {
        matches!(&*self.event, "MoneyDeposited" | "MoneyWithdrawn")
    }
}

/// What is on the books at a moment, that moment included; `None` where no entry at hand was
/// recorded by then.
pub fn balance_at(entries: &[Entry], at: i64) -> Option<i64> {
    let by_then = entries.iter().filter(|entry| entry.recorded() <= at);
    by_then.max_by_key(|entry| entry.sequence).map(|entry| entry.balance_minor)
}

/// What the entries come to that lie before the first of these, which are in order.
pub fn carried(entries: &[Entry]) -> i64 {
    entries.first().map_or(0, |first| first.balance_minor - first.amount_minor)
}

/// What was believed at one moment about another: the sum of what was recorded by the one and
/// counts by the other. `None` where that is a matter of earlier entries than these.
pub fn believed(entries: &[Entry], believed: i64, about: i64) -> Option<i64> {
    let sum: i64 = entries.iter().filter(|entry| counts(entry, believed, about)).map(|entry| entry.amount_minor).sum();
    // No entry counts later than it was recorded, so the earlier ones are all in.
    let all_in = |first: &Entry| first.sequence == 1 || first.recorded() <= believed.min(about);
    entries.first().is_none_or(all_in).then(|| sum + carried(entries))
}

/// The oldest and the newest shape of what was moved; opening an account never had but one.
pub fn schemas<'a>(entries: impl Iterator<Item = &'a Entry>) -> Option<(i64, i64)> {
    let schemas = entries.filter(|entry| !entry.is_opening()).map(|entry| (entry.schema, entry.schema));
    schemas.reduce(|(from, to), (schema, _)| (from.min(schema), to.max(schema)))
}

pub fn counts(entry: &Entry, believed: i64, about: i64) -> bool {
    entry.recorded() <= believed && entry.valued() <= about
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An event recorded at a moment, that counts from it.
    pub fn entry(account: i64, sequence: i64, event: &str, amount: i64, balance: i64, at: &str) -> Entry {
        Entry {
            account_id: account,
            sequence,
            position: sequence,
            event: event.into(),
            schema: 3,
            amount_minor: amount,
            balance_minor: balance,
            value_date: Some(at.into()),
            recorded_at: at.into(),
            seeded: 1,
            ..Entry::default()
        }
    }

    pub fn account_42() -> Vec<Entry> {
        vec![
            entry(42, 1, "AccountCreated", 0, 0, "2026-11-28T09:00:00Z"),
            entry(42, 2, "MoneyDeposited", 20_000, 20_000, "2026-11-28T12:00:00Z"),
            entry(42, 3, "MoneyWithdrawn", -5_000, 15_000, "2026-11-28T15:30:00Z"),
            entry(42, 4, "MoneyDeposited", 10_000, 25_000, "2026-11-28T18:00:00Z"),
        ]
    }

    /// A withdrawal of Monday, corrected on Wednesday.
    pub fn account_44() -> Vec<Entry> {
        let correction = Entry {
            value_date: Some("2026-11-16T14:00:00Z".into()),
            corrects: Some(3),
            ..entry(44, 4, "EntryCorrected", -10_000, 32_000, "2026-11-18T11:00:00Z")
        };
        vec![
            entry(44, 1, "AccountCreated", 0, 0, "2026-11-16T08:00:00Z"),
            entry(44, 2, "MoneyDeposited", 50_000, 50_000, "2026-11-16T10:00:00Z"),
            entry(44, 3, "MoneyWithdrawn", -8_000, 42_000, "2026-11-16T14:00:00Z"),
            correction,
        ]
    }

    fn at(text: &str) -> i64 {
        date::seconds(text).unwrap()
    }

    #[test]
    fn the_balance_is_the_sum_of_what_is_recorded_by_then() {
        let entries = account_42();
        let asked = ["2026-11-28T08:59:59Z", "2026-11-28T15:00:00Z", "2026-11-28T15:30:00Z", "2026-11-29T00:00:00Z"];
        assert_eq!(asked.map(|when| balance_at(&entries, at(when))), [None, Some(20_000), Some(15_000), Some(25_000)]);
    }

    #[test]
    fn what_is_believed_changes_with_a_correction_and_so_does_the_past() {
        let (entries, monday) = (account_44(), at("2026-11-16T20:00:00Z"));
        assert_eq!(believed(&entries, at("2026-11-17T12:00:00Z"), monday), Some(42_000));
        assert_eq!(believed(&entries, at("2026-11-18T11:00:00Z"), monday), Some(32_000));
        assert_eq!(believed(&entries, at("2026-11-18T11:00:00Z"), at("2026-11-16T13:59:59Z")), Some(50_000));
    }

    #[test]
    fn what_lies_before_the_entries_at_hand_is_in_the_sum_where_all_of_it_counts() {
        let entries = &account_44()[2..];
        let (wednesday, slip) = (at("2026-11-18T11:00:00Z"), at("2026-11-16T14:00:00Z"));
        assert_eq!(believed(entries, wednesday, wednesday), Some(32_000));
        assert_eq!(believed(entries, slip, slip), Some(42_000));
        assert_eq!((believed(entries, slip - 1, slip), believed(entries, slip, slip - 1)), (None, None));
        assert_eq!((balance_at(entries, slip), balance_at(entries, slip - 1)), (Some(42_000), None));
    }
}
