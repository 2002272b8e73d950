//! Counts HTTP requests by route. A path that is no route counts under one
//! name, so that a client cannot make new series.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::scrape::Page;
use super::{HTTP_REQUEST_DURATION, HTTP_REQUESTS};

/// Upper bounds in seconds: from answers out of memory to the timeout.
const BOUNDS: [f64; 10] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    route: String,
    code: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: String,
}

/// Shared by all clones.
#[derive(Clone, Debug)]
pub(crate) struct HttpRequests {
    count: Family<Answered, Counter>,
    duration: Family<Route, Histogram>,
}

impl Default for HttpRequests {
    fn default() -> Self {
        HttpRequests {
            count: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(BOUNDS)),
        }
    }
}

impl HttpRequests {
    /// `route` is the template of the route, `None` if there was none.
    pub fn count(&self, route: Option<&str>, code: u16, took: Duration) {
        let route = route.unwrap_or("none").to_owned();
        self.duration.get_or_create(&Route { route: route.clone() }).observe(took.as_secs_f64());
        self.count.get_or_create(&Answered { route, code }).inc();
    }

    pub(super) fn write(&self, page: &mut Page<'_>) -> fmt::Result {
        page.metric(&HTTP_REQUESTS, &self.count)?;
        page.metric(&HTTP_REQUEST_DURATION, &self.duration)
    }
}
