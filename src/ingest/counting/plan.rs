//! What must be read for an indicator, and what each series that comes back
//! contributes to good, total and uncertain.

use crate::model::labels::{Labels, NAME};
use crate::model::selector::{MatchOp, Matcher, Selector};
use crate::model::slo::{Comparison, Indicator, Numerator};

/// An indicator, ready to be counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    reading: Reading,
}

/// The forms of an indicator, down at the series.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    Ratio {
        numerator: Numerator,
        total: Selector,
    },
    /// `buckets` selects all bounds of the histogram.
    Buckets {
        buckets: Selector,
        threshold: f64,
    },
    Gauge {
        metric: Selector,
        good: Comparison,
    },
}

/// How often an event of a series counts on each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub good: i64,
    pub total: i64,
    pub uncertain: i64,
}

impl Weight {
    fn is_zero(self) -> bool {
        self == Weight::default()
    }
}

impl Plan {
    pub fn new(indicator: &Indicator) -> Plan {
        let reading = match indicator {
            Indicator::Ratio { numerator, total } => {
                Reading::Ratio { numerator: numerator.clone(), total: total.clone() }
            }
            Indicator::Latency { histogram, threshold_seconds } => Reading::Buckets {
                buckets: histogram.derive(format!("{}_bucket", histogram.metric), []),
                threshold: *threshold_seconds,
            },
            Indicator::Gauge { metric, good } => Reading::Gauge { metric: metric.clone(), good: *good },
        };
        Plan { reading }
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The selectors whose raw samples are needed. A numerator that lies within
    /// the total needs no request of its own.
    pub fn selectors(&self) -> Vec<&Selector> {
        match &self.reading {
            Reading::Ratio { numerator, total } if numerator.selector().is_within(total) => {
                vec![total]
            }
            Reading::Ratio { numerator, total } => vec![numerator.selector(), total],
            Reading::Buckets { buckets, .. } => vec![buckets],
            Reading::Gauge { metric, .. } => vec![metric],
        }
    }

    /// The selector that says which targets the indicator is about.
    pub fn scope(&self) -> &Selector {
        match &self.reading {
            Reading::Ratio { total, .. } => total,
            Reading::Buckets { buckets, .. } => buckets,
            Reading::Gauge { metric, .. } => metric,
        }
    }

    /// The `up` series of the targets that the indicator may be about: its
    /// matchers on `job` and `instance`, which every target carries.
    pub fn up_selector(&self) -> Selector {
        let on_target: Vec<Matcher> =
            self.scope().matchers().iter().filter(|m| m.label == "job" || m.label == "instance").cloned().collect();
        Selector::new("up", on_target)
    }

    /// Whether the definition itself names a job, so that a target of it counts
    /// even before it exposes the metric.
    pub fn names_job(&self) -> bool {
        self.scope().matchers().iter().any(|m| m.label == "job" && m.op == MatchOp::Equal)
    }

    /// The weights of all series, in their order; zero for those not concerned.
    /// With a histogram also the bounds, when none equals the threshold.
    pub(super) fn weights(&self, series: &[&Labels]) -> (Vec<Weight>, Option<Vec<f64>>) {
        match &self.reading {
            Reading::Ratio { numerator, total } => {
                (series.iter().map(|labels| ratio_weight(numerator, total, labels)).collect(), None)
            }
            Reading::Buckets { buckets, threshold } => bucket_weights(buckets, *threshold, series),
            Reading::Gauge { .. } => (vec![Weight::default(); series.len()], None),
        }
    }
}

fn ratio_weight(numerator: &Numerator, total: &Selector, labels: &Labels) -> Weight {
    let mut weight = Weight::default();
    let in_total = total.matches(labels);
    if in_total {
        weight.total = 1;
    }
    match numerator {
        Numerator::Good(good) => weight.good = i64::from(good.matches(labels)),
        Numerator::Bad(bad) => weight.good = i64::from(in_total) - i64::from(bad.matches(labels)),
    }
    weight
}

/// `le` is compared as a number: `1` and `1.0` are one bound.
fn bound_of(labels: &Labels) -> Option<f64> {
    let le = labels.get("le")?;
    if le == "+Inf" { Some(f64::INFINITY) } else { le.parse().ok() }
}

fn same_bound(a: f64, b: f64) -> bool {
    a == b || (a.is_finite() && b.is_finite() && (a - b).abs() <= 1e-9 * a.abs().max(b.abs()))
}

/// Per histogram (all labels but `le`): exact at a bound, else the interval
/// between the neighbours.
fn bucket_weights(buckets: &Selector, threshold: f64, series: &[&Labels]) -> (Vec<Weight>, Option<Vec<f64>>) {
    let mut weights = vec![Weight::default(); series.len()];
    let mut groups: std::collections::BTreeMap<Labels, Vec<(usize, f64)>> = std::collections::BTreeMap::new();
    for (i, labels) in series.iter().enumerate() {
        if let Some(bound) = bound_of(labels).filter(|_| buckets.matches(labels)) {
            groups.entry(labels.without(&["le", NAME])).or_default().push((i, bound));
        }
    }
    let mut missing: Option<Vec<f64>> = None;
    for group in groups.values_mut() {
        group.sort_by(|a, b| a.1.total_cmp(&b.1));
        let mut add = |i: usize, good, total, uncertain| {
            if let Some(w) = weights.get_mut(i) {
                w.good += good;
                w.total += total;
                w.uncertain += uncertain;
            }
        };
        if let Some((i, _)) = group.last().filter(|(_, bound)| bound.is_infinite()) {
            add(*i, 0, 1, 0);
        }
        if let Some((i, _)) = group.iter().find(|(_, bound)| same_bound(*bound, threshold)) {
            add(*i, 1, 0, 0);
            continue;
        }
        if let Some((i, _)) = group.iter().rev().find(|(_, bound)| *bound < threshold) {
            add(*i, 1, 0, -1);
        }
        if let Some((i, _)) = group.iter().find(|(_, bound)| *bound > threshold) {
            add(*i, 0, 0, 1);
        }
        let bounds = missing.get_or_insert_default();
        bounds.extend(group.iter().map(|(_, b)| *b));
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
    }
    (weights, missing)
}

pub(super) fn concerned(weight: Weight) -> bool {
    !weight.is_zero()
}
