//! A world as OpenMetrics text with timestamps, which `promtool` turns into
//! blocks of a Prometheus. Must not know how that is done.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::model::labels::{Labels, NAME};
use crate::model::time::{Period, Timestamp};
use crate::sources::worlds::world::World;

impl World {
    /// Writes all samples of `start <= t < end`, series by series, and says
    /// whether there are any. There are no stale markers: the text has no sign for
    /// them, and `promtool` none either.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_openmetrics(&self, period: Period, out: &mut impl Write) -> io::Result<bool> {
        let mut any = false;
        let mut line = String::new();
        for series in self.all_series() {
            let name = shown(&series.labels);
            let from = series.samples.partition_point(|s| s.at < period.start);
            let to = series.samples.partition_point(|s| s.at < period.end);
            for sample in series.samples.get(from..to).unwrap_or_default() {
                any = true;
                line.clear();
                // Writing to a String cannot fail.
                let _ = writeln!(line, "{name} {} {}", sample.value, seconds(sample.at));
                out.write_all(line.as_bytes())?;
            }
        }
        out.write_all(b"# EOF\n")?;
        Ok(any)
    }
}

/// `name{label="value",...}`, without the spaces that PromQL allows.
fn shown(labels: &Labels) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .filter(|(name, _)| *name != NAME)
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    format!("{}{{{}}}", labels.get(NAME).unwrap_or(""), pairs.join(","))
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn seconds(at: Timestamp) -> String {
    format!("{}.{:03}", at.millis().div_euclid(1_000), at.millis().rem_euclid(1_000))
}
