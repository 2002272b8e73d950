//! The scorecard: KPIs, their values by period, and their targets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TrendVerdictJson;
use crate::api::time::{Instant, PeriodJson};
use crate::api::words::words;

words! {
    /// What a value is measured in.
    KpiUnitJson as KpiUnit {
        Ratio = "ratio",
        Seconds = "seconds",
        Count = "count",
        Money = "money",
    }
}

words! {
    /// Which values are better.
    KpiDirectionJson as KpiDirection {
        Higher = "higher",
        Lower = "lower",
    }
}

words! {
    /// How time is cut into periods.
    KpiCadenceJson as KpiCadence {
        Weekly = "weekly",
        Monthly = "monthly",
        Quarterly = "quarterly",
    }
}

words! {
    /// Whether a value reaches its target.
    KpiStatusJson as KpiStatus {
        /// The whole interval reaches the target.
        OnTarget = "on_target",
        /// The whole interval is on the wrong side.
        OffTarget = "off_target",
        /// The target lies within the interval, or the baseline is not complete.
        TooFew = "too_few",
        /// The value is not known, or less than half of the period was observed.
        Unknown = "unknown",
        NoTarget = "no_target",
    }
}

words! {
    /// How far a value can be relied on.
    KpiQualityJson as KpiQuality {
        Exact = "exact",
        /// Some of the period was not observed.
        Partial = "partial",
        /// What is not decided leaves bounds.
        Bounds = "bounds",
        Unknown = "unknown",
    }
}

words! {
    /// Why a value is not known.
    KpiGapJson as KpiGap {
        NotConnected = "not connected",
        NotObserved = "not observed",
        NothingHappened = "nothing happened",
        Undecided = "undecided",
        TooFew = "too few",
    }
}

words! {
    /// Where a target comes from.
    TargetBasisJson as TargetBasis {
        Absolute = "absolute",
        /// Better than the baseline.
        Trend = "trend",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Scorecard)]
pub struct ScorecardJson {
    /// `null` before the first scorecard was made.
    pub as_of: Option<Instant>,
    /// The primary ones first, then by number.
    pub kpis: Vec<KpiJson>,
}

/// One KPI with its last periods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Kpi)]
pub struct KpiJson {
    pub kpi: String,
    /// 1 to 25 where it is one of the scorecard.
    pub number: Option<u8>,
    pub title: String,
    pub owner: String,
    pub unit: KpiUnitJson,
    pub direction: KpiDirectionJson,
    pub cadence: KpiCadenceJson,
    pub primary: bool,
    pub version: u32,
    /// The last period that is over.
    pub last: Option<KpiPeriodJson>,
    /// The period that runs, so far.
    pub running: Option<KpiPeriodJson>,
    pub trend: KpiTrendJson,
}

/// The closed periods that are known, as a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = KpiTrend)]
pub struct KpiTrendJson {
    /// Periods in which it is known; with fewer than 8 the verdict is `too few`.
    pub n: usize,
    /// How often chance alone would give as clear a trend (Mann and Kendall).
    pub p: Option<f64>,
    /// The median slope (Theil and Sen).
    pub slope_per_period: Option<f64>,
    pub verdict: TrendVerdictJson,
}

/// A KPI in one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = KpiPeriod)]
pub struct KpiPeriodJson {
    pub period: PeriodJson,
    pub closed: bool,
    /// `null` where it is not known; then `gap` and `reason` say why.
    pub value: Option<f64>,
    pub numerator: Option<f64>,
    pub denominator: Option<f64>,
    /// What was counted: incidents, changes, pages, hours, rows.
    pub n: usize,
    /// Where the value lies at 95 %; `null` at an open end.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Of what was counted, what is not over yet.
    pub censored: usize,
    /// What was not counted, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// The observed share of the time that has passed; `null` where nobody can say.
    pub coverage: Option<f64>,
    pub quality: KpiQualityJson,
    pub gap: Option<KpiGapJson>,
    /// Why the value is not known, and what to do.
    pub reason: Option<String>,
    /// Further figures; the name ends in the unit.
    pub details: BTreeMap<String, Option<f64>>,
    pub target: Option<f64>,
    pub target_basis: Option<TargetBasisJson>,
    pub baseline: Option<f64>,
    pub status: KpiStatusJson,
}

/// One KPI with its definition and all periods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = KpiHistory)]
pub struct KpiHistoryJson {
    #[serde(flatten)]
    pub kpi: KpiJson,
    pub description: String,
    pub source: KpiSourceJson,
    pub selector: KpiSelectorJson,
    pub exclude: KpiSelectorJson,
    /// The target as it is defined, in words.
    pub target_rule: Option<String>,
    /// What the values are made of, in words.
    pub provenance: String,
    /// The oldest first.
    pub periods: Vec<KpiPeriodJson>,
}

/// Where the values come from; one of the three is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = KpiSource)]
pub struct KpiSourceJson {
    /// The name of a figure that is computed from SLOs, incidents, alerts and changes.
    pub builtin: Option<String>,
    /// The expressions that are asked every hour: one, or numerator and denominator.
    pub promql: Option<Vec<String>>,
    /// How imported rows are combined.
    pub records: Option<String>,
}

/// Which part of the platform is looked at; an empty list is all of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = KpiSelector)]
pub struct KpiSelectorJson {
    pub clusters: Vec<String>,
    pub namespaces: Vec<String>,
    pub services: Vec<String>,
    pub teams: Vec<String>,
}
