//! Pages for people, made on the server: no script is needed, every text is
//! escaped, and what is not known says "no data". Must not compute judgements.

use crate::publish::web::pages::alerts;
use crate::publish::web::pages::incident;
use crate::publish::web::pages::incidents;
use crate::publish::web::pages::scorecard;
use crate::publish::web::pages::scorecard::kpi;
use crate::publish::web::pages::services;
use crate::publish::web::pages::slo;
use crate::publish::web::pages::slos;
use crate::publish::web::pages::status;
pub(super) mod charts;
pub mod pages;
pub mod parts;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::publish::http::plumbing::context::ApiContext;
use crate::publish::web::charts::sparklines::Sparks;

const STYLE: &str = include_str!("evenkeel.css");
const ICON: &str = include_str!("icon.svg");
/// The address of the style sheet carries the version, so browsers may keep it
/// for a day.
const CACHE_CONTROL: &str = "public, max-age=86400";

pub(super) fn routes(daemon: ApiContext) -> Router {
    let lists = Router::new()
        .route("/", get(slos::show))
        .route("/services/{name}", get(services::service))
        .route("/teams/{name}", get(services::team))
        .with_state((daemon.clone(), Sparks::default()));
    Router::new()
        .route("/slos/{name}", get(slo::show))
        .route("/incidents", get(incidents::show))
        .route("/incidents/{id}", get(incident::show))
        .route("/incidents/{id}/postmortem.md", get(incident::postmortem))
        .route("/alerts", get(alerts::show))
        .route("/scorecard", get(scorecard::show))
        .route("/scorecard/{name}", get(kpi::show))
        .route("/status", get(status::show))
        .route("/assets/evenkeel.css", get(async || asset("text/css; charset=utf-8", STYLE)))
        .route("/assets/icon.svg", get(async || asset("image/svg+xml", ICON)))
        .with_state(daemon)
        .merge(lists)
}

fn asset(kind: &'static str, body: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, CACHE_CONTROL)], body)
}
