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

    /// Until a moment, in microseconds since the sandbox was created. Returns at once when it is past.
    pub async fn sleep_until(&self, at_us: u64) {
        let wait = at_us.saturating_sub(self.now_us());
        if wait > 0 {
            tokio::time::sleep(Duration::from_micros(wait.div_ceil(self.rate.into()))).await;
        }
    }
}

fn unix_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
