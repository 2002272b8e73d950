//! Requests: how many a pod should get up to any instant, and how they divide
//! into kinds. All in closed form, so that no instant depends on another being
//! asked first. Must not know pods, disturbances or metrics.

use super::chance::Key;
use crate::model::time::Timestamp;

/// The upper bounds of the latency histogram in seconds; `+Inf` follows.
pub(crate) const BOUNDS: [f64; 5] = [0.05, 0.1, 0.3, 1.0, 2.5];
/// The bounds as Prometheus 3 writes them.
pub(crate) const BOUND_TEXTS: [&str; 6] = ["0.05", "0.1", "0.3", "1.0", "2.5", "+Inf"];
/// The first bucket whose requests take longer than 300 ms.
const SLOW_FROM_BUCKET: usize = 3;

pub(crate) const BUCKET_COUNT: usize = BOUND_TEXTS.len();

/// The children of the request counter: method and status code.
pub(crate) const CHILDREN: [(&str, &str); 7] =
    [("GET", "200"), ("POST", "201"), ("GET", "404"), ("GET", "500"), ("GET", "503"), ("POST", "500"), ("POST", "503")];

/// A kind of request: all that a metric can tell apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    /// An index of `CHILDREN`.
    pub child: usize,
    /// The bucket that it falls into, an index of `BOUND_TEXTS`.
    pub bucket: usize,
    /// What each of them takes.
    pub seconds: f64,
}

pub(crate) const CELL_COUNT: usize = 12;

pub(crate) const CELLS: [Cell; CELL_COUNT] = [
    cell(0, 0, 0.03),
    cell(0, 1, 0.07),
    cell(0, 2, 0.18),
    cell(0, 3, 0.55),
    cell(0, 4, 1.6),
    cell(1, 2, 0.2),
    cell(1, 3, 0.6),
    cell(2, 0, 0.02),
    cell(3, 1, 0.08),
    cell(4, 0, 0.01),
    cell(5, 2, 0.25),
    cell(6, 5, 10.0),
];

const fn cell(child: usize, bucket: usize, seconds: f64) -> Cell {
    Cell { child, bucket, seconds }
}

impl Cell {
    pub fn method(&self) -> &'static str {
        CHILDREN.get(self.child).map_or("", |c| c.0)
    }

    pub fn code(&self) -> &'static str {
        CHILDREN.get(self.child).map_or("", |c| c.1)
    }

    pub fn is_error(&self) -> bool {
        self.code().starts_with('5')
    }

    pub fn is_slow(&self) -> bool {
        self.bucket >= SLOW_FROM_BUCKET
    }
}

/// Which shares of the requests go wrong, each 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mix {
    pub error_ratio: f64,
    /// Answered well, but after more than 300 ms.
    pub slow_ratio: f64,
    pub not_found_ratio: f64,
}

pub(crate) type Shares = [f64; CELL_COUNT];

impl Mix {
    /// The share of each cell; together 1.
    pub fn shares(&self) -> Shares {
        let Mix { error_ratio: error, slow_ratio: slow, not_found_ratio: missing } = *self;
        let fast = (1.0 - error - slow - missing).max(0.0);
        [
            fast * 0.40,
            fast * 0.30,
            fast * 0.15,
            slow * 0.60,
            slow * 0.15,
            fast * 0.15,
            slow * 0.25,
            missing,
            error * 0.35,
            error * 0.30,
            error * 0.25,
            error * 0.10,
        ]
    }
}

/// How traffic swings over the week, hour by hour in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// Busy in the evening, quiet at night and a little less at weekends.
    Daily,
    /// One peak at 02:00, nothing at other times.
    Nightly,
}

const HOURS_PER_WEEK: usize = 168;
const HOUR_MS: f64 = 3_600_000.0;
/// 1970-01-01 was a Thursday: this many hours after a Monday.
const EPOCH_WEEK_HOURS: f64 = 72.0;

const HOURS_OF_DAY: [f64; 24] = [
    0.20, 0.16, 0.14, 0.13, 0.14, 0.17, 0.25, 0.37, 0.50, 0.62, 0.72, 0.80, 0.88, 0.86, 0.82, 0.80, 0.82, 0.88, 0.96,
    1.00, 0.94, 0.76, 0.52, 0.32,
];
const DAYS_OF_WEEK: [f64; 7] = [0.97, 0.95, 0.96, 0.98, 1.00, 0.85, 0.78];

impl Rhythm {
    fn weight(self, hour_of_week: usize) -> f64 {
        let (day, hour) = (hour_of_week / 24 % 7, hour_of_week % 24);
        match self {
            Rhythm::Daily => {
                HOURS_OF_DAY.get(hour).copied().unwrap_or(0.0) * DAYS_OF_WEEK.get(day).copied().unwrap_or(0.0)
            }
            Rhythm::Nightly => f64::from(u8::from(hour == 2)),
        }
    }
}

