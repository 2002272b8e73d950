//! The page that Prometheus scrapes: which format it wants, and the writing of
//! single families. Must not know which metrics there are.

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::requests::HttpRequests;
use super::{Kind, Metric, daemon, incidents, slos};
use crate::publish::answers::Answers;

const OPENMETRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A text format of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Classic,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The format that an `Accept` header likes best; classic when it likes
    /// both as much, or says nothing.
    pub fn negotiate(accept: &str) -> Format {
        let best = |wanted: &str| accept.split(',').filter_map(|range| quality_of(range, wanted)).fold(0.0, f64::max);
        let classic = best("text/plain").max(best("text/*")).max(best("*/*"));
        if best("application/openmetrics-text") > classic { Format::OpenMetrics } else { Format::Classic }
    }

    fn content_type(self) -> &'static str {
        match self {
            Format::Classic => prometheus_text::CONTENT_TYPE,
            Format::OpenMetrics => OPENMETRICS_TYPE,
        }
    }
}

/// The quality that one range of an `Accept` header gives a media type, if it
/// names it.
fn quality_of(range: &str, wanted: &str) -> Option<f64> {
    let mut parts = range.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(wanted) {
        return None;
    }
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some(quality.map_or(1.0, |text| text.trim().parse().unwrap_or(0.0)))
}

/// All metrics, as text.
#[utoipa::path(
    get, path = "/metrics", tag = "Operations",
    responses((status = 200, body = String, content_type = "text/plain", description = "Prometheus text 0.0.4, or OpenMetrics 1.0.0 when asked for"))
)]
pub(crate) async fn scrape(State(exposition): State<Exposition>, headers: HeaderMap) -> Response {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let format = Format::negotiate(&accepts.collect::<Vec<_>>().join(","));
    // The page of many SLOs takes some tens of milliseconds to write.
    match tokio::task::spawn_blocking(move || exposition.page(format)).await {
        Ok(Ok(page)) => ([(header::CONTENT_TYPE, format.content_type())], page).into_response(),
        failed => {
            tracing::error!(?failed, "the metrics page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Writes the page from the latest answers.
#[derive(Clone)]
pub struct Exposition {
    registry: Arc<Registry>,
}

impl Exposition {
    pub(crate) fn new(answers: Arc<dyn Answers>, requests: HttpRequests) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Everything { answers, requests }));
        Exposition { registry: Arc::new(registry) }
    }

    /// The page of a process that serves no HTTP.
    pub fn of(answers: Arc<dyn Answers>) -> Self {
        Exposition::new(answers, HttpRequests::default())
    }

    pub fn page(&self, format: Format) -> Result<String, fmt::Error> {
        let mut page = String::new();
        match format {
            Format::Classic => prometheus_text::encode(&mut page, &self.registry)?,
            Format::OpenMetrics => text::encode(&mut page, &self.registry)?,
        }
        Ok(page)
    }
}

struct Everything {
    answers: Arc<dyn Answers>,
    requests: HttpRequests,
}

impl fmt::Debug for Everything {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Everything")
    }
}

impl Collector for Everything {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        let snapshot = self.answers.snapshot();
        slos::write(&mut page, &snapshot)?;
        incidents::write(&mut page, &snapshot)?;
        daemon::write(&mut page, &snapshot, &self.answers.status())?;
        self.requests.write(&mut page)
    }
}

/// The labels of a metric that has none.
pub(super) const NO_LABELS: [(&str, &str); 0] = [];

