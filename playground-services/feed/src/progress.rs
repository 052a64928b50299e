//! How far a read model has come. Posts are numbered without a gap, but they need not come in
//! order: one may overtake another, or be with another replica. The position is the number up to
//! which nothing is missing, for that is what a reader can rely on.

use std::collections::BTreeSet;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    position: i64,
    /// What is there beyond the first gap.
    ahead: BTreeSet<i64>,
}

impl Progress {
    pub fn new(position: i64, ahead: impl IntoIterator<Item = i64>) -> Self {
        Progress { position, ahead: ahead.into_iter().collect() }
    }

    /// Every post up to this number is there.
    pub fn position(&self) -> i64 {
        self.position
    }

    pub fn has(&self, post_id: i64) -> bool {
        post_id <= self.position || self.ahead.contains(&post_id)
    }

    /// This post is there from now on.
    pub fn put(&mut self, post_id: i64) {
        if post_id > self.position {
            self.ahead.insert(post_id);
        }
        while self.ahead.remove(&(self.position + 1)) {
            self.position += 1;
        }
    }

    pub fn ahead(&self) -> impl Iterator<Item = i64> {
        self.ahead.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(posts: &[i64]) -> Progress {
        let mut progress = Progress::default();
        posts.iter().for_each(|post| progress.put(*post));
        progress
    }

    #[test]
    fn in_order_each_post_is_the_position() {
        assert_eq!(after(&[1, 2, 3]), Progress::new(3, []));
    }

    #[test]
    fn behind_a_gap_it_waits_for_what_is_missing() {
        assert_eq!(after(&[1, 3, 4]), Progress::new(1, [3, 4]));
        assert_eq!(after(&[1, 3, 4, 2]), Progress::new(4, []));
    }

    #[test]
    fn what_comes_again_changes_nothing() {
        assert_eq!(after(&[1, 2, 1, 2, 4, 4]), Progress::new(2, [4]));
        assert!(after(&[1, 3]).has(3) && after(&[1, 3]).has(1) && !after(&[1, 3]).has(2));
    }
}
