//! How incidents and alerting went over months, as JSON.

use axum::Json;
use axum::extract::State;

use crate::api::reviews::{FollowedMonthJson, MonthKnownJson, SeriesTrendJson, TrendsJson, TrendsQuery};
use crate::api::time::PeriodJson;
use crate::evaluate::review::trends::{FollowedMonth, MONTHS_DEFAULT, MonthFigures, SeriesTrend};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Query;

/// How incidents and alerting went over the months that are over, with a verdict for each series
///
/// Civil months in the time zone of the configuration, the oldest first. The test
/// is that of Mann and Kendall, the slope that of Theil and Sen; of the verdicts
/// of one answer at most a tenth are better or worse by chance.
#[utoipa::path(
    get, path = "/api/v1/trends", tag = "Reports",
    params(TrendsQuery),
    responses(
        (status = 200, body = TrendsJson),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn trends(
    State(daemon): State<ApiContext>,
    Query(query): Query<TrendsQuery>,
) -> Result<Json<TrendsJson>, Problem> {
    let months = query.months.map_or(MONTHS_DEFAULT, |months| months.0);
    let trends = daemon.judge(move |queries| queries.reports.trends(months)).await?;
    Ok(Json(TrendsJson {
        months: trends.months.iter().map(FollowedMonthJson::from).collect(),
        series: trends.series.iter().map(SeriesTrendJson::from).collect(),
    }))
}

impl From<&FollowedMonth> for FollowedMonthJson {
    fn from(followed: &FollowedMonth) -> Self {
        FollowedMonthJson {
            month: followed.month.to_string(),
            period: PeriodJson::from(followed.period),
            known: match followed.figures {
                MonthFigures::Stored(_) => MonthKnownJson::Stored,
                MonthFigures::Published(_) => MonthKnownJson::Published,
                MonthFigures::NotKnown => MonthKnownJson::NotKnown,
            },
        }
    }
}

impl From<&SeriesTrend> for SeriesTrendJson {
    fn from(followed: &SeriesTrend) -> Self {
        SeriesTrendJson {
            series: followed.series.into(),
            unit: followed.series.unit().into(),
            values: followed.values.clone(),
            n: followed.n(),
            s: followed.trend.map(|t| t.s),
            p: followed.trend.map(|t| t.p),
            slope_per_month: followed.trend.map(|t| t.slope),
            verdict: followed.verdict.into(),
        }
    }
}
