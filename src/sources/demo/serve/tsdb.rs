//! The world's history as plain text, one line per instant: what a tool needs
//! that writes it into a Prometheus. Must not know the format of its blocks.

use std::collections::HashMap;
use std::io::{self, Write};

use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::demo::world::DemoPlatform;

/// So much is held in memory at once.
const CHUNK: Millis = Millis::from_hours(12);

impl DemoPlatform {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::sources::demo::tests::{hours, world};

    #[test]
    fn the_text_holds_the_whole_history_in_order_of_time() {
        let world = world(1);
        let period = hours(&world, 18, 44);
        let mut text = Vec::new();
        world.write_history(period, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();

        let (mut declared, mut written, mut last) = (BTreeMap::new(), BTreeMap::<&str, (usize, usize)>::new(), 0);
        for line in text.lines() {
            if let Some((id, series)) = line.strip_prefix("S ").and_then(|rest| rest.split_once(' ')) {
                assert!(declared.insert(id, series).is_none());
                continue;
            }
            let mut words = line.strip_prefix("T ").unwrap().split(' ');
            let at: i64 = words.next().unwrap().parse().unwrap();
            assert!(at > last, "{line}");
            last = at;
            for word in words {
                let (id, value) = word.split_once('=').unwrap();
                let count = written.entry(declared[id]).or_default();
                if value == "NaN" { count.1 += 1 } else { count.0 += 1 }
            }
        }
        let history = world.history(period);
        assert_eq!(written.len(), history.len());
        let count = |of: fn(&(usize, usize)) -> usize| -> usize { written.values().map(of).sum() };
        let samples: usize = history.iter().map(|s| s.samples.len()).sum();
        let stale: usize = history.iter().map(|s| s.stale.len()).sum();
        assert_eq!((count(|c| c.0), count(|c| c.1)), (samples, stale));
        assert!(stale > 1_000);
        assert!(text.contains("probe_success{instance=\"shop.example.com\", job=\"blackbox\"}"));
    }
}
