//! The cast: which services the world has, how big and how steady each is. Must
//! not know when anything happens.

use super::chance::Key;
use super::traffic::{Load, Mix, Rhythm, Week};
use crate::model::time::{Millis, Timestamp};
use crate::sources::demo::alerts::script::Gauge;
use crate::sources::demo::world::grid::Grid;

/// How pods are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turnover {
    /// All pods in turn at every rollout, about so often.
    Rollouts(Millis),
    /// Each pod lives about so long, as on spot nodes.
    PodLife(Millis),
    Never,
}

/// One service. All of its pods are alike.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub name: String,
    pub namespace: &'static str,
    pub key: Key,
    pub replicas: u16,
    /// Requests per second of the whole service at its busiest hour; without
    /// one it serves no requests and exposes gauges only.
    pub peak_per_second: Option<f64>,
    pub rhythm: Rhythm,
    pub mix: Mix,
    pub turnover: Turnover,
    /// A process of each pod slot dies and is restarted about so often.
    pub crash_every: Option<Millis>,
    /// Now and then a single scrape fails.
    pub flaky_scrapes: bool,
    pub gauges: &'static [Gauge],
    /// When it was first there; `None` for ever.
    pub since: Option<Timestamp>,
}

/// One place for a pod: pods come and go, the slot stays.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub service: std::sync::Arc<Service>,
    pub week: std::sync::Arc<Week>,
    /// Unique among the slots of the world.
    pub number: u16,
    pub ordinal: u16,
    pub key: Key,
    pub load: Load,
    /// When its target is scraped.
    pub grid: Grid,
}

impl Slot {
    /// What the addresses of its pods begin with.
    pub fn network(&self) -> String {
        format!("10.{}.", self.number % 256)
    }
}

/// The name of the service that stands for the prober.
pub(crate) const PROBER: &str = "blackbox";
/// What is probed from outside: the label `instance` of `probe_success`.
pub(crate) const PROBED: &str = "shop.example.com";
/// The service that the probed page belongs to.
pub(crate) const PROBED_SERVICE: &str = "storefront";

/// The seven services of the demo world and its prober.
pub(crate) fn cast(key: Key) -> Vec<Service> {
    let hours = Millis::from_hours;
    vec![
        Service {
            crash_every: Some(hours(240)),
            gauges: &[Gauge::CpuUsed],
            ..service(key, "storefront", "shop", 4, 60.0, 0.000_1, Turnover::Rollouts(hours(60)))
        },
        Service {
            flaky_scrapes: true,
            ..service(key, "checkout", "shop", 4, 40.0, 0.000_1, Turnover::Rollouts(hours(84)))
        },
        Service {
            flaky_scrapes: true,
            ..service(key, "payments", "shop", 3, 12.0, 0.000_2, Turnover::Rollouts(hours(120)))
        },
        Service {
            mix: Mix { error_ratio: 0.000_2, slow_ratio: 0.004, not_found_ratio: 0.02 },
            gauges: &[Gauge::QueueDepth, Gauge::DiskUsed],
            ..service(key, "search", "catalogue", 3, 40.0, 0.0, Turnover::Rollouts(hours(96)))
        },
        Service {
            flaky_scrapes: true,
            crash_every: None,
            ..service(key, "catalog", "catalogue", 2, 30.0, 0.000_15, Turnover::PodLife(hours(1)))
        },
        Service {
            gauges: &[Gauge::Ready],
            crash_every: None,
            ..service(key, "notifications", "backoffice", 2, 0.02, 0.001, Turnover::Rollouts(hours(200)))
        },
        Service {
            flaky_scrapes: true,
            rhythm: Rhythm::Nightly,
            ..service(key, "billing", "backoffice", 1, 50.0, 0.002, Turnover::Rollouts(hours(150)))
        },
        Service {
            peak_per_second: None,
            crash_every: None,
            gauges: &[Gauge::ProbeSuccess],
            ..service(key, PROBER, "", 1, 0.0, 0.0, Turnover::Never)
        },
    ]
}

/// How long the young service has been there.
const YOUNG: Millis = Millis::from_days(3);

/// A service that was first rolled out a few days before somebody looks.
pub(crate) fn young(key: Key, present: Timestamp) -> Service {
    let service =
        service(key, "recommendations", "catalogue", 2, 15.0, 0.000_8, Turnover::Rollouts(Millis::from_hours(30)));
    Service { since: Some(present - YOUNG), ..service }
}

/// A plain service that nothing is scripted for, for worlds with many of them.
pub(crate) fn extra(key: Key, number: u16) -> Service {
    let name = format!("service-{number:03}");
    let key = key.word("extra");
    let peak = 1.0 + 30.0 * key.at(i64::from(number)).unit();
    service(key, &name, "extra", 2, peak, 0.000_5, Turnover::Rollouts(Millis::from_days(4)))
}

fn service(
    key: Key,
    name: &str,
    namespace: &'static str,
    replicas: u16,
    peak_per_second: f64,
    error_ratio: f64,
    turnover: Turnover,
) -> Service {
    Service {
        name: name.to_owned(),
        namespace,
        key: key.word(name),
        replicas,
        peak_per_second: Some(peak_per_second),
        rhythm: Rhythm::Daily,
        mix: Mix { error_ratio, slow_ratio: 0.003, not_found_ratio: 0.01 },
        turnover,
        crash_every: Some(Millis::from_hours(60)),
        flaky_scrapes: false,
        gauges: &[],
        since: None,
    }
}