/// The weights at the full hours of a week, straight lines between them, and
/// their integral.
#[derive(Clone, Debug)]
pub(crate) struct Week {
    /// At each full hour: the weight, the rise to the next one, and the
    /// integral since Monday in peak hours.
    hours: Vec<(f64, f64, f64)>,
    whole: f64,
}

impl Week {
    pub fn new(rhythm: Rhythm) -> Week {
        let mut whole = 0.0;
        let hours = (0..HOURS_PER_WEEK)
            .map(|h| {
                let (weight, next) = (rhythm.weight(h), rhythm.weight((h + 1) % HOURS_PER_WEEK));
                let before = whole;
                whole += (weight + next) / 2.0;
                (weight, next - weight, before)
            })
            .collect();
        Week { hours, whole }
    }

    /// Peak hours since an early Monday, at an instant in hours since 1970.
    fn peak_hours(&self, hours: f64) -> f64 {
        let since_monday = hours + EPOCH_WEEK_HOURS;
        let weeks = (since_monday / HOURS_PER_WEEK as f64).floor();
        let hour_of_week = since_monday - weeks * HOURS_PER_WEEK as f64;
        let full = hour_of_week.floor();
        let part = hour_of_week - full;
        let (weight, rise, before) = self.hours.get(full as usize).copied().unwrap_or((0.0, 0.0, self.whole));
        weeks * self.whole + before + weight * part + rise * part * part / 2.0
    }
}

/// Time runs a little fast and slow, which makes traffic swing: scale in
/// milliseconds, and by how much of itself the rate may stray. Their sum stays
/// below 1, so that time never runs backwards.
const WAVES: [(f64, f64); 3] = [(6.0 * HOUR_MS, 0.10), (HOUR_MS / 6.0, 0.12), (HOUR_MS / 60.0, 0.25)];

/// The load of one pod slot: requests that should have come since long ago.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    peak_per_hour: f64,
    /// One per wave; the slow ones are shared by all pods of a service.
    waves: [Key; 3],
}

impl Load {
    pub fn new(peak_per_second: f64, service: Key, slot: Key) -> Load {
        Load {
            peak_per_hour: peak_per_second * 3_600.0,
            waves: [service.word("hours"), service.word("minutes"), slot.word("minute")],
        }
    }

    /// Expected requests up to `at`; never falls.
    pub fn expected(&self, week: &Week, at: Timestamp) -> f64 {
        let ms = at.millis() as f64;
        let mut bent = ms;
        for ((scale, amplitude), key) in WAVES.iter().zip(&self.waves) {
            let step = (ms / scale).floor();
            let (here, next) = (key.at(step as i64).unit(), key.at(step as i64 + 1).unit());
            bent += amplitude * scale * (here + (next - here) * (ms / scale - step));
        }
        self.peak_per_hour * week.peak_hours(bent / HOUR_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Millis;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn rate(load: &Load, week: &Week, from: &str, minutes: i64) -> f64 {
        let start = at(from);
        let end = start + Millis::from_mins(minutes);
        (load.expected(week, end) - load.expected(week, start)) / (minutes as f64 * 60.0)
    }

    #[test]
    fn shares_add_up_to_one() {
        let mix = Mix { error_ratio: 0.4, slow_ratio: 0.05, not_found_ratio: 0.01 };
        assert!((mix.shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let errors: f64 = mix.shares().iter().zip(CELLS).filter(|(_, c)| c.is_error()).map(|(s, _)| s).sum();
        assert!((errors - 0.4).abs() < 1e-12);
    }

    #[test]
    fn evenings_are_busy_and_nights_are_quiet() {
        let week = Week::new(Rhythm::Daily);
        let load = Load::new(100.0, Key::new(1), Key::new(2));
        let evening = rate(&load, &week, "2026-11-20T18:30:00Z", 60); // a Friday
        let night = rate(&load, &week, "2026-11-20T03:00:00Z", 60);
        assert!((80.0..115.0).contains(&evening), "{evening}");
        assert!((9.0..22.0).contains(&night), "{night}");
    }

    #[test]
    fn the_nightly_job_runs_from_one_to_three() {
        let week = Week::new(Rhythm::Nightly);
        let load = Load::new(100.0, Key::new(1), Key::new(2));
        assert_eq!(rate(&load, &week, "2026-11-20T06:00:00Z", 600), 0.0);
        assert!(rate(&load, &week, "2026-11-20T01:30:00Z", 60) > 50.0);
    }

    #[test]
    fn load_never_falls_and_has_no_seam_between_weeks() {
        let week = Week::new(Rhythm::Daily);
        let load = Load::new(50.0, Key::new(3), Key::new(4));
        let start = at("2026-11-22T22:00:00Z");
        let mut before = load.expected(&week, start);
        for second in 1..14_400 {
            let now = load.expected(&week, start + Millis::from_secs(second));
            assert!(now >= before && now - before < 40.0, "second {second}: {}", now - before);
            before = now;
        }
    }
}
