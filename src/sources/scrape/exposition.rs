//! Reads the Prometheus text format (0.0.4 and 1.0.0) and OpenMetrics 1.0 text:
//! our own parser, because this is the hot path and a sample that is read wrongly
//! is an event that is counted wrongly. Borrows from the body wherever the text
//! has no escapes, holds no state between lines but the family, never recurses.
//! Must not know targets, HTTP or what the samples are for.
//!
//! Strict where meaning is at stake, lenient where none is: CRLF, a missing last
//! newline, blank lines, blanks between tokens, comments of any kind, a trailing
//! comma, and exemplars in the classic format are accepted. Anything else that is
//! not in the format fails the whole body with a line number. OpenMetrics 2.0
//! and native histograms are not read; neither is ever negotiated.

mod cursor;
mod error;
mod limits;
mod line;
pub mod number;
mod sample;
#[cfg(test)]
mod tests;

pub use error::{ParseError, Reason};
pub use limits::{LABELS_PER_SAMPLE_MAX, Limits, NAME_BYTES_MAX, SAMPLES_MAX, VALUE_BYTES_MAX};
pub use sample::{ExpositionSample, Label, MetricKind, TextFormat};

use crate::model::labels::Labels;
use crate::model::time::Timestamp;

/// Reads a body and hands each sample to `sink`, in the order of the body.
/// When it returns an error, what `sink` got must be thrown away: a scrape is
/// good as a whole or not at all.
pub fn parse(
    body: &[u8],
    format: TextFormat,
    limits: &Limits,
    mut sink: impl FnMut(&ExpositionSample<'_>),
) -> Result<(), ParseError> {
    let text = std::str::from_utf8(body).map_err(|e| ParseError::at(body, e.valid_up_to(), Reason::NotUtf8))?;
    let mut lines = line::Lines::new(text, format, limits);
    lines.run(&mut sink).map_err(|reason| ParseError::at(body, lines.offset(), reason))
}

/// One sample, owned.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedSample {
    /// With the name in `__name__`.
    pub labels: Labels,
    pub value: f64,
    pub timestamp: Option<Timestamp>,
}

/// Reads the samples whose metric name is wanted, sorted by labels and time.
///
/// The same series twice at the same time is kept once if both values are equal
/// to the bit, and else fails the body. (Prometheus keeps the first with a
/// warning; but the order in a body may change from scrape to scrape, and a
/// counter that alternates between two values looks like endless resets.)
pub fn collect(
    body: &[u8],
    format: TextFormat,
    limits: &Limits,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<OwnedSample>, ParseError> {
    let mut found: Vec<(OwnedSample, usize)> = Vec::new();
    parse(body, format, limits, |s| {
        if wanted(s.name) {
            found.push((OwnedSample { labels: s.to_labels(), value: s.value, timestamp: s.timestamp }, s.offset));
        }
    })?;
    found.sort_by(|(a, _), (b, _)| (&a.labels, a.timestamp).cmp(&(&b.labels, b.timestamp)));
    let mut samples: Vec<OwnedSample> = Vec::with_capacity(found.len());
    for (sample, offset) in found {
        match samples.last() {
            Some(last) if last.labels == sample.labels && last.timestamp == sample.timestamp => {
                if last.value.to_bits() != sample.value.to_bits() {
                    return Err(ParseError::at(body, offset, Reason::Conflict(sample.labels)));
                }
            }
            _ => samples.push(sample),
        }
    }
    Ok(samples)
}
