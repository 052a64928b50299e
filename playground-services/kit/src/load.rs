//! A steady load, in an open loop: every command has its planned time from the start on, and is
//! sent then whatever became of those before.
//!
//! A loop that waits for an answer, or plans the next command from when it sent the last, slows
//! down together with what it drives and so never sees it slow (coordinated omission). This one
//! does not: when it is late it sends what it missed, and skips none.

use crate::Clock;
use std::num::NonZeroU32;
use std::ops::ControlFlow;

/// Commands sent in one go. After a halt (a laptop that slept) many are due at once: they follow
/// without delay, but between two bursts others have their turn, above all whoever stops the load.
pub const BURST: u64 = 64;

/// What is due when. Times are microseconds, as the [`Clock`] gives them.
#[derive(Clone, Debug)]
pub struct Schedule {
    start_us: u64,
    /// Commands a second.
    rate: NonZeroU32,
    sent: u64,
}

impl Schedule {
    /// The first command is due at `start_us`.
    pub fn new(start_us: u64, rate: NonZeroU32) -> Self {
        Schedule { start_us, rate, sent: 0 }
    }

    /// How many commands to send now, at most [`BURST`]. They count as sent.
    pub fn take_due(&mut self, now_us: u64) -> u64 {
        let due = self.planned_by(now_us).saturating_sub(self.sent).min(BURST);
        self.sent += due;
        due
    }

    /// When the next command is due; in the past when this is late.
    pub fn next_at(&self) -> u64 {
        self.planned_at(self.sent)
    }

    /// When the `n`th command is due, from 0.
    fn planned_at(&self, n: u64) -> u64 {
        let after = (u128::from(n) * SECOND).div_ceil(u128::from(self.rate.get()));
        self.start_us.saturating_add(u64::try_from(after).unwrap_or(u64::MAX))
    }

    /// Commands whose time has come by then. Counted from the start, so that nothing adds up:
    /// neither roundings nor delays.
    fn planned_by(&self, now_us: u64) -> u64 {
        let Some(since) = now_us.checked_sub(self.start_us) else { return 0 };
        let whole = u128::from(since) * u128::from(self.rate.get()) / SECOND;
        u64::try_from(whole).unwrap_or(u64::MAX).saturating_add(1)
    }
}

const SECOND: u128 = 1_000_000;

/// Calls `send` once for each command, from now on, until it breaks off, with the time for which it
/// was planned, in microseconds since the sandbox was created. `send` must not wait for what becomes
/// of the command. Cancel safe.
pub async fn run<B>(clock: Clock, rate: NonZeroU32, mut send: impl FnMut(u64) -> ControlFlow<B>) -> B {
    let mut schedule = Schedule::new(clock.now_us(), rate);
    loop {
        let first = schedule.sent;
        let due = schedule.take_due(clock.now_us());
        for n in first..first + due {
            if let ControlFlow::Break(why) = send(schedule.planned_at(n)) {
                return why;
            }
        }
        if due == BURST {
            tokio::task::yield_now().await;
        } else {
            clock.sleep_until(schedule.next_at()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(rate: u32) -> Schedule {
        Schedule::new(1_000, NonZeroU32::new(rate).expect("at least 1"))
    }

    #[test]
    fn each_command_is_due_at_its_planned_time_and_not_before() {
        let mut schedule = schedule(50);
        assert_eq!((schedule.take_due(999), schedule.next_at()), (0, 1_000));
        assert_eq!((schedule.take_due(1_000), schedule.next_at()), (1, 21_000));
        assert_eq!(schedule.take_due(20_999), 0);
        assert_eq!((schedule.take_due(21_000), schedule.next_at()), (1, 41_000));
    }

    #[test]
    fn a_rate_that_does_not_divide_a_second_keeps_its_count() {
        for rate in [1, 3, 7, 200, 999] {
            let (mut schedule, mut now, mut sent) = (schedule(rate), 1_000, 0);
            while now < 1_000 + 3_600_000_000 {
                sent += schedule.take_due(now);
                assert!(schedule.next_at() > now, "it would not sleep");
                now = schedule.next_at();
            }
            assert_eq!(sent, 3600 * u64::from(rate), "in an hour at {rate} a second");
        }
    }

    #[test]
    fn one_that_is_late_sends_what_it_missed_and_is_on_time_again() {
        let mut schedule = schedule(100);
        schedule.take_due(1_000);
        // Two seconds nobody had time for it: it does not begin anew, it catches up.
        let (now, mut caught_up) = (2_001_000, vec![]);
        while schedule.next_at() <= now {
            caught_up.push(schedule.take_due(now));
        }
        assert_eq!(caught_up.iter().sum::<u64>(), 200);
        assert!(caught_up.iter().all(|burst| *burst <= BURST), "{caught_up:?}");
        assert_eq!(schedule.next_at(), 2_011_000, "as it was planned from the start");
    }

    #[tokio::test]
    async fn the_loop_sends_until_it_is_told_to_stop() {
        let (mut sent, mut last, clock) = (0, 0, Clock::starting_now());
        let why = run(clock, NonZeroU32::new(1_000_000).expect("at least 1"), |planned_us| {
            assert!(sent == 0 || planned_us == last + 1, "each at its own time, however late it is");
            last = planned_us;
            sent += 1;
            if sent == 500 { ControlFlow::Break("enough") } else { ControlFlow::Continue(()) }
        });
        assert_eq!(why.await, "enough");
        assert_eq!(sent, 500);
    }
}
