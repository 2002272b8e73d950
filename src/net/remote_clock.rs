//! The clock of the other side, as its answers say: the header `Date`, and what has
//! passed since by a clock that nobody sets.

use std::time::Instant;

use reqwest::header::{AGE, DATE, HeaderMap};

use super::refusal::header_text;
use crate::model::time::{Millis, Timestamp};

/// `Date` is cut to seconds.
const HALF_A_SECOND: Millis = Millis(500);

/// A moment of the other side's clock, and of the clock that nobody sets.
#[derive(Clone, Copy, Debug)]
pub struct RemoteClock {
    said: Timestamp,
    heard: Instant,
}

impl RemoteClock {
    /// `None` without a date, and for an answer that a cache kept.
    pub(super) fn of(headers: &HeaderMap, heard: Instant) -> Option<RemoteClock> {
        if headers.contains_key(AGE) {
            return None;
        }
        let date = chrono::DateTime::parse_from_rfc2822(header_text(headers, &DATE)?).ok()?;
        Some(RemoteClock { said: Timestamp::from_millis(date.timestamp_millis()) + HALF_A_SECOND, heard })
    }

    /// What that clock shows now. While this machine is suspended nothing passes here.
    pub fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    fn at(&self, instant: Instant) -> Timestamp {
        self.said + Millis(instant.saturating_duration_since(self.heard).as_millis() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(reqwest::header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), reqwest::header::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn the_other_clock_goes_on_from_its_last_answer() {
        let heard = Instant::now();
        let clock = RemoteClock::of(&headers(&[(DATE, "Wed, 01 Jul 2026 10:00:07 GMT")]), heard).unwrap();
        assert_eq!(clock.at(heard).rfc3339(), "2026-07-01T10:00:07.500Z");
        let later = heard + std::time::Duration::from_secs(90);
        assert_eq!(clock.at(later).rfc3339(), "2026-07-01T10:01:37.500Z");
    }

    #[test]
    fn a_kept_answer_and_an_odd_date_say_nothing() {
        let heard = Instant::now();
        let date = (DATE, "Wed, 01 Jul 2026 10:00:07 GMT");
        assert!(RemoteClock::of(&headers(&[date, (AGE, "30")]), heard).is_none());
        assert!(RemoteClock::of(&headers(&[(DATE, "yesterday")]), heard).is_none());
        assert!(RemoteClock::of(&headers(&[]), heard).is_none());
    }
}
