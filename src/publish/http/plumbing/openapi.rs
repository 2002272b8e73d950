//! The contract: the OpenAPI document of all endpoints, and the table for people.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{Info, RefOr};

use super::health;
use crate::api::query::NoQuery;
use crate::publish::http::api::alerts::{noise, replay, rules};
use crate::publish::http::api::incidents::durations;
use crate::publish::http::api::reviews::{report, restatements, trends};
use crate::publish::http::api::slos::generations;
use crate::publish::http::api::{alerts, changes, corrections, incidents, kpis, slos, status};
use crate::publish::http::ingress::{counts, intake, records, reload};
use crate::publish::http::plumbing::query::Query;
use crate::publish::metrics;

#[derive(OpenApi)]
#[openapi(
    paths(
        slos::list,
        slos::one,
        slos::history,
        counts::push,
        generations::generations,
        incidents::list,
        incidents::one,
        records::times,
        records::set_time,
        records::take_back_time,
        records::list,
        records::withdraw_record,
        intake::receive,
        alerts::list,
        rules::rules,
        durations::durations,
        replay::replay,
        noise::noise,
        changes::changes,
        changes::cluster_events,
        corrections::list,
        corrections::declare,
        corrections::one,
        corrections::withdraw,
        report::report,
        restatements::list,
        trends::trends,
        kpis::list,
        kpis::one,
        status::status,
        openapi,
        metrics::scrape::scrape,
        health::healthy,
        health::ready,
        reload::reload,
    ),
    tags(
        (name = "SLOs", description = "Attainment, error budget and burn rate"),
        (name = "Incidents", description = "Disturbances of services"),
        (name = "Alerts", description = "Firings of alert rules and what they were worth"),
        (name = "Cluster", description = "Rollouts and Kubernetes Events"),
        (name = "Corrections", description = "Time ranges excluded from SLO evaluation"),
        (name = "Webhooks", description = "What other systems push and report"),
        (name = "Reports", description = "The reliability review of a month"),
        (name = "Scorecard", description = "KPIs of the platform, by period and against their targets"),
        (name = "Status", description = "The daemon itself"),
        (name = "Operations", description = "For Prometheus and Kubernetes"),
    )
)]
struct Contract;

static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(|| {
    let mut document = Contract::openapi();
    let mut info = Info::new("Evenkeel", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Reads; only corrections and the times of incidents can be changed, definitions be reloaded and facts be pushed. Times are RFC 3339 in UTC with milliseconds; queries also take Unix seconds. \
         Ratios lie in 0..1. What is not known is `null`, never 0 or 1. Errors are `application/problem+json`."
            .to_owned(),
    );
    document.info = info;
    document
});

/// The OpenAPI document of all endpoints.
pub fn document() -> &'static utoipa::openapi::OpenApi {
    &DOCUMENT
}

/// As it is sent. Made once: a flood of requests for it would keep all cores busy.
static SENT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(document()).unwrap_or_default().into());

/// This document.
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "Status",
    responses((status = 200, body = Object, description = "OpenAPI 3.1"))
)]
pub(crate) async fn openapi(_: Query<NoQuery>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], SENT.clone())
}

/// The names of an operation's query parameters.
fn query_parameters(operation: &Operation) -> impl Iterator<Item = &str> {
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    parameters.filter(|p| p.parameter_in == ParameterIn::Query).map(|p| p.name.as_str())
}

/// The endpoints as a Markdown table: path, query parameters, what it gives.
pub fn endpoints_markdown() -> String {
    let mut table = String::from("| path | query | gives |\n| --- | --- | --- |\n");
    for (path, item) in &document().paths.paths {
        let Some(operation) = &item.get else { continue };
        let query: Vec<String> = query_parameters(operation).map(|name| format!("`{name}`")).collect();
        let gives = operation.summary.as_deref().unwrap_or("").trim_end_matches('.');
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{path}` | {} | {gives} |", query.join(", "));
    }
    table
}
