//! What the groups of one source ask of one period, each question once: they
//! share `up`, start times and liveness, and metrics with the same matchers come
//! in one answer. Each group gets what it would get alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};

use crate::app::catalog::slis::{QueryGroup, Source};
use crate::ingest::counting::{SIGNS, Thresholds, asked_name};
use crate::ingest::raw::RawSeries;
use crate::ingest::requests::{SourceQuery, up_of};
use crate::model::labels::selector::Selector;
use crate::model::labels::{Labels, NAME};
use crate::model::time::{Period, Timestamp};
use crate::net::HttpError;

/// Metrics in one question: most of what joining them saves, while one answer
/// stays within what a source likes to give.
const METRICS_MAX: usize = 25;

/// All samples that a batch of indicators needs, in one period.
#[derive(Clone, Debug, Default)]
pub struct BatchSamples {
    pub series: Vec<RawSeries>,
    pub up: Vec<RawSeries>,
    pub starts: Vec<RawSeries>,
}

/// Metrics, by source, of which a common answer was too large once.
pub type Apart = Mutex<BTreeSet<(String, String)>>;

/// Answers by question, each asked by whoever needs it first. A failure stands,
/// too: the others would only wait for it again.
type Answers<K, V> = Mutex<HashMap<K, Arc<OnceCell<Result<V, HttpError>>>>>;

/// The series of each metric, until somebody takes them.
type ByMetric = Arc<Mutex<BTreeMap<String, Vec<RawSeries>>>>;

/// Requests that differ in nothing but the metric.
struct JoinedQuery {
    first: Selector,
    metrics: Vec<String>,
}

pub struct SharedQuery {
    source: Arc<Source>,
    /// Gives the `up` of every group; `None` where each asks for its own.
    up: Option<Selector>,
    joints: Vec<JoinedQuery>,
    /// The place of the joint that a request is part of.
    joint_of: HashMap<String, usize>,
    /// What is asked of native histograms.
    thresholds: Thresholds,
    joined: Answers<(usize, Period), ByMetric>,
    series: Answers<(String, Period), Arc<Vec<RawSeries>>>,
    alive: Answers<Period, Vec<Timestamp>>,
    apart: Arc<Apart>,
}

impl SharedQuery {
    /// Of one group, which shares with nobody. Only the two forms of a histogram
    /// are asked for at once: most often one of them is not there.
    pub fn alone(group: &QueryGroup) -> SharedQuery {
        let thresholds = group.batch.thresholds.clone();
        let (joints, joint_of) = joints(&[group], |metric| thresholds.concern(metric));
        SharedQuery {
            source: Arc::clone(&group.source),
            up: None,
            joints,
            joint_of,
            thresholds,
            joined: Answers::default(),
            series: Answers::default(),
            alive: Answers::default(),
            apart: Arc::default(),
        }
    }

    /// Of groups of one source that read the same period.
    pub async fn of(source: &Arc<Source>, groups: &[&QueryGroup], apart: &Arc<Apart>) -> SharedQuery {
        let known = apart.lock().await;
        let (joints, joint_of) = joints(groups, |metric| !known.contains(&(source.name.clone(), metric.to_owned())));
        drop(known);
        let mut thresholds = Thresholds::default();
        groups.iter().for_each(|g| thresholds.extend(&g.batch.thresholds));
        SharedQuery {
            thresholds,
            source: Arc::clone(source),
            up: up_of(groups.iter().flat_map(|g| &g.indicators).map(|i| &i.plan)),
            joints,
            joint_of,
            joined: Answers::default(),
            series: Answers::default(),
            alive: Answers::default(),
            apart: Arc::clone(apart),
        }
    }

    /// Everything that a batch needs, of one and the same period.
    pub async fn read_batch(&self, batch: &SourceQuery, period: Period) -> Result<BatchSamples, HttpError> {
        let mut samples = BatchSamples::default();
        for request in &batch.requests {
            samples.series.extend(self.counted(request, period).await?);
        }
        samples.up = self.up(&batch.up, period).await?;
        let starts = self.up.as_ref().map(|up| up.derive(batch.starts().metric, []));
        samples.starts = self.signs(starts.as_ref(), &batch.starts(), period).await?;
        // Most processes tell when they started; then this costs nothing.
        let is_start = |s: &&RawSeries| s.labels.get(NAME) == SIGNS.first().copied();
        let told: BTreeSet<_> = samples.starts.iter().filter(is_start).map(|s| target(&s.labels)).collect();
        if !samples.up.iter().all(|up| told.contains(&target(&up.labels))) {
            for request in &batch.created {
                samples.series.extend(self.within(None, request, period).await?);
            }
        }
        Ok(samples)
    }

    pub async fn up(&self, selector: &Selector, period: Period) -> Result<Vec<RawSeries>, HttpError> {
        self.within(self.up.as_ref(), selector, period).await
    }

    /// Ends of the minutes in which the source scraped anything, in order.
    pub async fn alive(&self, period: Period) -> Result<Vec<Timestamp>, HttpError> {
        once(&self.alive, period, || self.source.samples.alive(period)).await
    }

