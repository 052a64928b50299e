//! The services' tables as the record has them: a fold of the row changes that their
//! transactions recorded. Bounded: of each table the newest rows and the number of all.

use kit::tables::ROWS_MAX;
use memchr::memmem::Finder;
use protocol::{Name, Observation, Position, Recorded, RowChange};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
/// was too old to be kept; no service deletes rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(String, Arc<str>)>", into = "Vec<(String, Arc<str>)>")]
struct Newest(BTreeMap<Key, Arc<str>>);

/// Numbers in the order of numbers, the rest as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(Box<str>),
}

impl Rows {
    /// Folds the next event in.
    pub fn evolve(&mut self, event: &Recorded) {
        self.position = event.position;
        let Observation::TransactionCommitted { rows, .. } = &event.observation else { return };
        for change in rows {
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
}

impl Key {
    fn of(key: &str) -> Self {
        key.parse().map_or_else(|_| Key::Text(key.into()), Key::Number)
    }
}

impl From<Vec<(String, Arc<str>)>> for Newest {
    fn from(rows: Vec<(String, Arc<str>)>) -> Self {
        Newest(rows.into_iter().map(|(key, row)| (Key::of(&key), row)).collect())
    }
}

impl From<Newest> for Vec<(String, Arc<str>)> {
    fn from(Newest(rows): Newest) -> Self {
        let text = |key| match key {
            Key::Number(number) => number.to_string(),
            Key::Text(text) => text.into(),
        };
        rows.into_iter().map(|(key, row)| (text(key), row)).collect()
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
