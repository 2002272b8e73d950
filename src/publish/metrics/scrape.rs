//! The page that Prometheus scrapes: which format it wants, and all families
//! from one moment's answers.

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::page::{ExpositionFormat, Page};
use super::requests::HttpRequests;
use super::{daemon, incidents, kpis, slos};
use crate::publish::answers::StatusQueries;

const CLASSIC_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

impl ExpositionFormat {
    /// The format that an `Accept` header likes best; classic when it likes
    /// both as much, or says nothing.
    pub fn negotiate(accept: &str) -> ExpositionFormat {
        let best = |wanted: &str| accept.split(',').filter_map(|range| quality_of(range, wanted)).fold(0.0, f64::max);
        let classic = best("text/plain").max(best("text/*")).max(best("*/*"));
        if best("application/openmetrics-text") > classic {
            ExpositionFormat::OpenMetrics
        } else {
            ExpositionFormat::Classic
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            ExpositionFormat::Classic => CLASSIC_TYPE,
            ExpositionFormat::OpenMetrics => OPENMETRICS_TYPE,
        }
    }
}

/// The quality that one range of an `Accept` header gives a media type, if it
/// names it.
fn quality_of(range: &str, wanted: &str) -> Option<f64> {
    let mut parts = range.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(wanted) {
        return None;
    }
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some(quality.map_or(1.0, |text| text.trim().parse().unwrap_or(0.0)))
}

/// All metrics, as text.
#[utoipa::path(
    get, path = "/metrics", tag = "Operations",
    responses((status = 200, body = String, content_type = "text/plain", description = "Prometheus text 0.0.4, or OpenMetrics 1.0.0 when asked for"))
)]
pub(crate) async fn scrape(State(exposition): State<Exposition>, headers: HeaderMap) -> Response {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let format = ExpositionFormat::negotiate(&accepts.collect::<Vec<_>>().join(","));
    // The page of many SLOs takes some tens of milliseconds to write.
    match tokio::task::spawn_blocking(move || exposition.page(format)).await {
        Ok(page) => ([(header::CONTENT_TYPE, format.content_type())], page).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Writes the page from the latest answers.
#[derive(Clone)]
pub struct Exposition {
    status: Arc<dyn StatusQueries>,
    requests: HttpRequests,
}

impl fmt::Debug for Exposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exposition").field("requests", &self.requests).finish_non_exhaustive()
    }
}

impl Exposition {
    pub(crate) fn new(status: Arc<dyn StatusQueries>, requests: HttpRequests) -> Self {
        Exposition { status, requests }
    }

    /// The page of a process that serves no HTTP.
    pub fn of(status: Arc<dyn StatusQueries>) -> Self {
        Exposition::new(status, HttpRequests::default())
    }

    pub fn page(&self, format: ExpositionFormat) -> String {
        let mut page = Page::new(format);
        let snapshot = self.status.snapshot();
        slos::write(&mut page, &snapshot);
        incidents::write(&mut page, &snapshot);
        kpis::write(&mut page, &snapshot);
        daemon::write(&mut page, &snapshot, &self.status.status());
        self.requests.write(&mut page);
        page.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_gets_openmetrics_and_people_get_text() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                          application/openmetrics-text;version=0.0.1;q=0.5,\
                          text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        assert_eq!(ExpositionFormat::negotiate(prometheus), ExpositionFormat::OpenMetrics);
        for accept in [
            "",
            "*/*",
            "text/plain",
            "text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.1",
            "application/openmetrics-text;q=0, */*",
            "application/openmetrics-text; q=none",
            "text/html,application/xhtml+xml,*/*;q=0.8",
        ] {
            assert_eq!(ExpositionFormat::negotiate(accept), ExpositionFormat::Classic, "{accept}");
        }
        assert_eq!(ExpositionFormat::negotiate("application/openmetrics-text"), ExpositionFormat::OpenMetrics);
    }
}
