//! Scrapes one target as Prometheus would, and keeps the last minutes of what was
//! scraped, so that targets without a Prometheus answer the same question: the
//! samples of a selector in a period. Must not know what is counted.

mod buffer;
pub mod exposition;
mod outcome;
#[cfg(test)]
mod tests;

pub use buffer::SampleBuffer;
pub use outcome::ScrapeOutcome;

use std::collections::BTreeSet;

use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::model::labels::{Labels, NAME};
use crate::model::time::{Millis, Timestamp};
use crate::net::error::{HttpError, shown};
use crate::net::{Body, Endpoint, EndpointError, Http};
use crate::sources::scrape::exposition::{Limits, ParseError, TextFormat, collect};

/// The text formats, the ones that say where they end first. Neither protobuf nor
/// OpenMetrics 2.0 is asked for.
const ACCEPT_TEXT: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,\
    text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
/// Tells an exporter how long it may take.
const TIMEOUT_HEADER: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");

/// One target and how it is scraped.
#[derive(Clone, Debug)]
pub struct ScrapeTarget {
    /// The whole address, `http://10.0.0.7:8080/metrics`.
    pub endpoint: Endpoint,
    pub job: String,
    /// More labels of the target; may set `instance` to something other than the
    /// address's host and port.
    pub labels: Labels,
    /// Whether a scraped label wins over one of the target. If not, it is renamed
    /// to `exported_...`.
    pub honor_labels: bool,
    /// The names of the metrics that are kept; `None` keeps all.
    pub metrics: Option<BTreeSet<String>>,
    pub limits: Limits,
}

impl ScrapeTarget {
    /// The labels that every series of the target carries.
    pub fn all_labels(&self) -> Labels {
        let mut labels = Labels::new();
        labels.set("job", self.job.as_str());
        if let (Some(host), Some(port)) = (self.endpoint.url.host_str(), self.endpoint.url.port_or_known_default()) {
            labels.set("instance", format!("{host}:{port}"));
        }
        for (name, value) in self.labels.iter() {
            labels.set(name, value);
        }
        labels
    }
}

/// Scrapes one target.
#[derive(Clone, Debug)]
pub struct Scraper {
    http: Http,
    headers: HeaderMap,
    honor_labels: bool,
    metrics: Option<BTreeSet<String>>,
    limits: Limits,
    labels: Labels,
}

impl Scraper {
    pub fn new(target: &ScrapeTarget) -> Result<Self, EndpointError> {
        let http = Http::new(&target.endpoint)?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(ACCEPT_TEXT));
        if let Ok(seconds) = HeaderValue::from_str(&http.timeout().secs_f64().to_string()) {
            headers.insert(TIMEOUT_HEADER, seconds);
        }
        Ok(Scraper {
            http,
            headers,
            honor_labels: target.honor_labels,
            metrics: target.metrics.clone(),
            limits: target.limits,
            labels: target.all_labels(),
        })
    }

    /// The address without credentials, for messages.
    pub fn shown_url(&self) -> &str {
        self.http.shown_url()
    }

    pub async fn scrape(&self, now: Timestamp) -> ScrapeOutcome {
        let started = Instant::now();
        let result = match self.http.get_with(self.headers.clone()).await {
            Ok(body) => self.read(&body),
            Err(e) => Err(e),
        };
        let duration = Millis(i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX));
        ScrapeOutcome { at: now, up: self.labels.clone().with(NAME, "up"), result, duration }
    }

    fn read(&self, body: &Body) -> Result<Vec<(Labels, f64)>, HttpError> {
        let Some(format) = TextFormat::from_content_type(body.content_type.as_deref()) else {
            let media = shown(body.content_type.as_deref().unwrap_or_default());
            return Err(
                self.bad_response(format!("its content type is {media}, not the text of Prometheus or OpenMetrics"))
            );
        };
        let wanted = |name: &str| self.metrics.as_ref().is_none_or(|names| names.contains(name));
        let samples = collect(&body.bytes, format, &self.limits, wanted).map_err(|e| self.parse_error(&e))?;
        let mut series: Vec<(Labels, f64)> = Vec::with_capacity(samples.len());
        let mut last: Option<&Labels> = None;
        for sample in &samples {
            // Samples are sorted by time within a series: the last one is the latest.
            if last == Some(&sample.labels) {
                series.pop();
            }
            last = Some(&sample.labels);
            series.push((self.attach(&sample.labels), sample.value));
        }
        Ok(series)
    }

    /// The labels of a scraped series with those of the target, as Prometheus
    /// puts them together.
    fn attach(&self, scraped: &Labels) -> Labels {
        let mut labels = scraped.clone();
        for (name, value) in self.labels.iter() {
            match scraped.get(name) {
                Some(_) if self.honor_labels => {}
                Some(theirs) => {
                    let mut exported = format!("exported_{name}");
                    while labels.get(&exported).is_some() || self.labels.get(&exported).is_some() {
                        exported.insert_str(0, "exported_");
                    }
                    labels.set(exported, theirs);
                    labels.set(name, value);
                }
                None => labels.set(name, value),
            }
        }
        labels
    }

    fn parse_error(&self, error: &ParseError) -> HttpError {
        if error.is_limit() {
            HttpError::TooLarge { url: self.shown_url().to_owned(), limit: error.to_string() }
        } else {
            self.bad_response(shown(&error.to_string()))
        }
    }

    fn bad_response(&self, reason: String) -> HttpError {
        HttpError::BadResponse { url: self.shown_url().to_owned(), reason }
    }
}
