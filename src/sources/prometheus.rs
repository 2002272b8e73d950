//! Asks a Prometheus, or what speaks its HTTP API: Thanos, Mimir, VictoriaMetrics.
//! Raw samples by range selectors, so that we do the counting. An answer that a
//! source itself calls partial is an error here, never data. Must not know SLOs.

mod answer;
pub(crate) mod json;
pub mod last;
pub mod last_of_each;
pub mod memory;
mod rules;
pub mod samples;
mod split;
pub mod survey;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use rules::{ActiveAlert, AlertState, RuleHealth, ServedRule};

use serde::de::DeserializeOwned;

use self::answer::{Envelope, HistogramPoint, MatrixSeries, QueryData, VectorSeries};
use crate::ingest::raw::{Histogram, RawSeries, Sample};
use crate::model::labels::selector::{MatchOp, Matcher, Selector};
use crate::model::labels::{Labels, NAME};
use crate::model::latency::Latency;
use crate::model::time::{Millis, Period, Timestamp};
use crate::net::{Endpoint, EndpointError, Http, HttpError, RemoteClock};

/// Asked of every backend; each ignores what it does not know. VictoriaMetrics
/// must not answer from its cache or from a part of its nodes, Thanos not from a
/// part of its stores or from downsampled blocks.
const EXACT: [(&str, &str); 4] =
    [("nocache", "1"), ("deny_partial_response", "1"), ("partial_response", "false"), ("max_source_resolution", "0s")];

/// Asked of Thanos for raw samples: it makes one series of those of two replicas, and
/// where it goes from one to the other, a counter seems to fall.
const NOT_DEDUPLICATED: (&str, &str) = ("dedup", "false");

/// A client for one Prometheus. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Prometheus {
    http: Http,
}

/// Which software answers, as far as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildInfo {
    /// The version of the API that it follows; not always its own.
    pub version: String,
    /// Given by Mimir and some others.
    pub application: Option<String>,
}

impl Prometheus {
    /// `endpoint.url` is what the API's paths follow: `http://prometheus:9090`,
    /// or for VictoriaMetrics' cluster `http://vmselect:8481/select/0/prometheus`.
    pub fn new(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        Ok(Prometheus { http: Http::new(endpoint)? })
    }

    /// How long its answers took.
    pub fn latency(&self) -> Latency {
        self.http.latency()
    }

    /// The address without credentials, for messages.
    pub fn shown_url(&self) -> &str {
        self.http.shown_url()
    }

    /// The clock of the source, once it has answered anything.
    pub fn remote_clock(&self) -> Option<RemoteClock> {
        self.http.remote_clock()
    }

    /// Asks for as little as can be, to learn what its clock shows.
    pub async fn ask_clock(&self) -> Option<RemoteClock> {
        // An error has a date as well.
        let _ = self.http.get(&["api", "v1", "status", "buildinfo"], &[], "application/json").await;
        self.http.remote_clock()
    }

    /// The raw samples of a selector with `start < at <= end`.
    ///
    /// Older releases count a sample at the start of a range in, newer ones do
    /// not; here it is always left out.
    pub async fn read(&self, selector: &Selector, period: Period) -> Result<Answer<Vec<RawSeries>>, HttpError> {
        if period.is_empty() {
            return Ok(Answer::new(Vec::new()));
        }
        self.read_by_series(selector, period, 0).await
    }

    /// The same of several metrics that have the matchers in common.
    pub async fn read_metrics(
        &self,
        metrics: &[String],
        matchers: &[Matcher],
        period: Period,
    ) -> Result<Answer<Vec<RawSeries>>, HttpError> {
        let names: Vec<String> = metrics.iter().map(|name| regex::escape(name)).collect();
        let names = Matcher::new(NAME, MatchOp::Regex, names.join("|"))
            .map_err(|limit| HttpError::TooLarge { url: self.shown_url().to_owned(), limit })?;
        let matchers = matchers.iter().map(Matcher::for_source);
        let all: Vec<String> = std::iter::once(names).chain(matchers).map(|matcher| matcher.to_string()).collect();
        if period.is_empty() {
            return Ok(Answer::new(Vec::new()));
        }
        // Who asks for several asks for each alone where together they are too much.
        self.read_at_once(&format!("{{{}}}", all.join(",")), period).await
    }

