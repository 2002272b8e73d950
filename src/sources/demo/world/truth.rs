//! The true counts of any indicator over any period, from the same meters as
//! the event log but without listing it. Must not know tiles.

use super::lives::Pod;
use super::traffic::{BOUNDS, CELLS, Cell};
use crate::model::labels::selector::{Selector, SelectorSum};
use crate::model::operations::comparison::ValueCondition;
use crate::model::slo::sli::{Numerator, Sli};
use crate::model::slo::tile::EventCounts;
use crate::model::time::{Period, Timestamp};
use crate::sources::demo::serve::log::Witness;
use crate::sources::demo::serve::meter::{Counts, Meter};
use crate::sources::demo::serve::page::{DURATION, Reading, readings};
use crate::sources::demo::world::DemoPlatform;

/// The events of one indicator, counted twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DemoTruth {
    /// All that took place in the period.
    pub happened: EventCounts,
    /// What the scrapes in the period brought to light: a counter that makes no
    /// mistake, and was there from the world's start, counts exactly this.
    pub observable: EventCounts,
}

/// A scrape that a server of the world answered with a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredScrape {
    pub instance: String,
    pub at: Timestamp,
}

/// What one request of each cell adds to an indicator.
type Weights = Vec<EventCounts>;

impl DemoPlatform {
    /// The truth of an indicator for `start < t <= end`. A gauge has slices of a
    /// minute, of whose truth only the scrapes tell.
    pub fn truth(&self, indicator: &Sli, period: Period) -> DemoTruth {
        if let Sli::Gauge { metric, good } = indicator {
            let slices = self.slices(metric, *good, period);
            return DemoTruth { happened: slices, observable: slices };
        }
        let visible = self.visible(period);
        let mut truth = DemoTruth::default();
        self.for_each_weighed(indicator, visible, |pod, weights| {
            for process in self.processes(pod, visible) {
                let witness = Witness::new(self, pod, process);
                truth.happened += weigh(weights, &witness.happened(visible));
                truth.observable += weigh(weights, &witness.observed(visible));
            }
        });
        truth
    }

    /// What a counter that makes no mistake counts from exactly these scrapes,
    /// if it was there from `since` on: a process that is older has its first
    /// scrape as the baseline.
    pub fn truth_of_scrapes(&self, indicator: &Sli, scrapes: &[AnsweredScrape], since: Timestamp) -> EventCounts {
        let end = scrapes.iter().map(|s| s.at).max().unwrap_or(since);
        let period = Period::new(since, end + crate::model::time::Millis(1));
        let mut sum = EventCounts::ZERO;
        self.for_each_weighed(indicator, period, |pod, weights| {
            let ours: Vec<Timestamp> = scrapes.iter().filter(|s| s.instance == pod.instance()).map(|s| s.at).collect();
            for process in self.processes(pod, period) {
                let met = || ours.iter().copied().filter(|at| process.life.contains(*at));
                let (Some(first), Some(last)) = (met().min(), met().max()) else { continue };
                let meter = Meter::new(self, pod, process);
                let before = if process.life.start < since { meter.counts(first) } else { Counts::default() };
                let (before, after) = (weigh(weights, &before), weigh(weights, &meter.counts(last)));
                sum += EventCounts {
                    good: after.good - before.good,
                    total: after.total - before.total,
                    uncertain: after.uncertain - before.uncertain,
                };
            }
        });
        sum
    }

    fn for_each_weighed(&self, indicator: &Sli, period: Period, mut act: impl FnMut(&Pod<'_>, &Weights)) {
        let admits = |pod: &Pod<'_>| indicator.selectors().iter().any(|s| s.admits_target(&pod.labels));
        for slot in self.slots.iter().filter(|slot| slot.service.peak_per_second.is_some()) {
            for pod in self.pods(slot, period).iter().filter(|pod| admits(pod)) {
                act(pod, &weights(indicator, pod));
            }
        }
    }

    fn slices(&self, metric: &Selector, good: ValueCondition, period: Period) -> EventCounts {
        let mut sum = EventCounts::ZERO;
        for series in self.samples(metric, period) {
            for slot in series.samples.chunk_by(|a, b| a.at.slot_of_sample() == b.at.slot_of_sample()) {
                sum += EventCounts::new(i64::from(slot.iter().all(|s| good.holds(s.value))), 1);
            }
        }
        sum
    }
}

fn weigh(weights: &Weights, counts: &Counts) -> EventCounts {
    weights.iter().zip(counts).fold(EventCounts::ZERO, |sum, (weight, count)| {
        let times = |n: i64| n * *count as i64;
        let EventCounts { good, total, uncertain } = *weight;
        sum + EventCounts { good: times(good), total: times(total), uncertain: times(uncertain) }
    })
}

fn weights(indicator: &Sli, pod: &Pod<'_>) -> Weights {
    match indicator {
        // What counts time has no requests, and the world evaluates no expressions.
        Sli::Gauge { .. }
        | Sli::RawRatio { .. }
        | Sli::Alert { .. }
        | Sli::Pushed { .. }
        | Sli::Composite(_)
        | Sli::Estimated { .. } => Vec::new(),
        Sli::Ratio { numerator, total } => {
            let selected = |sum: &SelectorSum| -> Vec<i64> {
                let times = |cell| sum.iter().filter(|s| counts_in(s, pod, cell)).count() as i64;
                CELLS.iter().map(times).collect()
            };
            let (named, total) = (selected(numerator.sum()), selected(total));
            let weight = |(named, total): (&i64, &i64)| {
                let good = match numerator {
                    Numerator::Good(_) => *named,
                    Numerator::Bad(_) => *total - *named,
                };
                EventCounts::new(good, *total)
            };
            named.iter().zip(&total).map(weight).collect()
        }
        Sli::Latency { histogram, threshold_seconds, .. } => {
            let ours = histogram.metric == DURATION && histogram.matches_labels(&pod.labels);
            CELLS.iter().map(|cell| if ours { within(cell, *threshold_seconds) } else { EventCounts::ZERO }).collect()
        }
    }
}

/// Whether a request of the cell counts in a series that is selected.
fn counts_in(selector: &Selector, pod: &Pod<'_>, cell: &Cell) -> bool {
    readings(pod).into_iter().filter(|r| r.metric() == selector.metric && r.is_counted()).any(|reading| {
        let counted = match reading {
            Reading::Requests(child) => cell.child == child,
            Reading::Bucket(i) => cell.bucket <= i,
            _ => true,
        };
        counted && selector.matches(&reading.labels(&pod.labels))
    })
}

/// A request that fell into a bucket, against a threshold: good or bad if the
/// bucket lies on one side of it, else uncertain.
fn within(cell: &Cell, threshold: f64) -> EventCounts {
    let lower = cell.bucket.checked_sub(1).and_then(|i| BOUNDS.get(i)).copied().unwrap_or(0.0);
    let upper = BOUNDS.get(cell.bucket).copied().unwrap_or(f64::INFINITY);
    let good = upper <= threshold;
    EventCounts { good: i64::from(good), total: 1, uncertain: i64::from(!good && lower < threshold) }
}
