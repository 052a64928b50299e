//! The services' tables as the record has them: a fold of the row changes that their
//! transactions recorded. Bounded: of each table the newest rows and the number of all.

use kit::tables::ROWS_MAX;
use memchr::memmem::Finder;
use protocol::{Name, Observation, Position, Recorded, RowChange};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// The last position folded in.
    pub position: Position,
    tables: Vec<Table>,
}

/// A table of a service's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    service: Name,
    name: Name,
    /// Of all its rows.
    pub count: u64,
    newest: Newest,
}

/// The rows with the greatest keys, as JSON. A row that is deleted does not bring back one that
/// was too old to be kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(String, Arc<str>)>", into = "Vec<(String, Arc<str>)>")]
struct Newest(BTreeMap<Key, Arc<str>>);

/// A key part by part, as several columns make it: `42/10`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(Box<[Part]>);

/// Numbers in the order of numbers, and before texts, as SQLite has them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(i64),
    Text(Box<str>),
}

impl Rows {
    /// Folds the next event in.
    pub fn evolve(&mut self, event: &Recorded) {
        self.evolve_where(event, |_| true);
    }

    /// Folds in of the next event only what concerns the rows of a table whose keys begin so.
    pub fn evolve_under(&mut self, event: &Recorded, table: &str, under: &str) {
        let under = Key::of(under);
        self.evolve_where(event, |change| &*change.table == table && Key::of(&change.key).is_under(&under));
    }

    fn evolve_where(&mut self, event: &Recorded, wanted: impl Fn(&RowChange) -> bool) {
        self.position = event.position;
        let Observation::TransactionCommitted { rows, .. } = &event.observation else { return };
        for change in rows.iter().filter(|change| wanted(change)) {
            self.change(&event.service, change);
        }
    }

    pub fn table(&self, service: &str, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| &*table.name == name && &*table.service == service)
    }

    fn change(&mut self, service: &Name, change: &RowChange) {
        let known = self.tables.iter().position(|table| table.name == change.table && table.service == *service);
        let at = known.unwrap_or_else(|| {
            let (service, name) = (service.clone(), change.table.clone());
            self.tables.push(Table { service, name, count: 0, newest: Newest::default() });
            self.tables.len() - 1
        });
        let Table { count, newest: Newest(newest), .. } = &mut self.tables[at];
        match (&change.before, &change.after) {
            (None, Some(_)) => *count += 1,
            (Some(_), None) => *count = count.saturating_sub(1),
            _ => {}
        }
        let key = Key::of(&change.key);
        match &change.after {
            Some(after) => {
                // What is JSON already can be written as JSON.
                newest.insert(key, serde_json::to_string(after).unwrap_or_default().into());
                if newest.len() > ROWS_MAX as usize {
                    newest.pop_first();
                }
            }
            None => drop(newest.remove(&key)),
        }
    }
}

impl Table {
    /// The newest rows as JSON, in the order of their keys.
    pub fn rows(&self) -> impl Iterator<Item = &str> {
        self.newest.0.values().map(|row| &**row)
    }

    /// Of the newest rows, those whose keys begin so.
    pub fn rows_under(&self, under: &str) -> impl Iterator<Item = &str> {
        let under = Key::of(under);
        self.newest.0.iter().filter(move |(key, _)| key.is_under(&under)).map(|(_, row)| &**row)
    }

    /// None of its rows was too old to be kept.
    pub fn is_whole(&self) -> bool {
        self.count <= self.newest.0.len() as u64
    }
}

impl Key {
    fn of(key: &str) -> Self {
        Key(key.split('/').map(Part::of).collect())
    }

    fn is_under(&self, other: &Key) -> bool {
        self.0.starts_with(&other.0)
    }
}

impl Part {
    /// A number is what is written as one; 007 and 7 are two texts.
    fn of(part: &str) -> Self {
        let digits = part.strip_prefix('-').unwrap_or(part);
        let plain = digits == part || digits != "0";
        let plain =
            plain && digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        let number = part.parse().ok().filter(|_| plain);
        number.map_or_else(|| Part::Text(part.into()), Part::Number)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, part) in self.0.iter().enumerate() {
            let between = if n > 0 { "/" } else { "" };
            match part {
                Part::Number(number) => write!(f, "{between}{number}")?,
                Part::Text(text) => write!(f, "{between}{text}")?,
            }
        }
        Ok(())
    }
}

impl From<Vec<(String, Arc<str>)>> for Newest {
    fn from(rows: Vec<(String, Arc<str>)>) -> Self {
        Newest(rows.into_iter().map(|(key, row)| (Key::of(&key), row)).collect())
    }
}

impl From<Newest> for Vec<(String, Arc<str>)> {
    fn from(Newest(rows): Newest) -> Self {
        rows.into_iter().map(|(key, row)| (key.to_string(), row)).collect()
    }
}

/// Tells lines that may be wanted from those that can't, without reading them: most can't.
pub struct Sieve {
    /// All of these are in what is wanted, and one of those, if there are any.
    all: Vec<Finder<'static>>,
    any: Vec<Finder<'static>>,
}