    /// Evaluates a range selector, `m{a="b"}[5m]`, at an instant. Series are sorted
    /// by labels, samples by time; two different values at one instant become the
    /// mark `CONFLICTING`. Native histograms are beside the data in the answer.
    pub async fn query_matrix(&self, query: &str, at: Timestamp) -> Result<Answer<Vec<RawSeries>>, HttpError> {
        let at = seconds(at);
        let form = [("query", query), ("time", at.as_str()), NOT_DEDUPLICATED];
        let answer = self.query::<MatrixSeries>("matrix", &["query"], &form).await?;
        self.matrix(answer)
    }

    /// Evaluates an expression at an instant: one sample for each series, sorted
    /// by labels.
    pub async fn query_vector(&self, query: &str, at: Timestamp) -> Result<Answer<Vec<(Labels, Sample)>>, HttpError> {
        self.vector(&[("query", query), ("time", &seconds(at))]).await
    }

    /// The same with the series of every replica, as `read` gives them.
    pub async fn query_replicas(&self, query: &str, at: Timestamp) -> Result<Answer<Vec<(Labels, Sample)>>, HttpError> {
        self.vector(&[("query", query), ("time", &seconds(at)), NOT_DEDUPLICATED]).await
    }

    async fn vector(&self, form: &[(&str, &str)]) -> Result<Answer<Vec<(Labels, Sample)>>, HttpError> {
        let answer = self.query::<VectorSeries>("vector", &["query"], form).await?;
        let mut histograms: Vec<RawSeries<Histogram>> = Vec::new();
        let mut answer = answer.map(|all| {
            all.into_iter()
                .filter_map(|series| {
                    if let Some(HistogramPoint(sample)) = series.histogram {
                        histograms.push(RawSeries { labels: series.metric.0.clone(), samples: vec![sample] });
                    }
                    series.value.map(|point| (series.metric.0, point.0))
                })
                .collect::<Vec<_>>()
        });
        answer.histograms = histograms;
        answer.data.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.no_twins(answer.data.iter().map(|(labels, _)| labels))?;
        Ok(answer)
    }

    /// Evaluates an expression at the start of the period and every `step` after
    /// it, before its end. Not raw samples: each point looks back up to 5 minutes.
    pub async fn query_range_matrix(
        &self,
        query: &str,
        period: Period,
        step: Millis,
    ) -> Result<Answer<Vec<RawSeries>>, HttpError> {
        if period.is_empty() || step.0 <= 0 {
            return Ok(Answer::new(Vec::new()));
        }
        // The API's end is inclusive.
        let (start, end) = (seconds(period.start), seconds(period.end - Millis(1)));
        let step = format!("{}ms", step.0);
        let form = [("query", query), ("start", &start), ("end", &end), ("step", &step)];
        let answer = self.query::<MatrixSeries>("matrix", &["query_range"], &form).await?;
        self.matrix(answer)
    }

    /// The values that a label has in a period, over all series or those that are
    /// selected.
    pub async fn label_values(
        &self,
        label: &str,
        selector: Option<&Selector>,
        period: Period,
    ) -> Result<Answer<Vec<String>>, HttpError> {
        let (start, end) = (seconds(period.start), seconds(period.end));
        let selector = selector.map(Selector::to_string);
        let mut query = vec![("start", start.as_str()), ("end", end.as_str())];
        query.extend(selector.as_deref().map(|s| ("match[]", s)));
        query.extend(EXACT);
        self.get(&["label", label, "values"], &query).await
    }

    /// The names of the labels that series of a selector have in a period.
    pub async fn label_names(&self, selector: &Selector, period: Period) -> Result<Answer<Vec<String>>, HttpError> {
        let (start, end, selector) = (seconds(period.start), seconds(period.end), selector.to_string());
        let mut query = vec![("start", start.as_str()), ("end", end.as_str()), ("match[]", selector.as_str())];
        query.extend(EXACT);
        self.get(&["labels"], &query).await
    }

    /// All alerting rules, sorted by file, group and place.
    pub async fn rules(&self) -> Result<Answer<Vec<ServedRule>>, HttpError> {
        let answer = self.get::<rules::RulesData>(&["rules"], &[("type", "alert")]).await?;
        Ok(answer.map(rules::RulesData::into_rules))
    }

