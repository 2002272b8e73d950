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
mod line;
pub mod number;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use crate::model::labels::{Labels, NAME};
use crate::model::time::Timestamp;

/// Which of the two text formats a body is in. They differ in timestamps and in
/// how the end is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/plain`: timestamps in milliseconds, ends where the body ends.
    Classic,
    /// `application/openmetrics-text`: timestamps in seconds, ends with `# EOF`.
    OpenMetrics,
}

impl Format {
    /// From a `Content-Type` header. None at all means classic, as exporters that
    /// are served from plain files have it; `None` is a type that is not ours.
    pub fn from_content_type(header: Option<&str>) -> Option<Format> {
        let media = header.unwrap_or("text/plain").split(';').next().unwrap_or("").trim();
        if media.eq_ignore_ascii_case("application/openmetrics-text") {
            Some(Format::OpenMetrics)
        } else if media.is_empty() || media.eq_ignore_ascii_case("text/plain") {
            Some(Format::Classic)
        } else {
            None
        }
    }
}

/// What one body may hold. A target that passes a limit fails as a whole: half a
/// scrape would look like counters that vanished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub samples: usize,
    pub labels_per_sample: usize,
    pub name_bytes: usize,
    pub value_bytes: usize,
}

/// The largest well-known exporters (kube-state-metrics of a big cluster) give
/// some hundred thousand; beyond a million a target is broken or hostile.
pub const SAMPLES_MAX: usize = 1_000_000;
/// Pods with all their Kubernetes labels come close to a hundred.
pub const LABELS_PER_SAMPLE_MAX: usize = 128;
/// Twice what Mimir accepts by default for metric names.
pub const NAME_BYTES_MAX: usize = 2_048;
/// Long enough for any path or statement that somebody puts in a label.
pub const VALUE_BYTES_MAX: usize = 16_384;

impl Default for Limits {
    fn default() -> Self {
        Limits {
            samples: SAMPLES_MAX,
            labels_per_sample: LABELS_PER_SAMPLE_MAX,
            name_bytes: NAME_BYTES_MAX,
            value_bytes: VALUE_BYTES_MAX,
        }
    }
}

/// What `# TYPE` says of a family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
    GaugeHistogram,
    Summary,
    Info,
    StateSet,
    /// Not said, or said to be `untyped` or `unknown`.
    #[default]
    Unknown,
}

impl MetricKind {
    fn from_word(word: &str) -> Option<MetricKind> {
        Some(match word {
            "counter" => MetricKind::Counter,
            "gauge" => MetricKind::Gauge,
            "histogram" => MetricKind::Histogram,
            "gaugehistogram" => MetricKind::GaugeHistogram,
            "summary" => MetricKind::Summary,
            "info" => MetricKind::Info,
            "stateset" => MetricKind::StateSet,
            "unknown" | "untyped" => MetricKind::Unknown,
            _ => return None,
        })
    }

    /// What a family's name is followed by in the names of its samples.
    fn suffixes(self) -> &'static [&'static str] {
        match self {
            MetricKind::Counter => &["_total", "_created"],
            MetricKind::Histogram => &["_bucket", "_sum", "_count", "_created"],
            MetricKind::GaugeHistogram => &["_bucket", "_gsum", "_gcount"],
            MetricKind::Summary => &["_sum", "_count", "_created"],
            MetricKind::Info => &["_info"],
            MetricKind::Gauge | MetricKind::StateSet | MetricKind::Unknown => &[],
        }
    }
}

/// One label as it stands in the body; owned only where it had escapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label<'a> {
    pub name: Cow<'a, str>,
    /// An empty value means the same as no label.
    pub value: Cow<'a, str>,
}

/// One sample line. Lives as long as the call that hands it over.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The name of the series, suffix included.
    pub name: &'a str,
    /// In the order of the body, each name once.
    pub labels: &'a [Label<'a>],
    pub value: f64,
    pub timestamp: Option<Timestamp>,
    pub kind: MetricKind,
    /// What `# UNIT` says of the family; empty if nothing.
    pub unit: &'a str,
    /// Where its line begins in the body, in bytes.
    pub offset: usize,
}

impl Sample<'_> {
    /// The labels with the name in `__name__`; empty values left out.
    pub fn to_labels(&self) -> Labels {
        let pairs = self.labels.iter().map(|l| (l.name.as_ref(), l.value.as_ref()));
        std::iter::once((NAME, self.name)).chain(pairs).collect()
    }
}

/// Why a body was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    pub reason: Reason,
}

impl ParseError {
    fn at(body: &[u8], offset: usize, reason: Reason) -> ParseError {
        let before = body.get(..offset).unwrap_or(body);
        ParseError { line: memchr::memchr_iter(b'\n', before).count() + 1, reason }
    }

    /// Whether a limit was passed, rather than the format broken.
    pub fn is_limit(&self) -> bool {
        matches!(self.reason, Reason::TooMany { .. } | Reason::TooLong { .. })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another character was expected; `None` is the end of the line.
    Expected {
        what: &'static str,
        found: Option<char>,
    },
    NotUtf8,
    /// A number that is no number, or one too large to be one.
    Number,
    Timestamp,
    UnknownType(String),
    /// `m{"n"}`: a second name.
    SecondName,
    MissingName,
    DuplicateLabel(String),
    /// One series twice with different values: which one counts cannot be known.
    Conflict(Labels),
    MissingEof,
    AfterEof,
    TooMany {
        what: &'static str,
        max: usize,
    },
    TooLong {
        what: &'static str,
        max_bytes: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Expected { what, found: Some(c) } => write!(f, "expected {what}, found {c:?}"),
            Reason::Expected { what, found: None } => write!(f, "expected {what}, found the end of the line"),
            Reason::NotUtf8 => f.write_str("the text is not valid UTF-8"),
            Reason::Number => f.write_str("the value is not a number that a 64-bit float can hold"),
            Reason::Timestamp => f.write_str("the timestamp is not a number of milliseconds (OpenMetrics: seconds)"),
            Reason::UnknownType(word) => write!(f, "{word:?} is not a metric type"),
            Reason::SecondName => f.write_str("the metric has a second name"),
            Reason::MissingName => f.write_str("the metric has no name"),
            Reason::DuplicateLabel(name) => write!(f, "label {name:?} stands twice"),
            Reason::Conflict(labels) => write!(f, "series {labels} stands twice with different values"),
            Reason::MissingEof => f.write_str("the text ends without `# EOF`: it was cut short"),
            Reason::AfterEof => f.write_str("text follows after `# EOF`"),
            Reason::TooMany { what, max } => write!(f, "more than {max} {what}"),
            Reason::TooLong { what, max_bytes } => write!(f, "a {what} longer than {max_bytes} bytes"),
        }
    }
}

/// Reads a body and hands each sample to `sink`, in the order of the body.
/// When it returns an error, what `sink` got must be thrown away: a scrape is
/// good as a whole or not at all.
pub fn parse(
    body: &[u8],
    format: Format,
    limits: &Limits,
    mut sink: impl FnMut(&Sample<'_>),
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
    format: Format,
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
