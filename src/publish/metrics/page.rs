//! Writes the families of a page in both text formats. Label text is escaped
//! once and copied, because a page of 10,000 SLOs has a quarter of a million
//! lines. Must not know which metrics there are.

use std::fmt::{Display, Write as _};

use super::{Kind, Metric};
use crate::model::latency::LatencyFigures;

/// A text format of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpositionFormat {
    /// Prometheus text 0.0.4.
    Classic,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

/// `name="value",...` with the values escaped: what many lines share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LabelText(String);

pub(super) static NO_LABELS: LabelText = LabelText(String::new());

/// The labels of one line: what it shares with others, and what is its own.
pub(super) type Labels<'a, const N: usize> = (&'a LabelText, [(&'a str, &'a str); N]);

impl LabelText {
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut text = String::new();
        for (name, value) in pairs {
            if !text.is_empty() {
                text.push(',');
            }
            push_label(&mut text, name, value);
        }
        LabelText(text)
    }
}

fn push_label(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str("=\"");
    if value.bytes().any(|b| matches!(b, b'\\' | b'"' | b'\n')) {
        text.push_str(&value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
    } else {
        text.push_str(value);
    }
    text.push('"');
}

/// The page so far.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    format: ExpositionFormat,
}

impl Page {
    pub fn new(format: ExpositionFormat) -> Self {
        Page { text: String::new(), format }
    }

    pub fn format(&self) -> ExpositionFormat {
        self.format
    }

    /// Lets another writer add whole families.
    pub fn text_mut(&mut self) -> &mut String {
        &mut self.text
    }

    pub fn finish(mut self) -> String {
        if self.format == ExpositionFormat::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    /// Gauges. What is unknown, or not a number, is left out.
    pub fn gauges<'a, const N: usize>(
        &mut self,
        metric: &Metric,
        samples: impl IntoIterator<Item = (Labels<'a, N>, Option<f64>)>,
    ) {
        let known = samples.into_iter().filter_map(|(labels, value)| Some((labels, value.filter(|v| v.is_finite())?)));
        self.family(metric, known);
    }

    /// A gauge without labels.
    pub fn gauge(&mut self, metric: &Metric, value: Option<f64>) {
        self.gauges(metric, [((&NO_LABELS, []), value)]);
    }

    pub fn counters<'a, const N: usize>(
        &mut self,
        metric: &Metric,
        samples: impl IntoIterator<Item = (Labels<'a, N>, u64)>,
    ) {
        self.family(metric, samples);
    }

    /// Summaries of what has a label of its own. What nobody measured is left out;
    /// percentiles are, too, where nothing happened of late.
    pub fn summaries<'a>(
        &mut self,
        metric: &Metric,
        samples: impl IntoIterator<Item = ((&'a str, &'a str), LatencyFigures)>,
    ) {
        let mut described = false;
        for (label, figures) in samples.into_iter().filter(|(_, figures)| figures.count > 0) {
            if !described {
                self.describe(metric);
                described = true;
            }
            let recent = figures.recent.into_iter();
            for (quantile, value) in recent.flat_map(|r| [("0.5", r.p50), ("0.9", r.p90), ("0.99", r.p99)]) {
                self.sample(metric.name, "", (&NO_LABELS, [label, ("quantile", quantile)]), value);
            }
            self.sample(metric.name, "_sum", (&NO_LABELS, [label]), figures.sum_seconds);
            self.sample(metric.name, "_count", (&NO_LABELS, [label]), figures.count);
        }
    }

    pub fn infos(&mut self, metric: &Metric, samples: impl IntoIterator<Item = LabelText>) {
        let samples: Vec<LabelText> = samples.into_iter().collect();
        self.family(metric, samples.iter().map(|labels| ((labels, []), 1)));
    }

    /// A family without a single sample is left out whole.
    fn family<'a, const N: usize, V: Display>(
        &mut self,
        metric: &Metric,
        samples: impl IntoIterator<Item = (Labels<'a, N>, V)>,
    ) {
        let mut described = false;
        samples.into_iter().for_each(|(labels, value)| {
            if !described {
                self.describe(metric);
                described = true;
            }
            self.sample(metric.name, "", labels, value);
        });
    }

    fn describe(&mut self, metric: &Metric) {
        let (name, kind) = match self.format {
            ExpositionFormat::Classic if metric.kind == Kind::Info => (metric.name, Kind::Gauge.word()),
            ExpositionFormat::Classic => (metric.name, metric.kind.word()),
            ExpositionFormat::OpenMetrics => (family_name(metric), metric.kind.word()),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {}\n# TYPE {name} {kind}", metric.help);
        if self.format == ExpositionFormat::OpenMetrics && !metric.unit.is_empty() {
            let _ = writeln!(self.text, "# UNIT {name} {}", metric.unit);
        }
    }

    fn sample<const N: usize>(&mut self, name: &str, suffix: &str, labels: Labels<'_, N>, value: impl Display) {
        let (LabelText(shared), own) = labels;
        self.text.push_str(name);
        self.text.push_str(suffix);
        let mut open = '{';
        if !shared.is_empty() {
            self.text.push(open);
            self.text.push_str(shared);
            open = ',';
        }
        for (label, value) in own {
            self.text.push(open);
            push_label(&mut self.text, label, value);
            open = ',';
        }
        if open == ',' {
            self.text.push('}');
        }
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, " {value}");
    }
}

/// The name of a family in OpenMetrics, which its samples have a suffix to.
pub(super) fn family_name(metric: &Metric) -> &'static str {
    let name = metric.name;
    match metric.kind {
        Kind::Counter => name.strip_suffix("_total").unwrap_or(name),
        Kind::Info => name.strip_suffix("_info").unwrap_or(name),
        Kind::Gauge | Kind::Histogram | Kind::Summary => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEIGHT: Metric = Metric {
        name: "tide_height_meters",
        kind: Kind::Gauge,
        unit: "meters",
        help: "Above chart datum.",
        labels: &["port"],
    };

    fn page(format: ExpositionFormat, write: impl FnOnce(&mut Page)) -> String {
        let mut page = Page::new(format);
        write(&mut page);
        page.finish()
    }

    #[test]
    fn label_values_are_escaped() {
        let labels = LabelText::new([("a", "1"), ("b", "\"x\\\n\""), ("c", ""), ("d", "é\n")]);
        assert_eq!(labels.0, r#"a="1",b="\"x\\\n\"",c="",d="é\n""#);
    }

    #[test]
    fn what_is_unknown_is_left_out() {
        let samples = [("Cuxhaven", Some(1.5)), ("Brest", None), ("Saint-Malo", Some(f64::NAN))];
        let samples = || samples.map(|(port, v)| ((&NO_LABELS, [("port", port)]), v));
        assert_eq!(
            page(ExpositionFormat::Classic, |page| page.gauges(&HEIGHT, samples())),
            "# HELP tide_height_meters Above chart datum.\n# TYPE tide_height_meters gauge\n\
             tide_height_meters{port=\"Cuxhaven\"} 1.5\n"
        );
        assert_eq!(page(ExpositionFormat::Classic, |page| page.gauge(&HEIGHT, None)), "");
    }

    #[test]
    fn openmetrics_has_units_and_an_end() {
        assert_eq!(
            page(ExpositionFormat::OpenMetrics, |page| page.gauge(&HEIGHT, Some(2.0))),
            "# HELP tide_height_meters Above chart datum.\n# TYPE tide_height_meters gauge\n\
             # UNIT tide_height_meters meters\ntide_height_meters 2\n# EOF\n"
        );
    }
}