    /// The alerts that are pending or firing now.
    pub async fn alerts(&self) -> Result<Answer<Vec<ActiveAlert>>, HttpError> {
        let answer = self.get::<rules::AlertsData>(&["alerts"], &[]).await?;
        Ok(answer.map(rules::AlertsData::into_alerts))
    }

    pub async fn build_info(&self) -> Result<BuildInfo, HttpError> {
        #[derive(serde::Deserialize)]
        struct Data {
            version: String,
            application: Option<String>,
        }
        let Data { version, application } = self.get::<Data>(&["status", "buildinfo"], &[]).await?.data;
        Ok(BuildInfo { version, application })
    }

    async fn get<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Answer<T>, HttpError> {
        let path: Vec<&str> = ["api", "v1"].iter().chain(path).copied().collect();
        let body = self.http.get(&path, query, "application/json").await?;
        self.open(body.bytes).await
    }

    /// POST, because a selector may be longer than what a URL may be.
    async fn query<S: DeserializeOwned + Send + 'static>(
        &self,
        kind: &str,
        path: &[&str],
        form: &[(&str, &str)],
    ) -> Result<Answer<Vec<S>>, HttpError> {
        let path: Vec<&str> = ["api", "v1"].iter().chain(path).copied().collect();
        let form: Vec<(&str, &str)> = form.iter().chain(&EXACT).copied().collect();
        let body = self.http.post_form(&path, &form).await?;
        let answer = self.open::<QueryData<S>>(body.bytes).await?;
        if answer.data.result_type == kind {
            Ok(answer.map(|data| data.result.0))
        } else {
            let reason =
                format!("the query gives a {}, not a {kind}", crate::net::error::shown(&answer.data.result_type));
            Err(self.bad_response(reason))
        }
    }

    async fn open<T: DeserializeOwned + Send + 'static>(&self, json: Vec<u8>) -> Result<Answer<T>, HttpError> {
        let envelope: Envelope<T> =
            json::parse(json).await.map_err(|reason| self.bad_response(crate::net::error::shown(&reason)))?;
        envelope.open(self.shown_url())
    }

    fn matrix(&self, answer: Answer<Vec<MatrixSeries>>) -> Result<Answer<Vec<RawSeries>>, HttpError> {
        let mut histograms: Vec<RawSeries<Histogram>> = Vec::new();
        let mut answer = answer.map(|all| {
            all.into_iter()
                .filter_map(|series| {
                    let mut native: Vec<_> = series.histograms.into_iter().map(|HistogramPoint(s)| s).collect();
                    if !native.is_empty() {
                        native.sort_by_key(|s| s.at);
                        histograms.push(RawSeries { labels: series.metric.0.clone(), samples: native });
                    }
                    let samples = series.values.0;
                    (!samples.is_empty()).then_some(RawSeries { labels: series.metric.0, samples })
                })
                .collect::<Vec<_>>()
        });
        histograms.sort_by(|a, b| a.labels.cmp(&b.labels));
        self.no_twins(histograms.iter().map(|series| &series.labels))?;
        answer.histograms = histograms;
        answer.data.sort_by(|a, b| a.labels.cmp(&b.labels));
        self.no_twins(answer.data.iter().map(|series| &series.labels))?;
        Ok(answer)
    }

    /// Two series with the same labels would be counted as one, or twice.
    fn no_twins<'a>(&self, mut sorted: impl Iterator<Item = &'a Labels>) -> Result<(), HttpError> {
        let mut last = None;
        sorted
            .find(|labels| last.replace(*labels) == Some(*labels))
            .map_or(Ok(()), |labels| Err(self.bad_response(format!("duplicate series {labels}"))))
    }

    fn bad_response(&self, reason: String) -> HttpError {
        HttpError::BadResponse { url: self.shown_url().to_owned(), reason }
    }
}

fn keep_within<V>(all: &mut Vec<RawSeries<V>>, period: Period) {
    all.iter_mut().for_each(|series| series.samples.retain(|s| period.start < s.at && s.at <= period.end));
    all.retain(|series| !series.samples.is_empty());
}

/// Unix seconds with milliseconds, without the rounding of a float.
fn seconds(at: Timestamp) -> String {
    let sign = if at.millis() < 0 { "-" } else { "" };
    let ms = at.millis().unsigned_abs();
    format!("{sign}{}.{:03}", ms / 1_000, ms % 1_000)
}
