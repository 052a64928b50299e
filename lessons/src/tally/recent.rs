use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// So many are remembered: more than can be under way in a lesson.
const MOST: usize = 8192;

/// The latest of a growing kind of thing, by key.
#[derive(Clone, Debug)]
pub struct Recent<K, V> {
    values: HashMap<K, V>,
    oldest_first: VecDeque<K>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Recent { values: HashMap::new(), oldest_first: VecDeque::new() }
    }
}

impl<K: Copy + Eq + Hash, V: Default> Recent<K, V> {
    pub fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key)
    }

    pub fn entry(&mut self, key: K) -> &mut V {
        if !self.values.contains_key(&key) {
            if self.oldest_first.len() >= MOST
                && let Some(oldest) = self.oldest_first.pop_front()
            {
                self.values.remove(&oldest);
            }
            self.oldest_first.push_back(key);
        }
        self.values.entry(key).or_default()
    }
}
