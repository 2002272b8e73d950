//! The reliability review of a month, as Markdown or as one HTML file. Must not
//! know what stands in it.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::api::reviews::{ReportFormatJson as Format, ReportQuery};
use crate::model::time::asked_month::AskedMonth;
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::problem::Problem;
use crate::publish::http::plumbing::query::Query;
use crate::publish::report;

/// A report carries its style inside and needs nothing else; everything else
/// stays forbidden to it.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The reliability review of a month, for people.
#[utoipa::path(
    get, path = "/api/v1/report", tag = "Reports",
    params(ReportQuery),
    responses(
        (status = 200, content(
            (String = "text/markdown"),
            (String = "text/html"),
        )),
        (status = 400, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn report(
    State(daemon): State<ApiContext>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Problem> {
    let format = query.format.unwrap_or(Format::Markdown);
    let month = query.month.as_deref().map(str::parse::<AskedMonth>).transpose();
    let month = month.map_err(|error| Problem::bad_parameter("month", error.to_string()))?;
    let month = month.unwrap_or(AskedMonth::Current);
    let asked = format!("{month} {format}");
    let text = daemon
        .report(asked, move |reports| {
            let input = reports.report(month)?;
            Ok(input.map(|input| match format {
                Format::Markdown => report::markdown(&input),
                Format::Html => report::html(&input),
            }))
        })
        .await?;
    let text = Option::clone(&text).ok_or_else(|| {
        Problem::bad_parameter("month", "this month has not begun").hint("ask for the running month or an earlier one")
    })?;
    Ok(match format {
        Format::Markdown => ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response(),
        Format::Html => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
            ];
            (headers, text).into_response()
        }
    })
}
