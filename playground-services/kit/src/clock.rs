//! Time as a service sees it: microseconds since its sandbox was created.

use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Handed to everything that needs the time, so that no decision reads a clock of its own.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Clock {
    /// When the sandbox was created, in microseconds since 1970.
    epoch_us: u64,
    /// How many seconds of its pass in one: 1, but for tests that have no minute to wait.
    rate: u32,
}

impl Clock {
    pub fn new(epoch_us: u64, rate: u32) -> Self {
        Clock { epoch_us, rate: rate.max(1) }
    }

    /// A clock that starts now.
    pub fn starting_now() -> Self {
        Clock::new(unix_us(), 1)
    }

    /// Microseconds since the sandbox was created.
    pub fn now_us(&self) -> u64 {
        unix_us().saturating_sub(self.epoch_us).saturating_mul(self.rate.into())
    }

    /// Now, as RFC 3339 in UTC, as CloudEvents 1.0 §3.1 wants `time`.
    pub fn rfc3339(&self) -> String {
        humantime::format_rfc3339_micros(SystemTime::now()).to_string()
    }

    /// When the sandbox was created, in seconds since 1970.
    pub fn epoch_s(&self) -> i64 {
        i64::try_from(self.epoch_us / 1_000_000).unwrap_or(i64::MAX)
    }

    /// A moment in microseconds since the sandbox was created, or before it, as RFC 3339 in UTC, in
    /// whole seconds.
    pub fn rfc3339_at(&self, at_us: i64) -> String {
        let unix_us = i64::try_from(self.epoch_us).unwrap_or(i64::MAX).saturating_add(at_us);
        let since = Duration::from_secs((unix_us.max(0).unsigned_abs() / 1_000_000).min(LAST_SECOND));
        humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string()
    }

    /// The other way round; `None` for what is no RFC 3339 in UTC.
    pub fn parse(&self, text: &str) -> Option<i64> {
        let since = humantime::parse_rfc3339(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_micros()).ok()?.checked_sub(i64::try_from(self.epoch_us).ok()?)
    }

    /// Until a moment, in microseconds since the sandbox was created. Returns at once when it is past.
    pub async fn sleep_until(&self, at_us: u64) {
        let wait = at_us.saturating_sub(self.now_us());
        if wait > 0 {
            tokio::time::sleep(Duration::from_micros(wait.div_ceil(self.rate.into()))).await;
        }
    }
}

/// The end of the year 9999, the last that can be written so.
const LAST_SECOND: u64 = 253_402_300_799;

fn unix_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_and_read_as_the_same_second() {
        let clock = Clock::new(1_795_974_109_500_000, 1);
        assert_eq!(clock.rfc3339_at(0), "2026-11-29T17:41:49Z");
        assert_eq!(clock.rfc3339_at(-500_000 - 60_000_000), "2026-11-29T17:40:49Z");
        assert_eq!(clock.parse("2026-11-29T17:41:50Z"), Some(500_000));
        assert_eq!(clock.parse("2026-11-29 at noon"), None);
        assert_eq!(clock.rfc3339_at(i64::MAX), "9999-12-31T23:59:59Z");
    }
}
