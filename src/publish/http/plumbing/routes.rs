//! All routes of the server and the lanes they run in. Must not know what the
//! handlers answer.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

use super::bodies::{self, Bodies, Reading};
use super::{access, health, layers, openapi};
use crate::publish::answers::{Commands, Queries};
use crate::publish::http::api::alerts::{noise, replay, rules};
use crate::publish::http::api::incidents::durations;
use crate::publish::http::api::reviews::{report, restatements, trends};
use crate::publish::http::api::slos::generations;
use crate::publish::http::api::{alerts, changes, corrections, incidents, kpis, slos, status};
use crate::publish::http::ingress::{counts, intake, records, reload};
use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::http::plumbing::settings::HttpSettings;
use crate::publish::metrics::requests::HttpRequests;
use crate::publish::metrics::scrape;
use crate::publish::web;
use crate::publish::web::pages::{failure, fixes};

/// Only what changes something comes with a body; some clients send a small one with GET
/// all the same.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// Deliveries at one time: each may hold a megabyte.
const PUSHES_MAX: usize = 32;
/// Scrapes at one time: two Prometheus replicas and a person, with room. A
/// page of 10,000 SLOs has tens of megabytes, so they are bounded too.
const SCRAPES_MAX: usize = 8;

/// Also gives the changes that go on when their clients have left.
pub(crate) fn router(queries: Queries, commands: Arc<dyn Commands>, settings: &HttpSettings) -> (Router, TaskTracker) {
    let requests = HttpRequests::default();
    let reading = Arc::new(Reading::default());
    let exposition = scrape::Exposition::new(Arc::clone(&queries.status), requests.clone());
    let daemon = ApiContext::new(queries, commands, settings);
    let changes_under_way = daemon.changes.clone();

    // A lane for each kind of question: a hundred replays keep nobody from the alerts.
    let lane = |routes| layers::bounded(routes, settings.requests_max, settings.request_timeout);
    let little = lane(api().with_state(daemon.clone()).merge(web::routes(daemon.clone())));
    let judging = lane(judging().with_state(daemon.clone()));
    let shared = lane(shared().with_state(daemon.clone()));
    let health = Router::new()
        .route("/-/healthy", get(health::healthy))
        .route("/-/ready", get(health::ready))
        .with_state(daemon.clone());
    let bodies = |bytes_max| Bodies {
        daemon: daemon.clone(),
        reading: Arc::clone(&reading),
        bytes_max,
        timeout: settings.body_timeout,
    };
    let pushed = Router::new()
        .route("/in/{webhook}", post(intake::receive))
        .route("/api/v1/slos/{name}/counts", post(counts::push))
        .route("/-/reload", post(reload::reload))
        .with_state(daemon.clone());
    let metrics = Router::new().route("/metrics", get(scrape::scrape)).with_state(exposition);

    let reads = little
        .merge(judging)
        .merge(shared)
        .merge(layers::bounded(metrics, SCRAPES_MAX, settings.request_timeout))
        .merge(health)
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .layer(from_fn_with_state(bodies(BODY_BYTES_MAX), bodies::read_if_allowed));
    let pushed = layers::bounded(pushed, PUSHES_MAX, settings.request_timeout)
        .layer(from_fn_with_state(bodies(intake::BODY_BYTES_MAX), bodies::read_if_allowed));
    let routes = reads
        .merge(pushed)
        .fallback(failure::not_found)
        .layer(CatchPanicLayer::custom(layers::panic_as_problem))
        .layer(from_fn(layers::errors_as_problems))
        .layer(from_fn_with_state(Arc::new(settings.access.clone()), access::guard))
        .layer(from_fn(layers::admitted))
        .layer(from_fn_with_state(requests, layers::counted))
        .layer(from_fn(layers::safe_headers));
    (routes, changes_under_way)
}

fn api() -> Router<ApiContext> {
    Router::new()
        .route("/api/v1/slos", get(slos::list))
        .route("/api/v1/slos/{name}", get(slos::one))
        .route("/api/v1/slos/{name}/history", get(slos::history))
        .route("/api/v1/slos/{name}/generations", get(generations::generations))
        .route("/api/v1/incidents/{id}", get(incidents::one))
        .route("/api/v1/incidents/{id}/times", get(records::times).post(records::set_time))
        .route("/api/v1/incidents/{id}/times/{time}", delete(records::take_back_time))
        .route("/api/v1/records", get(records::list))
        .route("/api/v1/records/{source}/{kind}/{id}", delete(records::withdraw_record))
        .route("/api/v1/changes", get(changes::changes))
        .route("/api/v1/cluster-events", get(changes::cluster_events))
        .route("/api/v1/corrections", get(corrections::list).post(corrections::declare))
        .route("/api/v1/corrections/{name}", get(corrections::one).delete(corrections::withdraw))
        .route("/api/v1/kpis", get(kpis::list))
        .route("/api/v1/kpis/{name}", get(kpis::one))
        .route("/api/v1/status", get(status::status))
        .route("/api/v1/openapi.json", get(openapi::openapi))
}

/// All of a period is judged for them.
fn judging() -> Router<ApiContext> {
    Router::new()
        .route("/api/v1/incidents", get(incidents::list))
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/rules", get(rules::rules))
        .route("/api/v1/noise", get(noise::noise))
        .route("/api/v1/durations", get(durations::durations))
        .route("/api/v1/restatements", get(restatements::list))
        .route("/api/v1/trends", get(trends::trends))
}

/// They take seconds, and are made once for all who ask the same.
fn shared() -> Router<ApiContext> {
    Router::new()
        .route("/api/v1/replay", get(replay::replay))
        .route("/api/v1/report", get(report::report))
        .route("/alerts/fixes", get(fixes::show))
}