impl Sieve {
    /// For the rows of all services.
    pub fn all() -> Self {
        Sieve { all: vec![Finder::new(br#""TransactionCommitted""#)], any: vec![] }
    }

    /// For the rows of one service.
    pub fn of(service: &str) -> Self {
        let mut sieve = Sieve::all();
        sieve.all.push(quoted(service));
        sieve
    }

    /// For events of these kinds; for every event, where none is named.
    pub fn of_kinds(kinds: &[&str]) -> Self {
        Sieve { all: vec![], any: kinds.iter().map(|kind| quoted(kind)).collect() }
    }

    pub fn holds(&self, line: &[u8]) -> bool {
        let found = |needle: &Finder| needle.find(line).is_some();
        self.all.iter().all(found) && (self.any.is_empty() || self.any.iter().any(found))
    }
}

fn quoted(word: &str) -> Finder<'static> {
    Finder::new(&format!("\"{word}\"")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(table: &str, id: i64, before: Option<i64>, after: Option<i64>) -> RowChange {
        let row = |n: i64| json!({ "id": id, "n": n });
        RowChange { table: table.into(), key: id.to_string(), before: before.map(row), after: after.map(row) }
    }

    fn event(position: Position, rows: Vec<RowChange>) -> Recorded {
        Recorded::bare(
            position,
            position,
            "orders",
            Observation::TransactionCommitted { transaction_id: position, rows, batch_size: 1 },
        )
    }

    #[test]
    fn a_table_keeps_its_newest_rows_and_counts_all() {
        let mut rows = Rows::default();
        let many = i64::from(ROWS_MAX) + 500;
        for id in 1..=many {
            rows.evolve(&event(id.unsigned_abs(), vec![change("orders", id, None, Some(0))]));
        }
        // The first is too old to be shown; the last is not.
        let updates = vec![change("orders", 1, Some(0), Some(1)), change("orders", many, Some(0), Some(1))];
        rows.evolve(&event(9999, updates));
        let table = rows.table("orders", "orders").expect("it was written");
        assert_eq!((table.count, table.rows().count()), (many.unsigned_abs(), ROWS_MAX as usize));
        assert_eq!(table.rows().next(), Some(r#"{"id":501,"n":0}"#));
        assert_eq!(table.rows().last(), Some(format!(r#"{{"id":{many},"n":1}}"#).as_str()));

        let stored = serde_json::to_string(&rows).expect("plain data");
        assert_eq!(serde_json::from_str::<Rows>(&stored).expect("reads"), rows);
    }

    /// An account's statement: the key is the account and the sequence.
    fn statement(account: i64, sequence: i64) -> RowChange {
        let after = Some(json!({ "account_id": account, "sequence": sequence }));
        RowChange { table: "statement".into(), key: format!("{account}/{sequence}"), before: None, after }
    }

    #[test]
    fn keys_of_several_columns_are_in_the_order_of_their_numbers() {
        let mut rows = Rows::default();
        let many = i64::from(ROWS_MAX) + 200;
        let changes = (1..=many).map(|sequence| statement(1200, sequence));
        rows.evolve(&event(1, changes.chain((1..=10).map(|sequence| statement(42, sequence))).collect()));
        let table = rows.table("orders", "statement").expect("it was written");
        assert!(!table.is_whole());
        assert_eq!(table.rows().next(), Some(r#"{"account_id":1200,"sequence":201}"#));
        assert_eq!(table.rows().last(), Some(r#"{"account_id":1200,"sequence":1200}"#));

        let stored = serde_json::to_string(&rows).expect("plain data");
        assert_eq!(serde_json::from_str::<Rows>(&stored).expect("reads"), rows);
    }

    #[test]
    fn the_rows_under_a_key_are_had_however_many_others_there_are() {
        let mut rows = Rows::default();
        let others = (1..=i64::from(ROWS_MAX)).map(|sequence| statement(99, sequence));
        let of_42 = [9, 10, 420].map(|sequence| statement(42, sequence));
        let event = event(1, of_42.into_iter().chain([statement(420, 1)]).chain(others).collect());
        rows.evolve_under(&event, "statement", "42");
        let table = rows.table("orders", "statement").expect("it was written");
        assert!(table.is_whole());
        let sequences = [9, 10, 420].map(|sequence| format!(r#"{{"account_id":42,"sequence":{sequence}}}"#));
        assert_eq!(table.rows().collect::<Vec<_>>(), sequences);
        assert_eq!(table.rows_under("42/10").collect::<Vec<_>>(), sequences[1..2]);
        assert_eq!(table.rows_under("4").count(), 0);
    }

    #[test]
    fn a_key_is_written_as_it_was_read() {
        for key in ["42/10", "monthly/2", "007", "-0", "+5", "-12", "a//b", "", "9223372036854775808"] {
            assert_eq!(Key::of(key).to_string(), key);
        }
        assert_ne!(Key::of("007"), Key::of("7"));
        assert!(Key::of("9/10") < Key::of("42/9") && Key::of("42/9") < Key::of("42/10"));
    }

    #[test]
    fn what_a_sieve_lets_fall_changes_nothing() {
        let line = |event: &Recorded| serde_json::to_vec(event).expect("plain data");
        let committed = event(1, vec![change("orders", 1, None, Some(0))]);
        assert!(Sieve::all().holds(&line(&committed)) && Sieve::of("orders").holds(&line(&committed)));
        assert!(!Sieve::of("inventory").holds(&line(&committed)));
        let woken = Recorded { observation: Observation::SandboxWoken, ..committed };
        assert!(!Sieve::all().holds(&line(&woken)));
        assert!(Sieve::of_kinds(&["Window", "SandboxWoken"]).holds(&line(&woken)));
        assert!(Sieve::of_kinds(&[]).holds(&line(&woken)) && !Sieve::of_kinds(&["Window"]).holds(&line(&woken)));
    }
}
