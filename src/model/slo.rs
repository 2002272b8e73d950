//! A promise about one service: what is counted, how much of it must be good,
//! over which windows, and who is told when the budget burns.

use std::fmt;

use super::comparison::Comparison;
use super::composite::{Combination, Composite};
use super::groups::GroupBy;
use super::labels::{Labels, content_hash, hex};
use super::objectives::Objectives;
use super::selector::{Selector, SelectorSum};
use super::time::{Millis, Period, Timestamp};
use super::window::ComplianceWindow;

/// One SLO, validated: every value of this type can be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    /// Unique; a DNS label.
    pub name: String,
    pub service: String,
    /// Labels of the definition, such as `team`; shown on `_info` and alerts.
    pub labels: Labels,
    pub description: String,
    /// The present one.
    pub objective: Objective,
    /// Those that were in force, as far as that is stated or was noted.
    pub objectives: Objectives,
    /// At least one; the first is what alerts and lists show.
    pub windows: Vec<ComplianceWindow>,
    /// The source's name; `None` means the only one.
    pub source: Option<String>,
    pub indicator: Indicator,
    /// One promise for each value of some labels; it then is none of its own.
    pub group_by: Option<GroupBy>,
    /// The SLO that this is a group of.
    pub group_of: Option<String>,
    pub budgeting: Budgeting,
    pub no_data: NoDataPolicy,
    pub alerts: AlertPolicy,
    /// What is agreed to be done as the budget of the first window goes, the
    /// fullest budget first.
    pub budget_policy: Vec<PolicyStep>,
}

impl Slo {
    /// The identity of what is counted. Tiles are stored under it, so a new
    /// objective keeps the history and a new indicator starts a new one.
    pub fn indicator_id(&self) -> IndicatorId {
        self.indicator.id(self.source.as_deref().unwrap_or(""))
    }

    /// The window that alerts and lists show.
    pub fn first_window(&self) -> &ComplianceWindow {
        // A validated SLO has at least one window; the fallback keeps this total.
        static FALLBACK: ComplianceWindow = ComplianceWindow::rolling_days(30);
        self.windows.first().unwrap_or(&FALLBACK)
    }

    pub fn team(&self) -> Option<&str> {
        self.labels.get("team")
    }
}

/// The promised ratio of good events, strictly between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Objective(f64);

impl Objective {
    pub fn new(ratio: f64) -> Option<Self> {
        (ratio > 0.0 && ratio < 1.0).then_some(Objective(ratio))
    }

    pub fn ratio(self) -> f64 {
        self.0
    }

