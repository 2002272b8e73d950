//! Instants, lengths of time and periods. Milliseconds since the Unix epoch
//! inside; RFC 3339 UTC outside. Nothing here reads a clock.

pub mod asked_month;
pub mod periods;
pub mod window;

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// Milliseconds in one slot: a tile counts the events of one minute.
pub const SLOT_MS: i64 = 60_000;
/// Milliseconds in one UTC day, the unit in which sealed tiles are stored.
pub const DAY_MS: i64 = 86_400_000;
/// Slots in one UTC day.
pub const SLOTS_PER_DAY: usize = 1_440;

/// An instant: milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const MIN: Timestamp = Timestamp(i64::MIN / 4);
    pub const MAX: Timestamp = Timestamp(i64::MAX / 4);

    pub const fn from_millis(ms: i64) -> Self {
        Timestamp(ms)
    }

    /// From Unix seconds as Prometheus writes them, rounded to the millisecond.
    /// `None` for NaN, infinities and instants outside years -200000..200000.
    pub fn from_secs_f64(secs: f64) -> Option<Self> {
        let ms = (secs * 1000.0).round();
        (ms.is_finite() && ms.abs() < 6.0e15).then_some(Timestamp(ms as i64))
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    pub fn secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The start of the slot whose half-open span `(start, start + 1 min]`
    /// holds this instant. A scrape at 10:01:00.000 saw what happened before
    /// it, so it belongs to the slot that starts at 10:00.
    pub fn slot_of_sample(self) -> Timestamp {
        Timestamp((self.0 - 1).div_euclid(SLOT_MS) * SLOT_MS)
    }

    /// The start of the slot `[start, start + 1 min)` that holds this instant.
    pub fn floor_slot(self) -> Timestamp {
        Timestamp(self.0.div_euclid(SLOT_MS) * SLOT_MS)
    }

    /// The first slot boundary at or after this instant.
    pub fn ceil_slot(self) -> Timestamp {
        Timestamp(-((-self.0).div_euclid(SLOT_MS)) * SLOT_MS)
    }

    /// The number of the UTC day since the epoch.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    pub fn day_start(day: i64) -> Timestamp {
        Timestamp(day * DAY_MS)
    }

    /// Which slot of its UTC day, 0..1440.
    pub fn slot_of_day(self) -> usize {
        (self.0.rem_euclid(DAY_MS) / SLOT_MS) as usize
    }

    /// RFC 3339 in UTC with milliseconds, `2026-07-01T00:00:00.000Z`.
    pub fn rfc3339(self) -> String {
        match chrono::DateTime::from_timestamp_millis(self.0) {
            Some(t) => t.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            None => format!("{} ms since the epoch", self.0),
        }
    }

    /// Reads RFC 3339, or Unix seconds with an optional fraction.
    pub fn parse(text: &str) -> Result<Timestamp, TimeError> {
        if let Ok(t) = chrono::DateTime::parse_from_rfc3339(text) {
            return Ok(Timestamp(t.timestamp_millis()));
        }
        text.parse::<f64>().ok().and_then(Timestamp::from_secs_f64).ok_or_else(|| TimeError::Instant(text.to_owned()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Add<Millis> for Timestamp {
    type Output = Timestamp;
    fn add(self, by: Millis) -> Timestamp {
        Timestamp(self.0.saturating_add(by.0))
    }
}

impl Sub<Millis> for Timestamp {
    type Output = Timestamp;
    fn sub(self, by: Millis) -> Timestamp {
        Timestamp(self.0.saturating_sub(by.0))
    }
}

impl Sub for Timestamp {
    type Output = Millis;
    fn sub(self, other: Timestamp) -> Millis {
        Millis(self.0.saturating_sub(other.0))
    }
}

/// A length of time in milliseconds. Written with the units `ms s m h d w`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

const UNITS: [(&str, i64); 6] =
    [("w", 7 * DAY_MS), ("d", DAY_MS), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Millis {
    pub const fn from_secs(s: i64) -> Self {
        Millis(s * 1_000)
    }

    pub const fn from_mins(m: i64) -> Self {
        Millis(m * 60_000)
    }

    pub const fn from_hours(h: i64) -> Self {
        Millis(h * 3_600_000)
    }

    pub const fn from_days(d: i64) -> Self {
        Millis(d * DAY_MS)
    }

    pub fn secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// For timers; negative lengths become zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.max(0) as u64)
    }

    /// The text with one unit, the largest that divides it: `30d`, `90m`, `5m`.
    /// Weeks are not used: `28d` reads better than `4w`.
    pub fn compact(self) -> String {
        for (unit, ms) in UNITS.iter().skip(1) {
            if self.0 != 0 && self.0 % ms == 0 {
                return format!("{}{unit}", self.0 / ms);
            }
        }
        "0s".to_owned()
    }

    /// The text that people read: `2h 5m`, `40s`, `3d 4h`; the two largest units.
    pub fn human(self) -> String {
        let mut rest = self.0.abs();
        if rest < 1_000 {
            return format!("{}ms", self.0);
        }
        let mut parts = Vec::new();
        for (unit, ms) in UNITS.iter().skip(1).take(4) {
            if rest >= *ms && parts.len() < 2 {
                parts.push(format!("{}{unit}", rest / ms));
                rest %= ms;
            } else if !parts.is_empty() {
                break;
            }
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}{}", parts.join(" "))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.compact())
    }
}

impl FromStr for Millis {
    type Err = TimeError;

    /// Reads `300ms`, `5m`, `1h30m`, `30d`, `2w`; units from large to small.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let err = || TimeError::Length(text.to_owned());
        let mut rest = text;
        let mut total: i64 = 0;
        let mut largest = i64::MAX;
        if rest.is_empty() {
            return Err(err());
        }
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_lowercase()).len();
            let (unit, tail) = tail.split_at(letters);
            let ms = UNITS.iter().find(|(u, _)| *u == unit).map(|(_, ms)| *ms).ok_or_else(err)?;
            if ms >= largest {
                return Err(err());
            }
            largest = ms;
            let n: i64 = number.parse().map_err(|_| err())?;
            total = n.checked_mul(ms).and_then(|v| total.checked_add(v)).ok_or_else(err)?;
            rest = tail;
        }
        Ok(Millis(total))
    }
}

