//! Closed months whose figures changed after they were first published.

use axum::Json;
use axum::extract::State;

use crate::api::query::NoQuery;
use crate::api::reviews::{RestatedFigureJson, RestatementJson, RestatementListJson};
use crate::api::time::Instant;
use crate::model::operations::restatement::Restatement;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Query;

/// Closed months that were published, newest first, with the figures that changed since
///
/// The last 13 of them, and why they changed, as far as that left a trace.
#[utoipa::path(
    get, path = "/api/v1/restatements", tag = "Reports",
    responses((status = 200, body = RestatementListJson))
)]
pub(crate) async fn list(
    State(daemon): State<ApiContext>,
    _: Query<NoQuery>,
) -> Result<Json<RestatementListJson>, Problem> {
    let all = daemon.judge(|queries| queries.reports.restatements()).await?;
    Ok(Json(RestatementListJson { months: all.iter().map(RestatementJson::from).collect() }))
}

impl From<&Restatement> for RestatementJson {
    fn from(restatement: &Restatement) -> Self {
        let changed = restatement.changed.iter();
        RestatementJson {
            month: restatement.published.month.clone(),
            published_at: Instant(restatement.published.published_at),
            changed: changed
                .map(|c| RestatedFigureJson { figure: c.figure.clone(), first: c.first, now: c.now })
                .collect(),
            causes: restatement.causes.clone(),
        }
    }
}
