//! What is counted: the kinds of indicators, and the identity under which their
//! tiles are stored. Must not know what is promised about them.

use std::fmt;

use super::composite::{Combination, Composite};
use crate::model::ids::SliId;
use crate::model::labels::content_hash;
use crate::model::labels::selector::{Selector, SelectorSum};
use crate::model::operations::comparison::ValueCondition;

/// How good and total events are counted.
#[derive(Clone, Debug, PartialEq)]
pub enum Sli {
    Ratio {
        numerator: Numerator,
        total: SelectorSum,
    },
    /// Good: observations at most `threshold_seconds`, from a histogram, classic
    /// or native, whose name is given without `_bucket`.
    Latency {
        histogram: Selector,
        threshold_seconds: f64,
        /// Of the bounds of the histogram.
        unit: HistogramUnit,
    },
    /// Every series is one slice of weight one per slot, good when all samples
    /// of the slot satisfy the comparison.
    Gauge {
        metric: Selector,
        good: ValueCondition,
    },
    /// Every series is one slice of weight one per slot, whose good share is the
    /// mean of the samples, ratios themselves.
    RawRatio {
        metric: Selector,
        /// The samples are the bad share.
        is_bad: bool,
        unit: RatioUnit,
    },
    /// A slot is one slice, bad where a matching alert fires. `alerts` selects
    /// the firing series of `ALERTS`.
    Alert {
        alerts: Selector,
    },
    /// Somebody pushes good and total events of every slot.
    Pushed {
        /// The SLO that they are pushed for.
        slo: String,
    },
    /// What the slots of other SLOs come to together.
    Composite(Composite),
    /// Two expressions that the source evaluates for each slot: events, or what
    /// stands for them.
    Estimated {
        numerator: Expression,
        /// The numerator is the bad side.
        is_bad: bool,
        total: Expression,
    },
}

/// The unit of a gauge that shows a ratio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RatioUnit {
    /// From 0 to 1.
    #[default]
    Ratio,
    /// From 0 to 100.
    Percent,
}

impl RatioUnit {
    pub const ALL: [RatioUnit; 2] = [RatioUnit::Ratio, RatioUnit::Percent];

    pub fn as_str(self) -> &'static str {
        match self {
            RatioUnit::Ratio => "ratio",
            RatioUnit::Percent => "percent",
        }
    }

    /// A value as a ratio.
    pub fn ratio(self, value: f64) -> f64 {
        match self {
            RatioUnit::Ratio => value,
            RatioUnit::Percent => value / 100.0,
        }
    }
}

/// The unit of a histogram's bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HistogramUnit {
    #[default]
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl HistogramUnit {
    pub const ALL: [HistogramUnit; 4] =
        [HistogramUnit::Seconds, HistogramUnit::Milliseconds, HistogramUnit::Microseconds, HistogramUnit::Nanoseconds];

    pub fn as_str(self) -> &'static str {
        match self {
            HistogramUnit::Seconds => "s",
            HistogramUnit::Milliseconds => "ms",
            HistogramUnit::Microseconds => "us",
            HistogramUnit::Nanoseconds => "ns",
        }
    }

    /// As the name of a metric says, by the conventions of Prometheus and of
    /// OpenTelemetry; seconds where it does not.
    pub fn of_name(metric: &str) -> HistogramUnit {
        let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| metric.ends_with(suffix));
        match () {
            () if ends(&["_milliseconds", "_millis", "_ms"]) => HistogramUnit::Milliseconds,
            () if ends(&["_microseconds", "_micros", "_us"]) => HistogramUnit::Microseconds,
            () if ends(&["_nanoseconds", "_nanos", "_ns"]) => HistogramUnit::Nanoseconds,
            () => HistogramUnit::Seconds,
        }
    }

    /// A threshold in this unit.
    pub fn bound(self, seconds: f64) -> f64 {
        let scale = match self {
            HistogramUnit::Seconds => return seconds,
            HistogramUnit::Milliseconds => 1e3,
            HistogramUnit::Microseconds => 1e6,
            HistogramUnit::Nanoseconds => 1e9,
        };
        // Decimal, so that 0.29 s are 290 ms and not a little less.
        format!("{:.9e}", seconds * scale).parse().unwrap_or(seconds * scale)
    }
}

