//! What a load comes to, measured by who sends it: second by second, with every answer's time
//! counted from when its request was planned. A request that could not be sent in time because
//! those before it were slow is slow itself (no coordinated omission).

use hdrhistogram::Histogram;
use protocol::{Name, Observation, TERRARIUM, Uuid};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Three significant digits, from a microsecond to a minute.
const DIGITS: u8 = 3;
const LONGEST_US: u64 = 60_000_000;
/// When posts were written is remembered of so many.
const WRITTEN: usize = 20_000;

/// Measures while a load runs that reads.
#[derive(Default)]
pub struct Meter(Mutex<Option<Readings>>);

struct Readings {
    reads: Tally,
    writes: Tally,
    /// Commands under way, and when each was planned.
    planned: HashMap<Uuid, u64>,
    /// When posts were known to be written, by number.
    written: BTreeMap<i64, u64>,
    newest: i64,
}

/// A second of one kind of request.
struct Tally {
    latency: Histogram<u64>,
    errors: u64,
    /// By how much the answers lagged behind what was written.
    lag: Histogram<u64>,
    stale: u64,
}

impl Default for Tally {
    fn default() -> Self {
        let histogram = || Histogram::new_with_bounds(1, LONGEST_US, DIGITS).expect("1, a minute, 3 digits fit");
        Tally { latency: histogram(), errors: 0, lag: histogram(), stale: 0 }
    }
}

impl Tally {
    fn answered(&mut self, took_us: u64, is_error: bool) {
        self.latency.saturating_record(took_us.max(1));
        self.errors += u64::from(is_error);
    }

    fn window(self, to: &Name, method: &str, rate: u32) -> Observation {
        Observation::Window {
            edge: format!("{TERRARIUM}->{to}").into(),
            method: method.into(),
            rate,
            count: self.latency.len(),
            errors: self.errors,
            p50_us: self.latency.value_at_quantile(0.5),
            p99_us: self.latency.value_at_quantile(0.99),
            lag_us: self.lag.value_at_quantile(0.99),
            stale: self.stale,
        }
    }
}

impl Meter {
    /// From now on. What was measured before is forgotten.
    pub fn begin(&self) {
        let (reads, writes) = (Tally::default(), Tally::default());
        let (planned, written) = (HashMap::new(), BTreeMap::new());
        *self.guard() = Some(Readings { reads, writes, planned, written, newest: 0 });
    }

    pub fn end(&self) {
        *self.guard() = None;
    }

    /// A command is sent. Times are microseconds since the sandbox was created.
    pub fn write(&self, id: Uuid, planned_us: u64) {
        if let Some(readings) = &mut *self.guard() {
            readings.planned.insert(id, planned_us);
        }
    }

    /// A command was answered, for good; `post` gives the number of what it wrote. Nobody asks for it
    /// while nothing is measured.
    pub fn written(&self, id: &Uuid, post: impl FnOnce() -> Option<i64>, now_us: u64) {
        let mut guard = self.guard();
        let Some(readings) = &mut *guard else { return };
        let post = post();
        if let Some(planned_us) = readings.planned.remove(id) {
            readings.writes.answered(now_us.saturating_sub(planned_us), post.is_none());
        }
        if let Some(post) = post {
            readings.newest = readings.newest.max(post);
            readings.written.insert(post, now_us);
            if readings.written.len() > WRITTEN {
                readings.written.pop_first();
            }
        }
    }

    /// The number of the newest post known to be written.
    pub fn newest(&self) -> i64 {
        self.guard().as_ref().map_or(0, |readings| readings.newest)
    }

    /// A read was answered. `expected`: the newest post when it was asked for; `position`: the
    /// newest that the answer has, or none at all.
    pub fn read(&self, planned_us: u64, expected: i64, position: Option<i64>, now_us: u64) {
        let mut guard = self.guard();
        let Some(readings) = &mut *guard else { return };
        readings.reads.answered(now_us.saturating_sub(planned_us), position.is_none());
        let Some(position) = position else { return };
        let missing = if position < expected { readings.written.range(position + 1..).next() } else { None };
        let lag_us = missing.map_or(0, |(_, written_us)| now_us.saturating_sub(*written_us));
        readings.reads.lag.saturating_record(lag_us);
        readings.reads.stale += u64::from(position < expected);
    }

    /// What was measured since the last call: of reads, then of writes, each with the rate that
    /// was planned.
    pub fn windows(&self, reads: (&Name, u32), writes: (&Name, u32)) -> Vec<Observation> {
        let mut guard = self.guard();
        let Some(readings) = &mut *guard else { return vec![] };
        vec![
            std::mem::take(&mut readings.reads).window(reads.0, "GET", reads.1),
            std::mem::take(&mut readings.writes).window(writes.0, "POST", writes.1),
        ]
    }

    fn guard(&self) -> MutexGuard<'_, Option<Readings>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter() -> Meter {
        let meter = Meter::default();
        meter.begin();
        meter
    }

    /// Count, errors, p50, p99, lag and stale of the reads, then count and errors of the writes.
    fn measured(meter: &Meter) -> ([u64; 6], [u64; 2]) {
        let windows = meter.windows((&"timeline".into(), 100), (&"feed".into(), 10));
        let [reads, writes] = &windows[..] else { panic!("{windows:?}") };
        let figures = |window: &Observation| match window {
            Observation::Window { count, errors, p50_us, p99_us, lag_us, stale, .. } => {
                [*count, *errors, *p50_us, *p99_us, *lag_us, *stale]
            }
            other => panic!("{other:?}"),
        };
        let [count, errors, ..] = figures(writes);
        (figures(reads), [count, errors])
    }

    #[test]
    fn an_answer_counts_from_when_its_request_was_planned() {
        let meter = meter();
        for n in 1..=100 {
            meter.read(1_000, 0, Some(0), 1_000 + n * 10);
        }
        let ([count, errors, p50, p99, ..], _) = measured(&meter);
        assert_eq!((count, errors, p50, p99), (100, 0, 500, 990));
        assert_eq!(measured(&meter).0[0], 0, "the next second begins with nothing");
    }

    #[test]
    fn a_read_that_lacks_a_post_is_stale_by_the_age_of_the_oldest_it_lacks() {
        let meter = meter();
        for (post, at) in [(1, 100), (2, 200), (3, 300)] {
            meter.written(&Uuid::nil(), || Some(post), at);
        }
        assert_eq!(meter.newest(), 3);
        meter.read(400, 3, Some(1), 500);
        // Written only after it was asked for: nobody could have expected it.
        meter.read(400, 1, Some(1), 500);
        let ([.., lag, stale], _) = measured(&meter);
        assert_eq!((lag, stale), (300, 1));
    }

    #[test]
    fn what_is_refused_or_lost_is_an_error_with_its_time() {
        let meter = meter();
        let (done, refused) = (Uuid::from_u128(1), Uuid::from_u128(2));
        meter.write(done, 0);
        meter.write(refused, 0);
        meter.written(&done, || Some(1), 10);
        meter.written(&refused, || None, 10);
        meter.read(0, 0, None, 5_000_000);
        let ([count, errors, _, p99, ..], writes) = measured(&meter);
        assert_eq!((count, errors, writes), (1, 1, [2, 1]));
        assert!((4_990_000..5_010_000).contains(&p99), "{p99}");
    }

    #[test]
    fn without_a_load_nothing_is_measured() {
        let meter = Meter::default();
        meter.written(&Uuid::nil(), || Some(1), 5);
        assert!(meter.windows((&"a".into(), 1), (&"b".into(), 1)).is_empty() && meter.newest() == 0);
    }
}
