//! What must be read for an indicator, and what each series that comes back
//! contributes to good, total and uncertain.

use crate::model::comparison::Comparison;
use crate::model::labels::{Labels, NAME};
use crate::model::selector::{MatchOp, Matcher, Selector, SelectorSum};
use crate::model::slo::{Expression, Indicator, Numerator};

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
        total: SelectorSum,
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
    RawRatio {
        metric: Selector,
        is_bad: bool,
    },
    Alert {
        alerts: Selector,
    },
    Estimated {
        numerator: Expression,
        is_bad: bool,
        total: Expression,
    },
    /// Nothing is read: the counts are pushed, or follow from those of other SLOs.
    Nothing,
}

impl Reading {
    /// Whether a slot may be told of by samples of the minutes before it.
    pub fn looks_back(&self) -> bool {
        matches!(self, Reading::Gauge { .. } | Reading::RawRatio { .. } | Reading::Alert { .. })
    }
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
            Indicator::RawRatio { metric, is_bad } => Reading::RawRatio { metric: metric.clone(), is_bad: *is_bad },
            Indicator::Alert { alerts } => Reading::Alert { alerts: alerts.clone() },
            Indicator::Pushed { .. } | Indicator::Composite(_) => Reading::Nothing,
            Indicator::Estimated { numerator, is_bad, total } => {
                Reading::Estimated { numerator: numerator.clone(), is_bad: *is_bad, total: total.clone() }
            }
        };
        Plan { reading }
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The selectors whose raw samples are needed. A selector that lies within
    /// another needs no request of its own.
    pub fn selectors(&self) -> Vec<&Selector> {
        let all: Vec<&Selector> = match &self.reading {
            Reading::Ratio { numerator, total } => numerator.sum().iter().chain(total.iter()).collect(),
            Reading::Buckets { buckets, .. } => vec![buckets],
            Reading::Gauge { metric, .. } | Reading::RawRatio { metric, .. } => vec![metric],
            Reading::Alert { alerts } => vec![alerts],
            Reading::Estimated { .. } | Reading::Nothing => Vec::new(),
        };
        let within = |i: usize, one: &Selector| {
            let wider =
                |(j, other): (usize, &&Selector)| i != j && one.is_within(other) && (!other.is_within(one) || j < i);
            all.iter().enumerate().any(wider)
        };
        all.iter().enumerate().filter(|(i, one)| !within(*i, one)).map(|(_, one)| *one).collect()
    }

    /// The selectors that say which targets the indicator is about: those of the
    /// total, and those of the other side that name targets of their own.
    pub fn scope(&self) -> Vec<&Selector> {
        match &self.reading {
            Reading::Ratio { numerator, total } => {
                let own = |s: &&Selector| s.matchers().iter().any(is_on_target);
                total.iter().chain(numerator.sum().iter().filter(own)).collect()
            }
            Reading::Buckets { buckets, .. } => vec![buckets],
            Reading::Gauge { metric, .. } | Reading::RawRatio { metric, .. } => vec![metric],
            Reading::Alert { .. } | Reading::Estimated { .. } | Reading::Nothing => Vec::new(),
        }
    }

    /// The `up` series of the targets that the indicator may be about: matchers
    /// on `job` and `instance`, which every target carries. An indicator that is
    /// about no target asks for those without a job, of which there are none.
    pub fn up_selectors(&self) -> Vec<Selector> {
        if self.scope().is_empty() {
            let nobody = ["job", "instance"].map(|label| Matcher::new(label, MatchOp::Equal, "").ok());
            return vec![Selector::new("up", nobody.into_iter().flatten().collect())];
        }
        let on_target = |s: &Selector| s.matchers().iter().filter(|m| is_on_target(m)).cloned().collect();
        self.scope().into_iter().map(|s| Selector::new("up", on_target(s))).collect()
    }

    /// Whether a target may expose what is counted.
    pub fn admits(&self, target: &Labels) -> bool {
        self.scope().iter().any(|s| s.admits_target(target))
    }

    /// Whether the definition itself names the job of a target, so that it counts
    /// even before it exposes the metric.
    pub fn names_job_of(&self, target: &Labels) -> bool {
        let names = |s: &Selector| s.matchers().iter().any(|m| m.label == "job" && m.op == MatchOp::Equal);
        self.scope().iter().any(|s| names(s) && s.admits_target(target))
    }

    /// The weights of all series, in their order; zero for those not concerned.
    /// With a histogram also the bounds, when none equals the threshold.
    pub(super) fn weights(&self, series: &[&Labels]) -> (Vec<Weight>, Option<Vec<f64>>) {
        match &self.reading {
            Reading::Ratio { numerator, total } => {
                (series.iter().map(|labels| ratio_weight(numerator, total, labels)).collect(), None)
            }
            Reading::Buckets { buckets, threshold } => bucket_weights(buckets, *threshold, series),
            _ => (vec![Weight::default(); series.len()], None),
        }
    }
}

fn is_on_target(matcher: &Matcher) -> bool {
    matcher.label == "job" || matcher.label == "instance"
}

fn ratio_weight(numerator: &Numerator, total: &SelectorSum, labels: &Labels) -> Weight {
    let total = total.matches(labels);
    let good = match numerator {
        Numerator::Good(good) => good.matches(labels),
        Numerator::Bad(bad) => total - bad.matches(labels),
    };
    Weight { good, total, uncertain: 0 }
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
