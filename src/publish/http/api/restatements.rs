//! Closed months whose figures changed after they were first published.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::time::Instant;
use crate::model::operations::restatement::Restatement;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Params;

/// Closed months that were published, newest first, with the figures that changed since
///
/// The last 13 of them, and why they changed, as far as that left a trace.
#[utoipa::path(
    get, path = "/api/v1/restatements", tag = "Reports",
    responses((status = 200, body = RestatementListJson))
)]
pub(crate) async fn list(
    State(daemon): State<ApiContext>,
    _params: Params,
) -> Result<Json<RestatementListJson>, Problem> {
    let all = daemon.judge(|queries| queries.reports.restatements()).await?;
    Ok(Json(RestatementListJson { months: all.iter().map(RestatementJson::from).collect() }))
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RestatementList)]
pub(crate) struct RestatementListJson {
    months: Vec<RestatementJson>,
}

/// A closed month beside what was first said of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Restatement)]
struct RestatementJson {
    /// `2026-07`.
    month: String,
    published_at: Instant,
    /// Figures that are others now; empty where all still stand.
    changed: Vec<ChangedJson>,
    /// What came to be known since.
    causes: Vec<String>,
}

/// A figure, whose name ends in its unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RestatedFigure)]
struct ChangedJson {
    figure: String,
    /// `null`: not known then.
    first: Option<f64>,
    /// `null`: not known now.
    now: Option<f64>,
}

impl From<&Restatement> for RestatementJson {
    fn from(restatement: &Restatement) -> Self {
        let changed = restatement.changed.iter();
        RestatementJson {
            month: restatement.published.month.clone(),
            published_at: Instant(restatement.published.published_at),
            changed: changed.map(|c| ChangedJson { figure: c.figure.clone(), first: c.first, now: c.now }).collect(),
            causes: restatement.causes.clone(),
        }
    }
}
