//! How long things took lately: what an operator asks first of a source, a task or
//! an answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// Percentiles are those of the last one to two of these: long enough for some
/// rounds of every task, short enough to show what is so now.
const SPAN: Duration = Duration::from_secs(600);

/// Percentiles are exact to one hundredth.
const DIGITS: u8 = 2;

/// Durations of one kind. Shared by all clones.
#[derive(Clone, Debug)]
pub struct Latency(Arc<Mutex<Spans>>);

/// Microseconds, of the span that runs and of the one before it.
#[derive(Debug)]
struct Spans {
    began: Instant,
    current: Option<Histogram<u32>>,
    before: Option<Histogram<u32>>,
    count: u64,
    sum: Duration,
}

/// What the durations were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatencyFigures {
    /// How many there were since the process started.
    pub count: u64,
    /// All of them together, in seconds.
    pub sum_seconds: f64,
    /// Of the last ten to twenty minutes; `None` when nothing happened in them.
    pub recent: Option<Percentiles>,
}

/// In seconds, exact to 1 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

impl Default for Latency {
    fn default() -> Self {
        let spans = Spans { began: Instant::now(), current: None, before: None, count: 0, sum: Duration::ZERO };
        Latency(Arc::new(Mutex::new(spans)))
    }
}

impl Latency {
    /// Notes that something took so long, and is over now.
    pub fn note(&self, took: Duration) {
        self.note_at(Instant::now(), took);
    }

    pub fn figures(&self) -> LatencyFigures {
        self.figures_at(Instant::now())
    }

    fn note_at(&self, now: Instant, took: Duration) {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.turn(now);
        spans.count += 1;
        spans.sum += took;
        if spans.current.is_none() {
            spans.current = Histogram::new(DIGITS).ok();
        }
        if let Some(current) = &mut spans.current {
            current.auto(true);
            // It grows as far as memory goes; what is too long for that is left out.
            let _ = current.record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
    }

    fn figures_at(&self, now: Instant) -> LatencyFigures {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spans.turn(now);
        let mut all: Option<Histogram<u32>> = Histogram::new(DIGITS).ok();
        if let Some(all) = &mut all {
            all.auto(true);
            for part in spans.current.iter().chain(&spans.before) {
                // Both have the same precision, and the sum grows as needed.
                let _ = all.add(part);
            }
        }
        let seconds = |micros: u64| micros as f64 / 1e6;
        let recent = all.filter(|all| !all.is_empty()).map(|all| Percentiles {
            p50: seconds(all.value_at_quantile(0.5)),
            p90: seconds(all.value_at_quantile(0.9)),
            p99: seconds(all.value_at_quantile(0.99)),
            max: seconds(all.max()),
        });
        LatencyFigures { count: spans.count, sum_seconds: spans.sum.as_secs_f64(), recent }
    }
}

impl Spans {
    /// Begins a new span where the running one is over.
    fn turn(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.began);
        if age < SPAN {
            return;
        }
        let last = self.current.take();
        self.before = if age < SPAN * 2 { last } else { None };
        self.began = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_last_minutes() {
        let latency = Latency::default();
        let began = latency.0.lock().unwrap().began;
        assert_eq!(latency.figures(), LatencyFigures::default());
        for ms in 1..=100 {
            latency.note_at(began, Duration::from_millis(ms));
        }
        let figures = latency.figures_at(began);
        let recent = figures.recent.unwrap();
        let expected = [(recent.p50, 0.05), (recent.p90, 0.09), (recent.p99, 0.099), (recent.max, 0.1)];
        assert!(expected.iter().all(|(is, should)| (is / should - 1.0).abs() < 0.01), "{recent:?}");
        assert_eq!(figures.count, 100);
        assert!((figures.sum_seconds - 5.05).abs() < 1e-9);

        // A span later they still count, after another one no more.
        latency.note_at(began + SPAN, Duration::from_secs(7_200));
        let later = latency.figures_at(began + SPAN).recent.unwrap();
        assert!((later.p50 / 0.051 - 1.0).abs() < 0.02 && (later.max / 7_200.0 - 1.0).abs() < 0.01, "{later:?}");
        let last = latency.figures_at(began + SPAN * 2).recent.unwrap();
        assert!((last.p50 / 7_200.0 - 1.0).abs() < 0.01, "{last:?}");
        let idle = latency.figures_at(began + SPAN * 5);
        assert_eq!((idle.count, idle.recent), (101, None));
    }
}
