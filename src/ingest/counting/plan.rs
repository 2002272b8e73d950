//! What must be read for an indicator, and what each series that comes back
//! contributes to good, total and uncertain.

use super::notices::Operand;
use super::state::State;
use crate::ingest::counting::counted::Inexact;
use crate::ingest::counting::histograms::buckets::Buckets;
use crate::ingest::counting::histograms::native::{Thresholds, asked_name, native_name};
use crate::ingest::counting::weights::{Weight, Weights};
use crate::ingest::raw::RawSeries;
use crate::model::labels::selector::{MatchOp, Matcher, Selector, SelectorSum};
use crate::model::labels::{Labels, NAME};
use crate::model::operations::comparison::ValueCondition;
use crate::model::slo::sli::{Expression, Numerator, RatioUnit, Sli};

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
    /// `buckets` selects all bounds of the classic form, `histogram` the native
    /// one, whose counters come under the name in `native`, and `count` the total of
    /// a classic one without the bucket `+Inf`.
    Buckets {
        buckets: Selector,
        histogram: Selector,
        native: Selector,
        count: Selector,
        threshold: f64,
    },
    Gauge {
        metric: Selector,
        good: ValueCondition,
    },
    RawRatio {
        metric: Selector,
        is_bad: bool,
        unit: RatioUnit,
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

    /// Whether counters are read.
    pub fn is_counted(&self) -> bool {
        matches!(self, Reading::Ratio { .. } | Reading::Buckets { .. })
    }
}

impl Plan {
    pub fn new(indicator: &Sli) -> Plan {
        let reading = match indicator {
            Sli::Ratio { numerator, total } => Reading::Ratio { numerator: numerator.clone(), total: total.clone() },
            Sli::Latency { histogram, threshold_seconds, unit } => Reading::Buckets {
                buckets: histogram.derive(format!("{}_bucket", histogram.metric), []),
                histogram: histogram.clone(),
                count: histogram.derive(format!("{}_count", histogram.metric), []),
                native: histogram.derive(native_name(&histogram.metric), []),
                threshold: unit.bound(*threshold_seconds),
            },
            Sli::Gauge { metric, good } => Reading::Gauge { metric: metric.clone(), good: *good },
            Sli::RawRatio { metric, is_bad, unit } => {
                Reading::RawRatio { metric: metric.clone(), is_bad: *is_bad, unit: *unit }
            }
            Sli::Alert { alerts } => Reading::Alert { alerts: alerts.clone() },
            Sli::Pushed { .. } | Sli::Composite(_) => Reading::Nothing,
            Sli::Estimated { numerator, is_bad, total } => {
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
            Reading::Buckets { buckets, histogram, count, .. } => vec![buckets, histogram, count],
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

    /// Whether a series is one of those that are read for the indicator.
    pub fn reads(&self, series: &Labels) -> bool {
        let metric = series.get(NAME).map(asked_name);
        self.selectors().iter().any(|s| metric == Some(s.metric.as_str()) && s.matches_labels(series))
    }

    /// The sides with their selectors.
    pub fn operands(&self) -> Vec<(Operand, &Selector)> {
        match &self.reading {
            Reading::Ratio { numerator, total } => {
                let side = if matches!(numerator, Numerator::Good(_)) { Operand::Good } else { Operand::Bad };
                let part = numerator.sum().iter().map(|s| (side, s));
                part.chain(total.iter().map(|s| (Operand::Total, s))).collect()
            }
            Reading::Gauge { metric, .. } | Reading::RawRatio { metric, .. } => vec![(Operand::Gauge, metric)],
            _ => Vec::new(),
        }
    }

    /// The selectors that say which targets the indicator is about: those of the
    /// total, and those of the other side that name targets of their own.
    pub fn scope(&self) -> Vec<&Selector> {
        match &self.reading {
            Reading::Ratio { numerator, total } => {
                let own = |s: &&Selector| s.matchers().iter().any(is_on_target);
                total.iter().chain(numerator.sum().iter().filter(own)).collect()
            }
            Reading::Buckets { buckets, histogram, .. } => vec![buckets, histogram],
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

    /// Whether all that the definition asks of a series is on the target already, so
    /// that the series may just not be there yet. A label that only the series have
    /// says nothing about a target without them.
    pub fn names_all_of(&self, target: &Labels) -> bool {
        self.scope().iter().any(|s| s.matches_labels(target))
    }

    /// The threshold of a histogram whose native form may come back.
    pub fn add_threshold(&self, thresholds: &mut Thresholds) {
        if let Reading::Buckets { histogram, threshold, .. } = &self.reading {
            thresholds.add(&histogram.metric, *threshold);
        }
    }

    /// The weights of all series, in their order; zero for those not concerned.
    /// With a histogram also why they are not exact.
    pub(super) fn weights(&self, series: &[&RawSeries], state: &State) -> (Vec<Weights>, Option<Inexact>) {
        match &self.reading {
            Reading::Ratio { numerator, total } => {
                let weight = |s: &&RawSeries| Weights::Always(ratio_weight(numerator, total, &s.labels));
                (series.iter().map(weight).collect(), None)
            }
            Reading::Buckets { buckets, native, count, threshold, .. } => {
                Buckets { classic: buckets, native, count, threshold: *threshold }.weights(series, state)
            }
            _ => (vec![Weights::Always(Weight::default()); series.len()], None),
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
