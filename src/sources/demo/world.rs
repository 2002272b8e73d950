//! The world itself: its settings, its pod slots and the instants at which they
//! are scraped. A pure function of seed and time; must not know a clock.

pub(crate) mod chance;
pub(crate) mod changes;
pub(crate) mod grid;
pub(crate) mod lives;
pub(crate) mod services;
pub(crate) mod traffic;
pub(crate) mod truth;

use std::sync::Arc;

use crate::model::labels::Labels;
use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::demo::alerts::script::{Disturbance, Script};
use crate::sources::demo::world::chance::{Arrivals, Key};
use crate::sources::demo::world::grid::Grid;
use crate::sources::demo::world::services::{PROBER, Service, Slot, cast, extra, young};
use crate::sources::demo::world::traffic::{Load, Week};

/// What a world is made from. Equal settings make equal worlds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldConfig {
    pub seed: u64,
    /// The first instant that has samples. Processes ran before it, and the
    /// script counts its cycles from it.
    pub start: Timestamp,
    /// The last instant that has samples; without one the world goes on.
    pub end: Option<Timestamp>,
    /// From one scrape of a target to its next: 1 s to 5 min, clamped.
    pub scrape_interval: Millis,
    /// Plain services beside the cast, two pods each, undisturbed; for worlds
    /// with very many series. At most 1000.
    pub extra_services: u16,
    /// Only these services are shown; empty for all. What happens to one does not
    /// depend on which others are there.
    pub shown: &'static [&'static str],
    /// When somebody looks at the world first. Something goes wrong then, and a young
    /// service has been there for three days.
    pub present: Option<Timestamp>,
}

impl WorldConfig {
    /// A world without an end, with all of its services, scraped every 30 seconds.
    pub fn new(seed: u64, start: Timestamp) -> WorldConfig {
        let scrape_interval = Millis::from_secs(30);
        WorldConfig { seed, start, end: None, scrape_interval, extra_services: 0, shown: &[], present: None }
    }
}

/// Each extra service costs about as much as a service of the cast.
const EXTRA_SERVICES_MAX: u16 = 1_000;

/// A generated platform, with users who are hurt now and then.
#[derive(Clone, Debug)]
pub struct DemoPlatform {
    pub(super) config: WorldConfig,
    pub(super) script: Script,
    pub(super) arrivals: Arrivals,
    pub(super) slots: Vec<Slot>,
    pub(super) evaluations: Grid,
}

/// One pod as service discovery knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoTarget {
    /// `job` and `instance`, and for pods `namespace` and `pod`.
    pub labels: Labels,
    /// From the pod's start to its end; it may reach beyond the world's.
    pub life: Period,
}

impl DemoTarget {
    pub fn job(&self) -> &str {
        self.labels.get("job").unwrap_or("")
    }

    pub fn instance(&self) -> &str {
        self.labels.get("instance").unwrap_or("")
    }
}

/// How often the world evaluates its alert rules.
pub const EVALUATION_INTERVAL: Millis = Millis::from_secs(30);

impl DemoPlatform {
    pub fn new(config: WorldConfig) -> DemoPlatform {
        let interval = Millis(config.scrape_interval.0.clamp(1_000, 300_000));
        let config = WorldConfig {
            scrape_interval: interval,
            extra_services: config.extra_services.min(EXTRA_SERVICES_MAX),
            ..config
        };
        let key = Key::new(config.seed);
        let young = config.present.map(|present| young(key, present));
        let services: Vec<Service> =
            cast(key).into_iter().chain(young).chain((1..=config.extra_services).map(|n| extra(key, n))).collect();
        DemoPlatform {
            script: Script { key: key.word("script"), start: config.start, present: config.present },
            arrivals: Arrivals::new(key.word("arrivals")),
            slots: slots(services, interval, config.shown),
            evaluations: Grid::new(key.word("evaluations"), EVALUATION_INTERVAL),
            config,
        }
    }

    pub fn config(&self) -> &WorldConfig {
        &self.config
    }

    /// The names of all services that take part in SLOs, in order.
    pub fn services(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.slots.iter().map(|s| s.service.name.as_str()).filter(|n| *n != PROBER).collect();
        names.dedup();
        names
    }

    /// All pods that live at some time of a period.
    pub fn targets(&self, period: Period) -> Vec<DemoTarget> {
        let pods = self.slots.iter().flat_map(|slot| self.pods(slot, period));
        pods.map(|pod| DemoTarget { labels: pod.labels, life: pod.life }).collect()
    }

    /// The truth of the script: who was hurt, when and how much.
    pub fn disturbances(&self, period: Period) -> Vec<Disturbance> {
        self.script.disturbances(period)
    }

    /// The part of a period `(start, end]` that the world has samples for.
    pub(super) fn visible(&self, period: Period) -> Period {
        let start = period.start.max(self.config.start - Millis(1));
        Period::new(start, self.config.end.map_or(period.end, |end| period.end.min(end)))
    }
}

fn slots(services: Vec<Service>, interval: Millis, shown: &[&str]) -> Vec<Slot> {
    let mut all = Vec::new();
    let mut number = 0;
    for service in services {
        let service = Arc::new(service);
        let week = Arc::new(Week::new(service.rhythm));
        let peak = service.peak_per_second.unwrap_or(0.0) / f64::from(service.replicas);
        for ordinal in 0..service.replicas {
            let key = service.key.at(i64::from(ordinal));
            all.push(Slot {
                number,
                ordinal,
                key,
                load: Load::new(peak, service.key, key),
                grid: Grid::new(key.word("scrapes"), interval),
                service: Arc::clone(&service),
                week: Arc::clone(&week),
            });
            number += 1;
        }
    }
    all.retain(|slot| shown.is_empty() || shown.contains(&slot.service.name.as_str()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_finds_its_instants_on_both_sides() {
        let grid = Grid { offset: 7, interval: Millis(100) };
        let at = Timestamp::from_millis;
        assert_eq!(grid.at_or_after(at(107)), at(107));
        assert_eq!(grid.at_or_after(at(108)), at(207));
        assert_eq!(grid.at_or_before(at(107)), at(107));
        assert_eq!(grid.at_or_before(at(106)), at(7));
        assert_eq!(grid.at_or_before(at(-94)), at(-193));
        let got: Vec<i64> = grid.instants(Period::new(at(107), at(307))).map(Timestamp::millis).collect();
        assert_eq!(got, [207, 307]);
        assert_eq!(grid.nearest(at(150)), 1);
        assert_eq!(grid.nearest(at(160)), 2);
    }

    #[test]
    fn settings_are_kept_within_their_limits() {
        let start = Timestamp::from_millis(0);
        let config = WorldConfig { scrape_interval: Millis(1), extra_services: u16::MAX, ..WorldConfig::new(1, start) };
        let world = DemoPlatform::new(config);
        assert_eq!(world.config().scrape_interval, Millis(1_000));
        assert_eq!(world.services().len(), 7 + 1_000);
    }

    #[test]
    fn a_service_is_the_same_whichever_others_are_shown() {
        let config = WorldConfig::new(1, Timestamp::from_millis(0));
        let hour = Period::new(config.start, config.start + Millis::from_hours(1));
        let (all, part) =
            (DemoPlatform::new(config.clone()), DemoPlatform::new(WorldConfig { shown: &["search"], ..config }));
        assert_eq!(part.services(), ["search"]);
        let of_search: Vec<_> =
            all.history(hour).into_iter().filter(|s| s.labels.get("job") == Some("search")).collect();
        assert_eq!(part.history(hour), of_search);
    }
}