/// PromQL that only the source can evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    pub text: String,
    /// Its value is events per second, and not in the slot.
    pub per_second: bool,
    /// The series that it reads, as far as they are plain selectors.
    pub selectors: Vec<Selector>,
}

impl Expression {
    /// How many of its selectors have series, as an expression for the source; `None`
    /// where none is known.
    pub fn presence(&self) -> Option<String> {
        let terms = self.selectors.iter().map(|one| format!("(group({}) or vector(0))", one.for_source()));
        let terms: Vec<String> = terms.collect();
        (!terms.is_empty()).then(|| terms.join(" + "))
    }
}

/// Which side of a ratio a definition names.
#[derive(Clone, Debug, PartialEq)]
pub enum Numerator {
    Good(SelectorSum),
    Bad(SelectorSum),
}

impl Numerator {
    pub fn sum(&self) -> &SelectorSum {
        match self {
            Numerator::Good(s) | Numerator::Bad(s) => s,
        }
    }
}

impl Sli {
    pub fn id(&self, source: &str) -> SliId {
        let said = self.to_string();
        let mut parts: Vec<&[u8]> = vec![source.as_bytes(), said.as_bytes()];
        if let Sli::Composite(composite) = self {
            // A component that counts something else makes another composite.
            parts.extend(composite.components.iter().map(|component| component.indicator.0.as_slice()));
        }
        SliId(content_hash(parts))
    }

    /// The selectors whose samples are read, as the definition gives them.
    pub fn selectors(&self) -> Vec<&Selector> {
        match self {
            Sli::Ratio { numerator, total } => numerator.sum().iter().chain(total.iter()).collect(),
            Sli::Latency { histogram, .. } => vec![histogram],
            Sli::Gauge { metric, .. } | Sli::RawRatio { metric, .. } => vec![metric],
            Sli::Alert { alerts } => vec![alerts],
            Sli::Estimated { .. } | Sli::Pushed { .. } | Sli::Composite(_) => Vec::new(),
        }
    }

    /// Whether what is counted are slots of time, and not events.
    pub fn counts_time(&self) -> bool {
        matches!(self, Sli::Gauge { .. } | Sli::RawRatio { .. } | Sli::Alert { .. } | Sli::Composite(_))
    }

    /// Whether it is read from a source.
    pub fn is_read(&self) -> bool {
        !matches!(self, Sli::Pushed { .. } | Sli::Composite(_))
    }

    /// Whether it has slices only, whose good share may be any: no events can be
    /// budgeted.
    pub fn is_ratio_of_slices(&self) -> bool {
        match self {
            Sli::RawRatio { .. } => true,
            Sli::Composite(composite) => composite.combination == Combination::Weighted,
            _ => false,
        }
    }
}

impl fmt::Display for Sli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sli::Ratio { numerator: Numerator::Good(good), total } => write!(f, "good {good} of {total}"),
            Sli::Ratio { numerator: Numerator::Bad(bad), total } => write!(f, "bad {bad} of {total}"),
            Sli::Latency { histogram, threshold_seconds, unit } => {
                write!(f, "{histogram} within {threshold_seconds} s")?;
                // The unit of a name that says it is no part of the identity.
                if *unit == HistogramUnit::of_name(&histogram.metric) {
                    return Ok(());
                }
                write!(f, ", bounds in {}", unit.as_str())
            }
            Sli::Gauge { metric, good } => write!(f, "{metric} {good}"),
            Sli::RawRatio { metric, is_bad, unit } => {
                write!(f, "{metric} is the {} share", if *is_bad { "bad" } else { "good" })?;
                // The usual unit is no part of the identity.
                if *unit == RatioUnit::Ratio { Ok(()) } else { write!(f, ", in {}", unit.as_str()) }
            }
            Sli::Alert { alerts } => write!(f, "no {alerts}"),
            Sli::Pushed { slo } => write!(f, "pushed for {slo}"),
            Sli::Composite(composite) => composite.fmt(f),
            Sli::Estimated { numerator, is_bad, total } => {
                let side = if *is_bad { "bad" } else { "good" };
                write!(f, "{side} ({}) of ({}), estimated", numerator.text, total.text)
            }
        }
    }
}
