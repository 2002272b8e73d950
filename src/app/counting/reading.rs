//! One counting of a group over a period, from the source to tiles: reads on
//! where the samples alone leave questions open.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::sharing::{BatchSamples, SharedQuery};
use crate::app::catalog::slis::QueryGroup;
use crate::app::runtime::tasks;
use crate::ingest::counting::counted::Counted;
use crate::ingest::counting::observed::{Baselines, Observed};
use crate::ingest::counting::targets::watch::NEW_TARGET_PROOF;
use crate::ingest::counting::{
    Evaluated, GAUGE_LOOKBACK, Plan, Points, Reading, State, alert_slices, count, estimates, slices,
};
use crate::ingest::raw::{RawSeries, unite};
use crate::ingest::readers::Readers;
use crate::ingest::spoilt::usable_up;
use crate::model::labels::NAME;
use crate::model::slo::sli::Expression;
use crate::model::time::{Millis, Period, Timestamp};
use crate::net::HttpError;
use crate::sources::prometheus::last::{TargetKey, target_of};

/// Samples before a period that are read with it: more than the lookback of
/// gauges and than a scraper's gap, and enough to see most series once.
pub(super) const CONTEXT: Millis = Millis::from_mins(10);

/// How far to read beyond a period for the next successful scrape of a target,
/// in steps, each tried when the one before was not enough.
const READ_ON: [Millis; 4] =
    [Millis::from_mins(10), Millis::from_hours(1), Millis::from_hours(6), Millis::from_hours(24)];

/// Everything read for one counting.
pub struct Samples {
    pub batch: BatchSamples,
    pub alive: Vec<Timestamp>,
    pub read: Period,
    pub baselines: Option<Baselines>,
    /// By expression.
    pub estimates: BTreeMap<String, Points>,
}

/// What one plan reads of it.
pub struct PlanSeries<'s> {
    pub series: Vec<&'s RawSeries>,
    /// Of the baselines, where they were looked up.
    before: Option<Vec<&'s RawSeries>>,
}

impl Samples {
    pub async fn read(group: &QueryGroup, shared: &SharedQuery, read: Period) -> Result<Samples, HttpError> {
        let samples = &group.source.samples;
        let mut batch = shared.read_batch(&group.batch, read).await?;
        let replicas = group.replica_labels();
        if replicas.are_in(&batch.up) {
            // Which of them is on duty at first shows in the scrapes before.
            let earlier = Period::new(read.start - CONTEXT, read.start);
            batch.up.extend(shared.up(&group.batch.up, earlier).await?);
            replicas.merge(&mut batch.series, &mut batch.up, &mut batch.starts);
            batch.up.iter_mut().for_each(|up| up.samples.retain(|s| s.at > read.start));
            batch.up.retain(|up| !up.samples.is_empty());
        } else {
            [&mut batch.series, &mut batch.up, &mut batch.starts].into_iter().for_each(unite);
        }
        // Targets go without the name of `up`: once for all plans that look at them.
        batch.up.iter_mut().for_each(|up| up.labels = up.labels.without(&[NAME]));
        let alive = shared.alive(Period::new(read.start - NEW_TARGET_PROOF - Millis::from_mins(1), read.end)).await?;
        let mut estimates = BTreeMap::new();
        for indicator in &group.indicators {
            let Reading::Estimated { numerator, total, .. } = indicator.plan.reading() else { continue };
            for expression in [numerator, total] {
                let asked = std::iter::once(expression.text.clone()).chain(expression.presence());
                for text in asked {
                    if let Entry::Vacant(slot) = estimates.entry(text) {
                        let points = samples.estimate(slot.key(), read).await?;
                        slot.insert(points);
                    }
                }
            }
        }
        Ok(Samples { batch, alive, read, baselines: None, estimates })
    }

    /// Looks up what was known of the time before, to the millisecond of the targets
    /// that are here.
    async fn look_back(&mut self, group: &QueryGroup) -> Result<(), HttpError> {
        let b = &self.batch;
        let here: BTreeSet<TargetKey> =
            [&b.series, &b.up, &b.starts].into_iter().flatten().map(|series| target_of(&series.labels)).collect();
        self.look_up(group, Some(&here)).await
    }

    /// The same of all targets: one that is down now may come again when nobody
    /// looks back any more.
    pub async fn look_back_for_good(&mut self, group: &QueryGroup) -> Result<(), HttpError> {
        self.look_up(group, None).await
    }

    async fn look_up(&mut self, group: &QueryGroup, exact: Option<&BTreeSet<TargetKey>>) -> Result<(), HttpError> {
        let mut baselines = group.source.samples.baselines(&group.batch, self.read.start, exact).await?;
        group.replica_labels().merge_baselines(&mut baselines);
        self.baselines = Some(baselines);
        Ok(())
    }

