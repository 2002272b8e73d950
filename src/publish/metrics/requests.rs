//! Counts HTTP requests by route. A path that is no route counts under one
//! name, so that a client cannot make new series.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, prometheus_text, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::page::{ExpositionFormat, Page, family_name};
use super::{HTTP_REQUEST_DURATION, HTTP_REQUESTS, Metric};

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
    registry: Arc<Registry>,
}

impl Default for HttpRequests {
    fn default() -> Self {
        let count = Family::default();
        let duration = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> Histogram);
        let mut registry = Registry::default();
        // The registry ends a help text with a full stop itself.
        let help = |metric: &Metric| metric.help.trim_end_matches('.');
        registry.register(family_name(&HTTP_REQUESTS), help(&HTTP_REQUESTS), count.clone());
        registry.register(family_name(&HTTP_REQUEST_DURATION), help(&HTTP_REQUEST_DURATION), duration.clone());
        HttpRequests { count, duration, registry: Arc::new(registry) }
    }
}

impl HttpRequests {
    /// `route` is the template of the route, `None` if there was none.
    pub fn count(&self, route: Option<&str>, code: u16, took: Duration) {
        let route = route.unwrap_or("none").to_owned();
        self.duration.get_or_create(&Route { route: route.clone() }).observe(took.as_secs_f64());
        self.count.get_or_create(&Answered { route, code }).inc();
    }

    pub(super) fn write(&self, page: &mut Page) {
        let format = page.format();
        let written = match format {
            ExpositionFormat::Classic => prometheus_text::encode(page.text_mut(), &self.registry),
            ExpositionFormat::OpenMetrics => text::encode_registry(page.text_mut(), &self.registry),
        };
        if written.is_err() {
            // Strings take all that is written; only a broken metric could fail.
            tracing::error!("the metrics about HTTP requests could not be written");
        }
    }
}
