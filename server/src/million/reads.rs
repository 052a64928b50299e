//! Reads of a read model while it is built, and right after: real ones, each timed.

use super::copies::Reads;
use super::storage::{self, models::Model};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// From one read to the next.
const EVERY: Duration = Duration::from_millis(1);

/// So many are remembered; a building that takes longer is judged by these.
const MOST: usize = 200_000;

/// What was measured by now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    pub meanwhile: Option<Reads>,
    pub quiet: Option<Reads>,
}

/// Somebody who reads on and on, until this is dropped.
pub struct Reading {
    seen: Arc<Mutex<Seen>>,
    stop: DropGuard,
    task: JoinHandle<sqlx::Result<()>>,
}

#[derive(Default)]
struct Seen {
    is_quiet: bool,
    meanwhile: Vec<u32>,
    quiet: Vec<u32>,
}

impl Reading {
    pub fn begin(path: PathBuf, model: Model) -> Self {
        let (seen, stop) = (Arc::<Mutex<Seen>>::default(), CancellationToken::new());
        let task = tokio::spawn(read(path, model, seen.clone(), stop.clone()));
        Reading { seen, stop: stop.drop_guard(), task }
    }

    /// From now on nothing else is under way.
    pub fn quiet_now(&self) {
        guard(&self.seen).is_quiet = true;
    }

    pub fn times(&self) -> Times {
        let seen = guard(&self.seen);
        Times { meanwhile: summed(&seen.meanwhile), quiet: summed(&seen.quiet) }
    }

    /// Ends it, and with it what it has open.
    pub async fn end(self) -> anyhow::Result<Times> {
        let times = self.times();
        drop(self.stop);
        self.task.await??;
        Ok(times)
    }
}

fn guard(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read(path: PathBuf, model: Model, seen: Arc<Mutex<Seen>>, stop: CancellationToken) -> sqlx::Result<()> {
    let mut conn = storage::look(&path).await?;
    let mut tick = tokio::time::interval(EVERY);
    let mut held = vec![];
    for number in 0.. {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            _ = tick.tick() => {}
        }
        let began = Instant::now();
        model.ask(&mut conn, number).await?;
        let took = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        // The first finds a file that is not open yet.
        if number > 0 {
            held.push(took);
        }
        // Never waited for: who sums up gives way to everybody else, with the lock in hand, too.
        if let Ok(mut seen) = seen.try_lock() {
            let times = if seen.is_quiet { &mut seen.quiet } else { &mut seen.meanwhile };
            let room = MOST.saturating_sub(times.len());
            times.extend(held.drain(..).take(room));
        }
    }
    storage::close(conn).await
}

fn summed(times: &[u32]) -> Option<Reads> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().checked_sub(1)?;
    let at = |percent: usize| sorted[last * percent / 100];
    Some(Reads { count: sorted.len() as u64, p50_us: at(50), p99_us: at(99) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_summed_as_quantiles() {
        assert_eq!(summed(&[]), None);
        let backwards: Vec<u32> = (1..=201).rev().collect();
        assert_eq!(summed(&backwards), Some(Reads { count: 201, p50_us: 101, p99_us: 199 }));
    }
}
