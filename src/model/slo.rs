//! A promise about one service: what is counted, how much of it must be good,
//! over which windows, and who is told when the budget burns.

pub mod composite;
pub mod family;
pub mod group_by;
pub mod groups;
pub mod objectives;
pub mod sli;
pub mod sli_problem;
pub mod tile;

use super::labels::Labels;
use super::time::{Millis, Period, Timestamp};
use crate::model::ids::SliId;
use crate::model::slo::group_by::GroupBy;
use crate::model::slo::objectives::{Objective, Objectives};
use crate::model::slo::sli::Sli;
use crate::model::time::window::ComplianceWindow;

/// One SLO, validated: every value of this type can be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    /// Unique; a DNS label.
    pub name: String,
    pub service: String,
    /// Services without which this one cannot work.
    pub depends_on: Vec<String>,
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
    pub indicator: Sli,
    /// One promise for each value of some labels; it then is none of its own.
    pub group_by: Option<GroupBy>,
    /// The SLO that this is a group of.
    pub group_of: Option<String>,
    /// What that one counts, undivided.
    pub whole_sli: Option<SliId>,
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
    pub fn indicator_id(&self) -> SliId {
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
    /// On alerts of this tier only; they win over those of all alerts of the SLO.
    pub labels: Labels,
    pub annotations: Labels,
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
            labels: Labels::new(),
            annotations: Labels::new(),
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
