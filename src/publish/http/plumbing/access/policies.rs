//! Who may use which route. A route without a row here answers nobody.

use axum::http::Method;

use crate::model::role::Role;

/// What a request to a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Nothing: probes of an orchestrator have no credential.
    Open,
    /// The route checks the credentials of its own configuration.
    Webhook,
    Role(Role),
}

const READ: [&str; 39] = [
    "/",
    "/alerts",
    "/alerts/fixes",
    "/api/v1/alerts",
    "/api/v1/alerts/rules",
    "/api/v1/changes",
    "/api/v1/cluster-events",
    "/api/v1/corrections",
    "/api/v1/corrections/{name}",
    "/api/v1/durations",
    "/api/v1/incidents",
    "/api/v1/incidents/{id}",
    "/api/v1/incidents/{id}/times",
    "/api/v1/kpis",
    "/api/v1/kpis/{name}",
    "/api/v1/noise",
    "/api/v1/openapi.json",
    "/api/v1/records",
    "/api/v1/replay",
    "/api/v1/report",
    "/api/v1/restatements",
    "/api/v1/slos",
    "/api/v1/slos/{name}",
    "/api/v1/slos/{name}/generations",
    "/api/v1/slos/{name}/history",
    "/api/v1/status",
    "/api/v1/trends",
    "/assets/evenkeel.css",
    "/assets/icon.svg",
    "/incidents",
    "/incidents/{id}",
    "/incidents/{id}/postmortem.md",
    "/metrics",
    "/scorecard",
    "/scorecard/{name}",
    "/services/{name}",
    "/slos/{name}",
    "/status",
    "/teams/{name}",
];

const OPEN: [&str; 2] = ["/-/healthy", "/-/ready"];

const WRITES: [(&str, Method, Policy); 8] = [
    ("/in/{webhook}", Method::POST, Policy::Webhook),
    ("/api/v1/corrections", Method::POST, Policy::Role(Role::Annotate)),
    ("/api/v1/corrections/{name}", Method::DELETE, Policy::Role(Role::Annotate)),
    ("/api/v1/incidents/{id}/times", Method::POST, Policy::Role(Role::Annotate)),
    ("/api/v1/incidents/{id}/times/{time}", Method::DELETE, Policy::Role(Role::Annotate)),
    ("/api/v1/records/{source}/{kind}/{id}", Method::DELETE, Policy::Role(Role::Annotate)),
    ("/api/v1/slos/{name}/counts", Method::POST, Policy::Role(Role::Annotate)),
    ("/-/reload", Method::POST, Policy::Role(Role::Admin)),
];

/// What a request needs, or `None` if nobody may send it.
pub(crate) fn policy(route: &str, method: &Method) -> Option<Policy> {
    if matches!(*method, Method::GET | Method::HEAD) {
        let read = READ.contains(&route).then_some(Policy::Role(Role::Read));
        return read.or_else(|| OPEN.contains(&route).then_some(Policy::Open));
    }
    WRITES.iter().find(|(path, of, _)| *path == route && of == method).map(|(_, _, policy)| *policy)
}

/// Whether a route has any row.
pub(crate) fn is_known(route: &str) -> bool {
    READ.contains(&route) || OPEN.contains(&route) || WRITES.iter().any(|(path, _, _)| *path == route)
}