    /// What each plan of a group reads of it, in their order.
    pub fn shares(&self, readers: &Readers) -> Vec<PlanSeries<'_>> {
        let before = self.baselines.as_ref().map(|b| readers.divide(&b.series));
        let mut shares: Vec<PlanSeries<'_>> =
            readers.divide(&self.batch.series).into_iter().map(|series| PlanSeries { series, before: None }).collect();
        for (share, before) in shares.iter_mut().zip(before.into_iter().flatten()) {
            share.before = Some(before);
        }
        shares
    }

    fn observed<'s>(&'s self, series: &'s [&'s RawSeries]) -> Observed<'s> {
        Observed {
            series,
            up: &self.batch.up,
            starts: &self.batch.starts,
            alive: &self.alive,
            read: self.read,
            baselines: None,
        }
    }

    /// Of the time before, what one plan begins with.
    fn baselines_of(&self, share: &PlanSeries<'_>) -> Option<Baselines> {
        let (all, before) = self.baselines.as_ref().zip(share.before.as_ref())?;
        let series = before.iter().copied().cloned().collect();
        Some(Baselines { series, up: all.up.clone(), starts: all.starts.clone() })
    }

    /// The same samples up to an earlier end.
    pub fn until(&self, end: Timestamp) -> Samples {
        let cut = |list: &[RawSeries]| {
            let mut list = list.to_vec();
            for series in &mut list {
                let keep = series.samples.partition_point(|s| s.at <= end);
                series.samples.truncate(keep);
            }
            list.retain(|s| !s.samples.is_empty());
            list
        };
        let b = &self.batch;
        Samples {
            batch: BatchSamples { series: cut(&b.series), up: cut(&b.up), starts: cut(&b.starts) },
            alive: self.alive.clone(),
            read: Period::new(self.read.start, end),
            baselines: self.baselines.clone(),
            estimates: self.estimates.clone(),
        }
    }
}

/// Series that are counted within milliseconds. More are counted apart from the threads
/// that answer requests.
const SERIES_AT_ONCE: usize = 1_000;

/// Counts a reading, a large one apart from the threads that answer requests.
pub fn counting<T>(samples: &Samples, count: impl FnOnce() -> T) -> T {
    if samples.batch.series.len() <= SERIES_AT_ONCE { count() } else { tasks::busy(count) }
}

/// Counts one plan by its share of a reading; only counters have a state.
pub fn count_plan(
    plan: &Plan,
    state: &mut State,
    (samples, share): (&Samples, &PlanSeries<'_>),
    emit: Period,
) -> Counted {
    let observed = samples.observed(&share.series);
    match plan.reading() {
        Reading::Gauge { .. } | Reading::RawRatio { .. } => slices(plan, observed, emit),
        Reading::Alert { .. } => alert_slices(plan, observed, emit),
        Reading::Estimated { numerator, total, .. } => {
            let none = Points::new();
            let evaluated = |of: &Expression| Evaluated {
                values: samples.estimates.get(&of.text).unwrap_or(&none),
                present: of.presence().and_then(|text| samples.estimates.get(&text)).unwrap_or(&none),
            };
            estimates(plan, evaluated(numerator), evaluated(total), emit)
        }
        Reading::Nothing => Counted::default(),
        Reading::Ratio { .. } | Reading::Buckets { .. } => {
            let baselines = if state.is_complete() { None } else { samples.baselines_of(share) };
            // Some scrapes may tell nothing of its counters.
            let usable_up = usable_up(&share.series, observed.up);
            let up = usable_up.as_deref().unwrap_or(observed.up);
            count(plan, state, Observed { up, baselines: baselines.as_ref(), ..observed }, emit)
        }
    }
}

/// What is read before a period, for all indicators of a group.
pub(super) fn context(group: &QueryGroup) -> Millis {
    let looks_back = group.indicators.iter().any(|i| i.plan.reading().looks_back());
    if looks_back { GAUGE_LOOKBACK } else { CONTEXT }
}

/// Counts a period from nothing, for all indicators of a group. Nothing that is
/// later than `horizon` is read.
pub async fn recount(group: &QueryGroup, period: Period, horizon: Timestamp) -> Result<Vec<Counted>, HttpError> {
    let mut counted = Vec::new();
    let readers = Readers::new(group.indicators.iter().map(|i| &i.plan));
    for ahead in READ_ON {
        let end = (period.end + ahead).min(horizon).max(period.end);
        let read = Period::new(period.start - context(group), end);
        let mut samples = Samples::read(group, &SharedQuery::alone(group), read).await?;
        counted = count_all(group, &samples, &readers, period);
        if counted.iter().any(|c| c.open.before) {
            samples.look_back(group).await?;
            counted = count_all(group, &samples, &readers, period);
        }
        if end >= horizon {
            for one in &mut counted {
                one.leave_open(end);
            }
            break;
        }
        if !counted.iter().any(|c| c.open.after) {
            break;
        }
    }
    Ok(counted)
}

fn count_all(group: &QueryGroup, samples: &Samples, readers: &Readers, emit: Period) -> Vec<Counted> {
    counting(samples, || {
        let shares = samples.shares(readers);
        let plans = group.indicators.iter().map(|i| &i.plan).zip(&shares);
        plans.map(|(plan, share)| count_plan(plan, &mut State::default(), (samples, share), emit)).collect()
    })
}
