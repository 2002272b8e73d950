//! How long to wait before a request is sent again.

use std::time::Duration;

use crate::model::time::Millis;

/// The wait after the first failure; doubled after each further one.
const FIRST: Duration = Duration::from_millis(500);
/// A system that is back gets what waits for it within this time.
const LONGEST: Duration = Duration::from_secs(15);

/// Waits that grow with each failure, up to 15 s, and differ by chance, so that
/// many clients of a system that is back do not all arrive at once.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after one more failure; at least as long as the system asks for.
    pub fn next(&mut self, retry_after: Option<Millis>) -> Duration {
        let doubled = FIRST.saturating_mul(2u32.saturating_pow(self.failures)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let part: f64 = rand::random();
        let wait = doubled.mul_f64(0.5 + part / 2.0);
        wait.max(retry_after.map(Millis::to_std).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_begin_again() {
        let mut backoff = Backoff::default();
        for longest in [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000] {
            let wait = backoff.next(None).as_millis();
            assert!((longest / 2..=longest).contains(&wait), "{wait} of {longest}");
        }
        assert_eq!(backoff.next(Some(Millis::from_secs(60))), Duration::from_secs(60));
        backoff.reset();
        assert!(backoff.next(None) <= FIRST);
        let mut long = Backoff { failures: u32::MAX };
        assert!(long.next(None) <= LONGEST);
    }
}
