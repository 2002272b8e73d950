//! What every answer of the API is wrapped in, and which of its warnings mean
//! that the data is not whole.

use serde::{Deserialize, Deserializer};

use crate::ingest::raw::{Bucket, Histogram, RawSeries, Sample};
use crate::model::time::Timestamp;
use crate::net::error::{HttpError, shown};
use crate::sources::prometheus::json::{JsonLabels, Number, Point, Points, SeriesList};

/// Data that is whole, with what the source remarked.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    pub data: T,
    /// Remarks of the query engine: hints about the query, not about the data.
    pub warnings: Vec<String>,
    /// The samples that are native histograms; a series may have both kinds.
    pub histograms: Vec<RawSeries<Histogram>>,
}

impl<T> Answer<T> {
    pub(in crate::sources) fn new(data: T) -> Self {
        Answer { data, warnings: Vec::new(), histograms: Vec::new() }
    }

    pub(super) fn map<U>(self, f: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { data: f(self.data), warnings: self.warnings, histograms: self.histograms }
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct Envelope<T> {
    status: String,
    data: Option<T>,
    #[serde(rename = "errorType")]
    error_type: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<String>>,
    infos: Option<Vec<String>>,
    /// VictoriaMetrics: some nodes did not answer.
    #[serde(rename = "isPartial")]
    is_partial: Option<bool>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
pub(super) struct QueryData<S> {
    #[serde(rename = "resultType")]
    pub result_type: String,
    pub result: SeriesList<S>,
}

#[derive(Deserialize)]
pub(super) struct MatrixSeries {
    pub metric: JsonLabels,
    #[serde(default)]
    pub values: Points,
    #[serde(default)]
    pub histograms: Vec<HistogramPoint>,
}

#[derive(Deserialize)]
pub(super) struct VectorSeries {
    pub metric: JsonLabels,
    /// Absent for a native histogram.
    pub value: Option<Point>,
    pub histogram: Option<HistogramPoint>,
}

/// `[1700000000.123, {"count": "5", "sum": "4.5", "buckets": [[0, "0.5", "1", "5"]]}]`.
pub(super) struct HistogramPoint(pub Sample<Histogram>);

impl<'de> Deserialize<'de> for HistogramPoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Value {
            count: Number,
            /// Which bounds are inclusive, the bounds, and the events. Only
            /// populated buckets are there.
            #[serde(default)]
            buckets: Vec<(u8, Number, Number, Number)>,
        }
        let (seconds, value) = <(f64, Value)>::deserialize(deserializer)?;
        let at = Timestamp::from_secs_f64(seconds)
            .ok_or_else(|| serde::de::Error::custom("a sample's time is out of range"))?;
        let bucket = |(_, Number(low), Number(high), Number(count))| Bucket { low, high, count };
        let buckets = value.buckets.into_iter().map(bucket).collect();
        Ok(HistogramPoint(Sample { at, value: Histogram { count: value.count.0, buckets } }))
    }
}

/// How a hint of the query engine begins. It says that a query is odd, for
/// example that a name does not look like a counter's; the data is whole.
/// Whatever else stands in `warnings` comes from a store that could not be read.
const HINTS: [&str; 2] = ["PromQL info:", "PromQL warning:"];

impl<T> Envelope<T> {
    pub(super) fn open(self, url: &str) -> Result<Answer<T>, HttpError> {
        let url = url.to_owned();
        if self.status != "success" {
            let kind = shown(&self.error_type.unwrap_or_default());
            let message = shown(&self.error.unwrap_or_else(|| "no reason given".to_owned()));
            return Err(HttpError::Refused { url, status: 200, kind, message });
        }
        let (hints, mut losses): (Vec<String>, Vec<String>) =
            self.warnings.unwrap_or_default().into_iter().partition(|w| HINTS.iter().any(|h| w.starts_with(h)));
        if self.is_partial == Some(true) {
            losses.push("isPartial: some storage nodes did not answer".to_owned());
        }
        if !losses.is_empty() {
            return Err(HttpError::Partial { url, warnings: losses.iter().map(|w| shown(w)).collect() });
        }
        let data = self.data.ok_or_else(|| HttpError::BadResponse { url, reason: "it has no data".to_owned() })?;
        let warnings = hints.into_iter().chain(self.infos.unwrap_or_default()).map(|w| shown(&w)).collect();
        Ok(Answer { warnings, ..Answer::new(data) })
    }
}
