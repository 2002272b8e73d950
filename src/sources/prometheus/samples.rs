//! One question, whoever answers it: the raw samples of a selector in a period,
//! and what was known before it. Must not know what samples are counted for.

use std::collections::BTreeSet;

use super::last::{TargetKey, last};
use super::memory::MemorySource;
use super::split::in_parts;
use crate::ingest::counting::observed::Baselines;
use crate::ingest::counting::{Points, Thresholds};
use crate::ingest::raw::RawSeries;
use crate::ingest::requests::SourceQuery;
use crate::model::kinds::SourceKind;
use crate::model::labels::Labels;
use crate::model::labels::selector::{Matcher, Selector};
use crate::model::latency::Latency;
use crate::model::operations::rule::AlertRule;
use crate::model::slo::groups::GroupValues;
use crate::model::time::{HOUR_MS, Millis, Period, SLOT_MS, Timestamp};
use crate::net::{HttpError, RemoteClock};
use crate::sources::demo::DemoSource;
use crate::sources::prometheus::{Answer, Prometheus};

/// How far back the last sample of a series is looked for. Longer than any
/// outage of scraping after which anyone wants the counters bridged; short
/// enough for one query.
const BASELINE_HORIZON: Millis = Millis::from_hours(24);

/// Minutes in one question that has a point for each: the most points that
/// Prometheus gives in one answer is 11,000.
const POINTS_MAX: i64 = 10_000;

/// Where samples come from.
#[derive(Debug)]
pub enum SampleSource {
    Prometheus(Prometheus),
    Demo(DemoSource),
    Memory(MemorySource),
}

/// The series of an answer, with the counters of its native histograms.
fn told(answer: Answer<Vec<RawSeries>>, thresholds: &Thresholds) -> Vec<RawSeries> {
    let mut series = answer.data;
    series.extend(answer.histograms.iter().flat_map(|histogram| thresholds.tell(histogram)));
    series
}

impl SampleSource {
    /// The address without credentials; empty for what is in this process.
    pub fn shown_url(&self) -> &str {
        match self {
            SampleSource::Prometheus(client) => client.shown_url(),
            SampleSource::Demo(_) | SampleSource::Memory(_) => "",
        }
    }

    /// How long its answers took; of what is in this process nothing is noted.
    pub fn latency(&self) -> Latency {
        match self {
            SampleSource::Prometheus(client) => client.latency(),
            SampleSource::Demo(_) | SampleSource::Memory(_) => Latency::default(),
        }
    }

    pub fn kind(&self) -> SourceKind {
        match self {
            SampleSource::Prometheus(_) => SourceKind::Prometheus,
            SampleSource::Demo(_) | SampleSource::Memory(_) => SourceKind::Demo,
        }
    }

    /// The clock of the source; `None` for what is in this process, and before the
    /// first answer.
    pub fn remote_clock(&self) -> Option<RemoteClock> {
        match self {
            SampleSource::Prometheus(client) => client.remote_clock(),
            SampleSource::Demo(_) | SampleSource::Memory(_) => None,
        }
    }

    /// The same, asked now.
    pub async fn ask_clock(&self) -> Option<RemoteClock> {
        match self {
            SampleSource::Prometheus(client) => client.ask_clock().await,
            SampleSource::Demo(_) | SampleSource::Memory(_) => None,
        }
    }

    /// The samples with `start < at <= end`; native histograms are left out.
    pub async fn read(&self, selector: &Selector, period: Period) -> Result<Vec<RawSeries>, HttpError> {
        self.read_counters(selector, &Thresholds::default(), period).await
    }

    /// The same with the counters of native histograms that have a threshold.
    pub async fn read_counters(
        &self,
        selector: &Selector,
        thresholds: &Thresholds,
        period: Period,
    ) -> Result<Vec<RawSeries>, HttpError> {
        match self {
            SampleSource::Prometheus(client) => Ok(told(client.read(selector, period).await?, thresholds)),
            SampleSource::Demo(demo) => Ok(demo.read(selector, period)),
            SampleSource::Memory(memory) => Ok(told(memory.read(selector, period), thresholds)),
        }
    }

    /// The samples of several metrics under the same matchers, in one question
    /// where the source can be asked so.
    pub async fn read_metrics(
        &self,
        metrics: &[String],
        matchers: &[Matcher],
        thresholds: &Thresholds,
        period: Period,
    ) -> Result<Vec<RawSeries>, HttpError> {
        if let SampleSource::Prometheus(client) = self {
            return Ok(told(client.read_metrics(metrics, matchers, period).await?, thresholds));
        }
        let mut series = Vec::new();
        for metric in metrics {
            let selector = Selector::new(metric.clone(), matchers.to_vec());
            series.extend(self.read_counters(&selector, thresholds, period).await?);
        }
        Ok(series)
    }

    /// The alerting rules that it has loaded; `None` where the server tells of
    /// none, as one that only stores samples does not.
    pub async fn rules(&self) -> Result<Option<Vec<AlertRule>>, HttpError> {
        match self {
            SampleSource::Prometheus(client) => match client.rules().await {
                Ok(answer) => Ok(Some(answer.data.into_iter().map(|served| served.rule).collect())),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            },
            SampleSource::Demo(demo) => Ok(Some(demo.rules())),
            SampleSource::Memory(_) => Ok(None),
        }
    }