/// Text that is no instant or no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    #[error("`{0}` is not a duration; write a number with a unit of ms, s, m, h, d or w, for example `5m` or `30d`")]
    Length(String),
    #[error("`{0}` is not a time; write RFC 3339, for example `2026-07-01T00:00:00Z`, or Unix seconds")]
    Instant(String),
    #[error("`{0}` is not a month; write year and month, for example `2026-07`")]
    Month(String),
}

/// A concrete stretch of time `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Period {
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Period { start, end: end.max(start) }
    }

    pub fn length(self) -> Millis {
        self.end - self.start
    }

    pub fn contains(self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    pub fn intersect(self, other: Period) -> Period {
        let start = self.start.max(other.start);
        Period::new(start, self.end.min(other.end))
    }

    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// The UTC days that this period touches.
    pub fn days(self) -> std::ops::RangeInclusive<i64> {
        if self.is_empty() {
            #[expect(clippy::reversed_empty_ranges, reason = "an empty period touches no day")]
            return 1..=0;
        }
        self.start.day()..=(self.end - Millis(1)).day()
    }
}

/// One hour, the unit of folding.
pub const HOUR_MS: i64 = 3_600_000;

/// The number of the hour since the epoch.
pub fn hour_of(at: Timestamp) -> i64 {
    at.millis().div_euclid(HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_write() {
        for (text, ms) in
            [("300ms", 300), ("5m", 300_000), ("1h30m", 5_400_000), ("30d", 30 * DAY_MS), ("2w", 14 * DAY_MS)]
        {
            assert_eq!(text.parse::<Millis>(), Ok(Millis(ms)), "{text}");
        }
        for text in ["", "5", "m", "5x", "1m1h", "-5m", "5m ", "99999999999999999d", "1.5h"] {
            assert!(text.parse::<Millis>().is_err(), "{text}");
        }
        assert_eq!(Millis::from_days(30).compact(), "30d");
        assert_eq!(Millis::from_mins(90).compact(), "90m");
        assert_eq!(Millis::from_mins(125).human(), "2h 5m");
        assert_eq!(Millis::from_secs(40).human(), "40s");
        assert_eq!(Millis(DAY_MS + 5_000).human(), "1d");
    }

    #[test]
    fn a_sample_on_the_boundary_belongs_to_the_slot_before() {
        assert_eq!(Timestamp::from_millis(120_000).slot_of_sample().millis(), 60_000);
        assert_eq!(Timestamp::from_millis(120_001).slot_of_sample().millis(), 120_000);
        assert_eq!(Timestamp::from_millis(-1).floor_slot().millis(), -60_000);
        assert_eq!(Timestamp::from_millis(1).ceil_slot().millis(), 60_000);
    }

    #[test]
    fn instants_read_both_ways() {
        let t = Timestamp::parse("2026-07-01T02:00:00+02:00").unwrap();
        assert_eq!(t.rfc3339(), "2026-07-01T00:00:00.000Z");
        assert_eq!(Timestamp::parse("1.5").unwrap().millis(), 1_500);
        assert!(Timestamp::parse("NaN").is_err());
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn a_period_knows_its_days() {
        let p = Period::new(Timestamp::from_millis(DAY_MS - 1), Timestamp::from_millis(2 * DAY_MS));
        assert_eq!(p.days().collect::<Vec<_>>(), vec![0, 1]);
        assert_eq!(Period::new(p.start, p.start).days().count(), 0);
    }
}
