//! Months that are over: what changed about them, and how they went.

pub mod kpis;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::Whole;
use super::time::{Instant, PeriodJson};
use super::words::words;

words! {
    /// Whether a difference means anything.
    TrendVerdictJson as TrendVerdict {
        Better = "better",
        Worse = "worse",
        /// The difference may be chance.
        NoEvidence = "no evidence",
        /// There is too little to tell any difference from chance.
        TooFew = "too few",
    }
}

words! {
    /// What is known of a month.
    MonthKnownJson as MonthKnown {
        /// From facts that are all there.
        Stored = "stored",
        /// As it was first published, because the facts are not there any more.
        Published = "published",
        NotKnown = "not known",
    }
}

words! {
    /// A figure of each month.
    FollowedSeriesJson as Series {
        Incidents = "incidents",
        Undetected = "undetected_ratio",
        Detect = "detect_median_seconds",
        Acknowledge = "acknowledge_median_seconds",
        Restore = "restore_median_seconds",
        BudgetBurned = "budget_burned_ratio",
        Pages = "pages",
        NoiseLower = "noise_lower_ratio",
        NoiseUpper = "noise_upper_ratio",
    }
}

words! {
    /// What a figure is measured in.
    SeriesUnitJson as SeriesUnit {
        Count = "count",
        Seconds = "seconds",
        Ratio = "ratio",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RestatementList)]
pub struct RestatementListJson {
    pub months: Vec<RestatementJson>,
}

/// A closed month beside what was first said of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Restatement)]
pub struct RestatementJson {
    /// `2026-07`.
    pub month: String,
    pub published_at: Instant,
    /// Figures that are others now; empty where all still stand.
    pub changed: Vec<RestatedFigureJson>,
    /// What came to be known since.
    pub causes: Vec<String>,
}

/// A figure, whose name ends in its unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RestatedFigure)]
pub struct RestatedFigureJson {
    pub figure: String,
    /// `null`: not known then.
    pub first: Option<f64>,
    /// `null`: not known now.
    pub now: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Trends)]
pub struct TrendsJson {
    pub months: Vec<FollowedMonthJson>,
    pub series: Vec<SeriesTrendJson>,
}

/// A civil month that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = FollowedMonth)]
pub struct FollowedMonthJson {
    /// `2026-07`.
    pub month: String,
    pub period: PeriodJson,
    /// `stored`: from facts that are all there. `published`: as it was first
    /// published, because they are not any more. `not known`: not the whole month
    /// was read, or it has been over for less than a day; it counts nowhere.
    pub known: MonthKnownJson,
}

/// One figure over the months. Of all of them less is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SeriesTrend)]
pub struct SeriesTrendJson {
    /// `incidents` that began, `undetected_ratio` of them, their
    /// `detect_median_seconds`, `acknowledge_median_seconds` and
    /// `restore_median_seconds` (Kaplan-Meier), `budget_burned_ratio` (summed over
    /// incidents, may pass 1), judged `pages`, `noise_lower_ratio`,
    /// `noise_upper_ratio`.
    pub series: FollowedSeriesJson,
    pub unit: SeriesUnitJson,
    /// One for each month; `null` where it is not known.
    pub values: Vec<Option<f64>>,
    /// Months in which it is known; with fewer than 8 the verdict is `too few`.
    pub n: usize,
    /// Pairs of months that rise minus pairs that fall; `null` with too few
    /// months.
    pub s: Option<i64>,
    /// How often chance alone would give as clear a trend, two-sided.
    pub p: Option<f64>,
    /// The median slope of all pairs of months.
    pub slope_per_month: Option<f64>,
    pub verdict: TrendVerdictJson,
}

words! {
    /// How a report is written.
    ReportFormatJson as ReportFormat {
        Markdown = "md",
        Html = "html",
    }
}

/// Which report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct ReportQuery {
    /// `2026-07`, `last` for the last complete month, or `current` (the default), in the
    /// time zone of the configuration
    pub month: Option<String>,
    /// `md` (the default) or `html`
    #[param(inline)]
    pub format: Option<ReportFormatJson>,
}

/// How many months are followed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct TrendsQuery {
    /// how many, 1 to 36; default 12
    #[param(value_type = Option<usize>)]
    pub months: Option<Whole<36>>,
}