    /// The values of some labels that series of the period have, empty where a series
    /// has no such label.
    pub async fn groups(
        &self,
        selector: &Selector,
        labels: &[String],
        period: Period,
    ) -> Result<Vec<GroupValues>, HttpError> {
        let group = |of: &Labels| labels.iter().map(|label| of.get(label).unwrap_or_default().to_owned()).collect();
        if let SampleSource::Prometheus(client) = self {
            let (by, length) = (labels.join(", "), period.length());
            let query = format!("group by ({by}) (last_over_time({}[{length}]))", selector.for_source());
            let answer = client.query_vector(&query, period.end).await?;
            return Ok(answer.data.iter().map(|(labels, _)| group(labels)).collect());
        }
        let series = self.read(selector, period).await?;
        let groups: BTreeSet<GroupValues> = series.iter().map(|series| group(&series.labels)).collect();
        Ok(groups.into_iter().collect())
    }

    /// Ends of the minutes in which the source scraped anything, in order.
    pub async fn alive(&self, period: Period) -> Result<Vec<Timestamp>, HttpError> {
        match self {
            SampleSource::Prometheus(client) => alive(client, period).await,
            SampleSource::Demo(demo) => Ok(demo.alive(period)),
            SampleSource::Memory(memory) => Ok(memory.alive(period)),
        }
    }

    /// What an expression comes to at the end of every slot in the period, summed
    /// over its series. Only a server that has a query engine can tell.
    pub async fn estimate(&self, expression: &str, period: Period) -> Result<Points, HttpError> {
        match self {
            SampleSource::Prometheus(client) => estimate(client, expression, period).await,
            SampleSource::Demo(_) | SampleSource::Memory(_) => Ok(Points::new()),
        }
    }

    /// What an expression comes to at the start of a period and every hour after it; `None`
    /// where it gives several series. Only a server that has a query engine can tell.
    pub async fn hourly(&self, expression: &str, period: Period) -> Result<Option<Points>, HttpError> {
        let SampleSource::Prometheus(client) = self else { return Ok(Some(Points::new())) };
        let series = client.query_range_matrix(expression, period, Millis(HOUR_MS)).await?.data;
        let mut points = Points::new();
        for sample in series.iter().flat_map(|one| &one.samples) {
            if points.insert(sample.at, sample.value).is_some() {
                return Ok(None);
            }
        }
        Ok(Some(points))
    }

    /// The last sample of everything at or before an instant, for a batch; exact to
    /// the millisecond for these targets, or for all, else to the minute at least.
    pub async fn baselines(
        &self,
        batch: &SourceQuery,
        at: Timestamp,
        exact: Option<&BTreeSet<TargetKey>>,
    ) -> Result<Baselines, HttpError> {
        let mut baselines = Baselines::default();
        for request in &batch.requests {
            baselines.series.extend(self.last(request, None, &batch.thresholds, at, exact).await?);
        }
        let nothing = Thresholds::default();
        baselines.up = self.last(&batch.up, Some(1.0), &nothing, at, exact).await?;
        baselines.starts = self.last(&batch.starts(), None, &nothing, at, exact).await?;
        Ok(baselines)
    }

    /// The last sample of each series at or before an instant, of those with a
    /// value, if one is given.
    async fn last(
        &self,
        selector: &Selector,
        value: Option<f64>,
        thresholds: &Thresholds,
        at: Timestamp,
        exact: Option<&BTreeSet<TargetKey>>,
    ) -> Result<Vec<RawSeries>, HttpError> {
        let period = Period::new(at - BASELINE_HORIZON, at);
        match self {
            SampleSource::Prometheus(client) => {
                Ok(told(last(client, selector, value, period, exact).await?, thresholds))
            }
            SampleSource::Demo(demo) => Ok(demo.last(selector, value, period)),
            SampleSource::Memory(memory) => Ok(told(memory.last(selector, value, period), thresholds)),
        }
    }
}

async fn alive(client: &Prometheus, period: Period) -> Result<Vec<Timestamp>, HttpError> {
    let mut ends = Vec::new();
    for answer in by_minute(client, "count(count_over_time(up[1m]))", period).await? {
        ends.extend(answer.iter().flat_map(|s| &s.samples).map(|s| s.at));
    }
    Ok(ends)
}

async fn estimate(client: &Prometheus, expression: &str, period: Period) -> Result<Points, HttpError> {
    let mut points = Points::new();
    for answer in by_minute(client, expression, period).await? {
        for sample in answer.iter().flat_map(|series| &series.samples) {
            *points.entry(sample.at).or_insert(0.0) += sample.value;
        }
    }
    Ok(points)
}

/// The values of an expression at the end of every slot in the period, in as many
/// questions as the source's limits ask for.
async fn by_minute(client: &Prometheus, expression: &str, period: Period) -> Result<Vec<Vec<RawSeries>>, HttpError> {
    let mut answers = Vec::new();
    let mut start = period.start.ceil_slot();
    // The end of a period counts, too.
    let end = Timestamp::from_millis(period.end.floor_slot().millis() + SLOT_MS);
    while start < end {
        let part = Period::new(start, (start + Millis(POINTS_MAX * SLOT_MS)).min(end));
        let asked = in_parts(part, |part| client.query_range_matrix(expression, part, Millis(SLOT_MS))).await?;
        answers.extend(asked.into_iter().map(|answer| answer.data));
        start = part.end;
    }
    Ok(answers)
}
