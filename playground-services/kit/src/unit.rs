//! The unit of work: rows loaded once for a batch, changed in memory, stored once.

use std::collections::{BTreeMap, BTreeSet};

/// Rows by their id, and which of them have changed since they were loaded.
#[derive(Debug)]
pub struct Unit<T> {
    rows: BTreeMap<i64, T>,
    changed: BTreeSet<i64>,
}

impl<T> Default for Unit<T> {
    fn default() -> Self {
        Unit { rows: BTreeMap::new(), changed: BTreeSet::new() }
    }
}

impl<T> Unit<T> {
    pub fn loaded(rows: impl IntoIterator<Item = (i64, T)>) -> Self {
        Unit { rows: rows.into_iter().collect(), changed: BTreeSet::new() }
    }

    pub fn get(&self, id: i64) -> Option<&T> {
        self.rows.get(&id)
    }

    pub fn put(&mut self, id: i64, row: T) {
        self.rows.insert(id, row);
        self.changed.insert(id);
    }

    /// The rows to store.
    pub fn changed(&self) -> impl Iterator<Item = (i64, &T)> {
        self.changed.iter().filter_map(|id| Some((*id, self.rows.get(id)?)))
    }
}
