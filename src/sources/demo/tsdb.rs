//! The world's history as plain text, one line per instant: what a tool needs
//! that writes it into a Prometheus. Must not know the format of its blocks.

use std::collections::HashMap;
use std::io::{self, Write};

use super::world::World;
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Period, Timestamp};

/// So much is held in memory at once.
const CHUNK: Millis = Millis::from_hours(12);

impl World {
    /// Writes all samples and stale markers of `start < t <= end` in order of
    /// time: `S <id> <name>{label="value"}` declares a series,
    /// `T <unix_ms> <id>=<value> ...` is one instant, and `NaN` a stale marker.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_history(&self, period: Period, out: &mut impl Write) -> io::Result<()> {
        let mut ids: HashMap<Labels, usize> = HashMap::new();
        let mut start = period.start;
        while start < period.end {
            let end = period.end.min(start + CHUNK);
            let mut rows: Vec<(Timestamp, usize, f64)> = Vec::new();
            for series in self.history(Period::new(start, end)) {
                let next = ids.len();
                let id = *ids.entry(series.labels.clone()).or_insert(next);
                if id == next {
                    let name = series.labels.get(NAME).unwrap_or("");
                    writeln!(out, "S {id} {name}{}", series.labels.without(&[NAME]))?;
                }
                rows.extend(series.samples.iter().map(|s| (s.at, id, s.value)));
                rows.extend(series.stale.iter().map(|at| (*at, id, f64::NAN)));
            }
            rows.sort_unstable_by_key(|(at, id, _)| (*at, *id));
            for instant in rows.chunk_by(|a, b| a.0 == b.0) {
                write!(out, "T {}", instant.first().map_or(0, |row| row.0.millis()))?;
                for (_, id, value) in instant {
                    write!(out, " {id}={value}")?;
                }
                writeln!(out)?;
            }
            start = end;
        }
        Ok(())
    }
}