/// Writes families; one without a single known value is left out whole.
pub(super) struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    /// Names, help and type of a family.
    fn describe(&mut self, metric: &Metric, write: impl FnOnce(MetricEncoder<'_>) -> fmt::Result) -> fmt::Result {
        let unit = (!metric.unit.is_empty()).then(|| Unit::Other(metric.unit.to_owned()));
        write(self.0.encode_descriptor(family_name(metric), metric.help, unit.as_ref(), metric_type(metric.kind))?)
    }

    /// Gauges. What is unknown, or not a number, is left out.
    pub fn gauges<L: EncodeLabelSet>(
        &mut self,
        metric: &Metric,
        samples: impl IntoIterator<Item = (L, Option<f64>)>,
    ) -> fmt::Result {
        let known = samples.into_iter().filter_map(|(labels, value)| Some((labels, value.filter(|v| v.is_finite())?)));
        self.family(metric, known, |encoder, (labels, value)| {
            encoder.encode_family(&labels)?.encode_gauge(&value)
        })
    }

    pub fn counters<L: EncodeLabelSet>(
        &mut self,
        metric: &Metric,
        samples: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        self.family(metric, samples, |encoder, (labels, value)| {
            encoder.encode_family(&labels)?.encode_counter::<NoLabelSet, u64, f64>(&value, None)
        })
    }

    pub fn infos<L: EncodeLabelSet>(&mut self, metric: &Metric, samples: impl IntoIterator<Item = L>) -> fmt::Result {
        self.family(metric, samples, |encoder, labels| encoder.encode_info(&labels))
    }

    /// One histogram; `buckets` are upper bounds with the values in each alone.
    pub fn histogram(&mut self, metric: &Metric, sum: f64, count: u64, buckets: &[(f64, u64)]) -> fmt::Result {
        self.describe(metric, |mut encoder| encoder.encode_histogram::<NoLabelSet>(sum, count, buckets, None))
    }

    /// A metric that counts by itself.
    pub fn metric(&mut self, metric: &Metric, values: &impl EncodeMetric) -> fmt::Result {
        self.describe(metric, |encoder| values.encode(encoder))
    }

    fn family<T>(
        &mut self,
        metric: &Metric,
        samples: impl IntoIterator<Item = T>,
        write: impl Fn(&mut MetricEncoder<'_>, T) -> fmt::Result,
    ) -> fmt::Result {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        self.describe(metric, |mut encoder| samples.try_for_each(|sample| write(&mut encoder, sample)))
    }
}

/// The name without the unit and the suffix that the encoder adds.
fn family_name(metric: &Metric) -> &str {
    let name = metric.name;
    let name = match metric.kind {
        Kind::Counter => name.strip_suffix("_total").unwrap_or(name),
        Kind::Info => name.strip_suffix("_info").unwrap_or(name),
        Kind::Gauge | Kind::Histogram => name,
    };
    name.strip_suffix(metric.unit).and_then(|name| name.strip_suffix('_')).unwrap_or(name)
}

fn metric_type(kind: Kind) -> MetricType {
    match kind {
        Kind::Gauge => MetricType::Gauge,
        Kind::Counter => MetricType::Counter,
        Kind::Histogram => MetricType::Histogram,
        Kind::Info => MetricType::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_gets_openmetrics_and_people_get_text() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                          application/openmetrics-text;version=0.0.1;q=0.5,\
                          text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        assert_eq!(Format::negotiate(prometheus), Format::OpenMetrics);
        for accept in [
            "",
            "*/*",
            "text/plain",
            "text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.1",
            "application/openmetrics-text;q=0, */*",
            "application/openmetrics-text; q=none",
            "text/html,application/xhtml+xml,*/*;q=0.8",
        ] {
            assert_eq!(Format::negotiate(accept), Format::Classic, "{accept}");
        }
        assert_eq!(Format::negotiate("application/openmetrics-text"), Format::OpenMetrics);
    }

    #[test]
    fn the_encoder_makes_the_whole_name_again() {
        for metric in super::super::ALL {
            let family = family_name(metric);
            let unit = if metric.unit.is_empty() { String::new() } else { format!("_{}", metric.unit) };
            let suffix = match metric.kind {
                Kind::Counter => "_total",
                Kind::Info => "_info",
                Kind::Gauge | Kind::Histogram => "",
            };
            assert_eq!(format!("{family}{unit}{suffix}"), metric.name);
        }
    }
}