    /// The share of events that may be bad: 1 - objective, without the noise
    /// of binary fractions (1 - 0.999 would be 0.0010000000000000009).
    pub fn allowed_bad_ratio(self) -> f64 {
        let raw = 1.0 - self.0;
        let scale = 1e12;
        let rounded = (raw * scale).round() / scale;
        if rounded > 0.0 { rounded } else { raw }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = format!("{:.6}", self.0 * 100.0);
        write!(f, "{}%", percent.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// How good and total events are counted.
#[derive(Clone, Debug, PartialEq)]
pub enum Indicator {
    Ratio {
        numerator: Numerator,
        total: SelectorSum,
    },
    /// Good: observations at most `threshold_seconds`, from a histogram, classic
    /// or native, whose name is given without `_bucket`.
    Latency {
        histogram: Selector,
        threshold_seconds: f64,
    },
    /// Every series is one slice of weight one per slot, good when all samples
    /// of the slot satisfy the comparison.
    Gauge {
        metric: Selector,
        good: Comparison,
    },
    /// Every series is one slice of weight one per slot, whose good share is the
    /// mean of the samples, ratios themselves.
    RawRatio {
        metric: Selector,
        /// The samples are the bad share.
        is_bad: bool,
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

/// PromQL that only the source can evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    pub text: String,
    /// Its value is events per second, and not in the slot.
    pub per_second: bool,
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

impl Indicator {
    pub fn id(&self, source: &str) -> IndicatorId {
        let said = self.to_string();
        let mut parts: Vec<&[u8]> = vec![source.as_bytes(), said.as_bytes()];
        if let Indicator::Composite(composite) = self {
            // A component that counts something else makes another composite.
            parts.extend(composite.components.iter().map(|component| component.indicator.0.as_slice()));
        }
        IndicatorId(content_hash(parts))
    }

    /// The selectors whose samples are read, as the definition gives them.
    pub fn selectors(&self) -> Vec<&Selector> {
        match self {
            Indicator::Ratio { numerator, total } => numerator.sum().iter().chain(total.iter()).collect(),
            Indicator::Latency { histogram, .. } => vec![histogram],
            Indicator::Gauge { metric, .. } | Indicator::RawRatio { metric, .. } => vec![metric],
            Indicator::Alert { alerts } => vec![alerts],
            Indicator::Estimated { .. } | Indicator::Pushed { .. } | Indicator::Composite(_) => Vec::new(),
        }
    }

    /// Whether what is counted are slots of time, and not events.
    pub fn counts_time(&self) -> bool {
        matches!(
            self,
            Indicator::Gauge { .. } | Indicator::RawRatio { .. } | Indicator::Alert { .. } | Indicator::Composite(_)
        )
    }

    /// Whether it is read from a source.
    pub fn is_read(&self) -> bool {
        !matches!(self, Indicator::Pushed { .. } | Indicator::Composite(_))
    }

    /// Whether it has slices only, whose good share may be any: no events can be
    /// budgeted.
    pub fn is_ratio_of_slices(&self) -> bool {
        match self {
            Indicator::RawRatio { .. } => true,
            Indicator::Composite(composite) => composite.combination == Combination::Weighted,
            _ => false,
        }
    }
}

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Indicator::Ratio { numerator: Numerator::Good(good), total } => write!(f, "good {good} of {total}"),
            Indicator::Ratio { numerator: Numerator::Bad(bad), total } => write!(f, "bad {bad} of {total}"),
            Indicator::Latency { histogram, threshold_seconds } => {
                write!(f, "{histogram} within {threshold_seconds} s")
            }
            Indicator::Gauge { metric, good } => write!(f, "{metric} {good}"),
            Indicator::RawRatio { metric, is_bad: false } => write!(f, "{metric} is the good share"),
            Indicator::RawRatio { metric, is_bad: true } => write!(f, "{metric} is the bad share"),
            Indicator::Alert { alerts } => write!(f, "no {alerts}"),
            Indicator::Pushed { slo } => write!(f, "pushed for {slo}"),
            Indicator::Composite(composite) => composite.fmt(f),
            Indicator::Estimated { numerator, is_bad, total } => {
                let side = if *is_bad { "bad" } else { "good" };
                write!(f, "{side} ({}) of ({}), estimated", numerator.text, total.text)
            }
        }
    }
}

/// The content hash of an indicator and its source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndicatorId(pub [u8; 16]);

impl fmt::Display for IndicatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for IndicatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IndicatorId({self})")
    }
}

/// What one unit of the budget is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budgeting {
    /// Every event counts the same.
    Events,
    /// A slice of time is one event, good when its ratio reaches the target.
    Timeslices { slice: Millis, target: f64 },
    /// The mean of the slices' ratios.
    RatioTimeslices { slice: Millis },
}

impl Budgeting {
    /// The length of a slice; `None` where events are counted.
    pub fn slice(self) -> Option<Millis> {
        match self {
            Budgeting::Events => None,
            Budgeting::Timeslices { slice, .. } | Budgeting::RatioTimeslices { slice } => Some(slice),
        }
    }

    /// A period as this budgeting counts it: in whole slices, each in the
    /// period in which it ends, so that neighbours share none and miss none.
    pub fn whole_slices(self, period: Period) -> Period {
        let Some(slice) = self.slice().filter(|s| s.0 > 0) else { return period };
        let floor = |at: Timestamp| Timestamp::from_millis(at.millis().div_euclid(slice.0) * slice.0);
        Period::new(floor(period.start), floor(period.end))
    }
}

/// What unknown time counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDataPolicy {
    /// Left out, and shown as missing coverage.
    Ignore,
    /// As `Ignore`; alerts neither fire nor resolve below the coverage floor of
    /// the alert policy.
    Freeze,
    Bad,
    Good,
}

impl NoDataPolicy {
    pub fn word(self) -> &'static str {
        match self {
            NoDataPolicy::Ignore => "ignore",
            NoDataPolicy::Freeze => "freeze",
            NoDataPolicy::Bad => "bad",
            NoDataPolicy::Good => "good",
        }
    }
}

