//! The only place that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::time::{Millis, Timestamp};

/// Where `now` comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    System,
    /// A clock that goes faster than life from a fixed beginning.
    Fast {
        origin: Timestamp,
        started: tokio::time::Instant,
        speed: u32,
    },
}

impl Clock {
    /// A clock that shows the present and goes `speed` times as fast.
    pub fn fast(speed: u32) -> Clock {
        if speed <= 1 {
            return Clock::System;
        }
        Clock::Fast { origin: Clock::System.now(), started: tokio::time::Instant::now(), speed }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(since.as_millis() as i64)
            }
            Clock::Fast { origin, started, speed } => {
                *origin + Millis(started.elapsed().as_millis() as i64 * i64::from(*speed))
            }
        }
    }

    /// How long to wait in life for a length of this clock's time.
    pub fn wait(&self, length: Millis) -> std::time::Duration {
        match self {
            Clock::System => length.to_std(),
            Clock::Fast { speed, .. } => length.to_std() / *speed,
        }
    }

    pub async fn sleep(&self, length: Millis) {
        tokio::time::sleep(self.wait(length)).await;
    }

    /// Sleeps until an instant of this clock.
    pub async fn sleep_until(&self, at: Timestamp) {
        self.sleep(at - self.now()).await;
    }
}