    /// What tells when processes started, groups were pushed and resources were
    /// there, for the targets of a selector.
    async fn signs(
        &self,
        wide: Option<&Selector>,
        own: &Selector,
        period: Period,
    ) -> Result<Vec<RawSeries>, HttpError> {
        let (wide, metrics) = (wide.unwrap_or(own), SIGNS.map(str::to_owned));
        let read = || async {
            let samples = &self.source.samples;
            match samples.read_metrics(&metrics, wide.matchers(), &Thresholds::default(), period).await {
                // The other two are rare, and are not worth an answer that is too large.
                Err(error) if error.asks_too_much() => samples.read(wide, period).await.map(Arc::new),
                all => all.map(Arc::new),
            }
        };
        let all = once(&self.series, (wide.to_string(), period), read).await?;
        Ok(all.iter().filter(|series| own.matches_labels(&series.labels)).cloned().collect())
    }

    /// The series of a selector out of those of a wider one.
    async fn within(
        &self,
        wide: Option<&Selector>,
        own: &Selector,
        period: Period,
    ) -> Result<Vec<RawSeries>, HttpError> {
        let wide = wide.unwrap_or(own);
        let read = || async { self.source.samples.read(wide, period).await.map(Arc::new) };
        let all = once(&self.series, (wide.to_string(), period), read).await?;
        if wide == own {
            return Ok(all.to_vec());
        }
        Ok(all.iter().filter(|series| own.matches(&series.labels)).cloned().collect())
    }

    /// The series of a metric. A joint answer is handed over, not copied: it may
    /// be most of what is in memory.
    async fn counted(&self, request: &Selector, period: Period) -> Result<Vec<RawSeries>, HttpError> {
        let samples = &self.source.samples;
        let index = self.joint_of.get(&request.to_string()).copied();
        let joint = index.and_then(|index| Some((index, self.joints.get(index)?)));
        let Some((index, joint)) = joint.filter(|(_, joint)| joint.metrics.len() > 1) else {
            return samples.read_counters(request, &self.thresholds, period).await;
        };
        match once(&self.joined, (index, period), || self.read_joint(joint, period)).await {
            Ok(by_metric) => match by_metric.lock().await.remove(&request.metric) {
                Some(series) => Ok(series),
                None => samples.read_counters(request, &self.thresholds, period).await,
            },
            Err(error) if error.asks_too_much() => {
                let names = joint.metrics.iter().map(|metric| (self.source.name.clone(), metric.clone()));
                self.apart.lock().await.extend(names);
                samples.read_counters(request, &self.thresholds, period).await
            }
            Err(error) => Err(error),
        }
    }

    async fn read_joint(&self, joint: &JoinedQuery, period: Period) -> Result<ByMetric, HttpError> {
        let mut by_metric: BTreeMap<String, Vec<RawSeries>> =
            joint.metrics.iter().map(|metric| (metric.clone(), Vec::new())).collect();
        let (metrics, matchers) = (&joint.metrics, joint.first.matchers());
        for series in self.source.samples.read_metrics(metrics, matchers, &self.thresholds, period).await? {
            let asked = series.labels.get(NAME).map(asked_name);
            if let Some(list) = asked.and_then(|name| by_metric.get_mut(name)) {
                list.push(series);
            }
        }
        Ok(Arc::new(Mutex::new(by_metric)))
    }
}

/// Which requests can be made at once, of those for metrics that may be joined,
/// and where in these each is.
fn joints(groups: &[&QueryGroup], may_join: impl Fn(&str) -> bool) -> (Vec<JoinedQuery>, HashMap<String, usize>) {
    let mut joints: Vec<JoinedQuery> = Vec::new();
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut joint_of: HashMap<String, usize> = HashMap::new();
    for request in groups.iter().flat_map(|g| &g.batch.requests) {
        if !may_join(&request.metric) || request.matchers().iter().any(|m| m.label == NAME) {
            continue;
        }
        let index = open.entry(request.derive("", []).to_string()).or_insert(joints.len());
        match joints.get_mut(*index).filter(|joint| joint.metrics.len() < METRICS_MAX) {
            Some(joint) => joint.metrics.push(request.metric.clone()),
            None => {
                *index = joints.len();
                joints.push(JoinedQuery { first: request.clone(), metrics: vec![request.metric.clone()] });
            }
        }
        joint_of.insert(request.to_string(), *index);
    }
    (joints, joint_of)
}

fn target(labels: &Labels) -> (Option<&str>, Option<&str>) {
    (labels.get("job"), labels.get("instance"))
}

async fn once<K: Eq + Hash, V: Clone, F: Future<Output = Result<V, HttpError>>>(
    answers: &Answers<K, V>,
    question: K,
    ask: impl FnOnce() -> F,
) -> Result<V, HttpError> {
    let cell = Arc::clone(answers.lock().await.entry(question).or_default());
    cell.get_or_init(ask).await.clone()
}

#[cfg(test)]
mod tests;