/// What is done once no more than so much of the budget remains.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyStep {
    /// 0..=1; unique within the SLO. 0 is a budget that is spent.
    pub remaining_ratio: f64,
    pub text: String,
    pub owner: String,
    /// Of the alert that entering it sends.
    pub severity: Severity,
}

impl PolicyStep {
    /// The constant name of the step, `50%`.
    pub fn name(&self) -> String {
        let percent = format!("{:.4}", self.remaining_ratio * 100.0);
        format!("{}%", percent.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Which burn-rate alerts an SLO has, and what they carry.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertPolicy {
    pub tiers: Vec<AlertTier>,
    pub labels: Labels,
    pub annotations: Labels,
    /// Coverage of a lookback, 0..1, below which too little is known: with
    /// `noData: freeze` alerts then neither fire nor resolve.
    pub coverage_floor: f64,
    /// Bad events, or slices, in the long lookback below which nobody is paged:
    /// one failure in a quiet night is no reason to wake anyone.
    pub bad_events_min: i64,
    /// Of the alert that says that less than the floor was seen of the last hour;
    /// `None` sends none.
    pub missing_data: Option<Severity>,
}

impl Default for AlertPolicy {
    /// No tiers; the usual floor and guard.
    fn default() -> Self {
        AlertPolicy {
            tiers: Vec::new(),
            labels: Labels::new(),
            annotations: Labels::new(),
            coverage_floor: 0.9,
            bad_events_min: 5,
            missing_data: None,
        }
    }
}

/// One pair of lookbacks: fires when both burn faster than `factor`.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertTier {
    /// Unique within the SLO: the `tier` label.
    pub name: String,
    pub severity: Severity,
    /// The share of the period's budget that is gone when the long lookback
    /// burns at the factor.
    pub budget_ratio: f64,
    pub long: Millis,
    pub short: Millis,
}

impl AlertTier {
    /// Burn rate above which the tier fires: budget share x period / long.
    pub fn factor(&self, period: Millis) -> f64 {
        self.budget_ratio * period.0 as f64 / self.long.0 as f64
    }

    /// The four standard tiers: 2 % in 1 h and 5 % in 6 h page, 10 % in 1 d
    /// and 10 % in 3 d make a ticket; after Google's SRE workbook, chapter 5.
    pub fn standard() -> Vec<AlertTier> {
        let tier = |name: &str, severity, budget_ratio, long, short| AlertTier {
            name: name.to_owned(),
            severity,
            budget_ratio,
            long,
            short,
        };
        vec![
            tier("fast", Severity::Page, 0.02, Millis::from_hours(1), Millis::from_mins(5)),
            tier("medium", Severity::Page, 0.05, Millis::from_hours(6), Millis::from_mins(30)),
            tier("slow", Severity::Ticket, 0.10, Millis::from_days(1), Millis::from_hours(2)),
            tier("creeping", Severity::Ticket, 0.10, Millis::from_days(3), Millis::from_hours(6)),
        ]
    }
}

/// How urgently a person is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Info,
    Ticket,
    Page,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Ticket => "ticket",
            Severity::Page => "page",
        }
    }

    /// From the `severity` label of an alert rule, by the usual words; an
    /// unknown word pages nobody, a missing one is a ticket.
    pub fn from_label(value: Option<&str>) -> Severity {
        match value.map(str::to_ascii_lowercase).as_deref() {
            Some("page" | "critical" | "crit" | "emergency" | "fatal" | "high" | "p1" | "sev1") => Severity::Page,
            Some("ticket" | "warning" | "warn" | "error" | "medium" | "p2" | "sev2") | None => Severity::Ticket,
            Some(_) => Severity::Info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allowed_share_has_no_binary_noise() {
        let allowed = |o: f64| Objective::new(o).unwrap().allowed_bad_ratio();
        assert_eq!(allowed(0.999), 0.001);
        assert_eq!(allowed(0.9995), 0.0005);
        assert_eq!(allowed(0.95), 0.05);
        assert!(Objective::new(1.0).is_none() && Objective::new(0.0).is_none() && Objective::new(f64::NAN).is_none());
        assert_eq!(Objective::new(0.9995).unwrap().to_string(), "99.95%");
    }

    #[test]
    fn standard_factors_of_thirty_days() {
        let factors: Vec<f64> =
            AlertTier::standard().iter().map(|t| (t.factor(Millis::from_days(30)) * 1e9).round() / 1e9).collect();
        assert_eq!(factors, [14.4, 6.0, 3.0, 1.0]);
    }
}
