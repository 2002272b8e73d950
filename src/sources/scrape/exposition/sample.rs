//! What one line of an exposition says.

use std::borrow::Cow;

use crate::model::labels::{Labels, NAME};
use crate::model::time::Timestamp;

/// Which of the two text formats a body is in. They differ in timestamps and in
/// how the end is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// `text/plain`: timestamps in milliseconds, ends where the body ends.
    Classic,
    /// `application/openmetrics-text`: timestamps in seconds, ends with `# EOF`.
    OpenMetrics,
}

impl TextFormat {
    /// From a `Content-Type` header. None at all means classic, as exporters that
    /// are served from plain files have it; `None` is a type that is not ours.
    pub fn from_content_type(header: Option<&str>) -> Option<TextFormat> {
        let media = header.unwrap_or("text/plain").split(';').next().unwrap_or("").trim();
        if media.eq_ignore_ascii_case("application/openmetrics-text") {
            Some(TextFormat::OpenMetrics)
        } else if media.is_empty() || media.eq_ignore_ascii_case("text/plain") {
            Some(TextFormat::Classic)
        } else {
            None
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
    pub(crate) fn from_word(word: &str) -> Option<MetricKind> {
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
    pub(crate) fn suffixes(self) -> &'static [&'static str] {
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
pub struct ExpositionSample<'a> {
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

impl ExpositionSample<'_> {
    /// The labels with the name in `__name__`; empty values left out.
    pub fn to_labels(&self) -> Labels {
        let pairs = self.labels.iter().map(|l| (l.name.as_ref(), l.value.as_ref()));
        std::iter::once((NAME, self.name)).chain(pairs).collect()
    }
}
