//! How incidents and alerting went over months, as JSON.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::time::PeriodJson;
use crate::evaluate::review::trends::{FollowedMonth, MONTHS_DEFAULT, MONTHS_MAX, SeriesTrend};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Params;

/// How incidents and alerting went over the months that are over, with a verdict for each series
///
/// Civil months in the time zone of the configuration, the oldest first. The test
/// is that of Mann and Kendall, the slope that of Theil and Sen; of the verdicts
/// of one answer at most a tenth are better or worse by chance.
#[utoipa::path(
    get, path = "/api/v1/trends", tag = "Reports",
    params(("months" = Option<usize>, Query, description = "how many, 1 to 36; default 12")),
    responses(
        (status = 200, body = TrendsJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn trends(State(daemon): State<ApiContext>, params: Params) -> Result<Json<TrendsJson>, Problem> {
    let months = params.whole("months", MONTHS_DEFAULT, MONTHS_MAX)?;
    let trends = daemon.judge(move |queries| queries.reports.trends(months)).await?;
    Ok(Json(TrendsJson {
        months: trends.months.iter().map(MonthJson::from).collect(),
        series: trends.series.iter().map(SeriesJson::from).collect(),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trends)]
pub(crate) struct TrendsJson {
    months: Vec<MonthJson>,
    series: Vec<SeriesJson>,
}

/// A civil month that is over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FollowedMonth)]
struct MonthJson {
    /// `2026-07`.
    month: String,
    period: PeriodJson,
    /// `stored`: from facts that are all there. `published`: as it was first
    /// published, because they are not any more. `not known`: not the whole month
    /// was read, or it has been over for less than a day; it counts nowhere.
    known: &'static str,
}

impl From<&FollowedMonth> for MonthJson {
    fn from(followed: &FollowedMonth) -> Self {
        MonthJson {
            month: followed.month.to_string(),
            period: PeriodJson::from(followed.period),
            known: followed.figures.word(),
        }
    }
}

/// One figure over the months. Of all of them less is better.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeriesTrend)]
struct SeriesJson {
    /// `incidents` that began, `undetected_ratio` of them, their
    /// `detect_median_seconds`, `acknowledge_median_seconds` and
    /// `restore_median_seconds` (Kaplan-Meier), `budget_burned_ratio` (summed over
    /// incidents, may pass 1), judged `pages`, `noise_lower_ratio`,
    /// `noise_upper_ratio`.
    series: &'static str,
    /// `count`, `seconds` or `ratio`.
    unit: &'static str,
    /// One for each month; `null` where it is not known.
    values: Vec<Option<f64>>,
    /// Months in which it is known; with fewer than 8 the verdict is `too few`.
    n: usize,
    /// Pairs of months that rise minus pairs that fall; `null` with too few
    /// months.
    s: Option<i64>,
    /// How often chance alone would give as clear a trend, two-sided.
    p: Option<f64>,
    /// The median slope of all pairs of months.
    slope_per_month: Option<f64>,
    /// `better`, `worse`, `no evidence` or `too few`.
    verdict: &'static str,
}

impl From<&SeriesTrend> for SeriesJson {
    fn from(followed: &SeriesTrend) -> Self {
        SeriesJson {
            series: followed.series.word(),
            unit: followed.series.unit().word(),
            values: followed.values.clone(),
            n: followed.n(),
            s: followed.trend.map(|t| t.s),
            p: followed.trend.map(|t| t.p),
            slope_per_month: followed.trend.map(|t| t.slope),
            verdict: followed.verdict.word(),
        }
    }
}
