//! A platform on which everything that an alert can be happens around one moment.
//!
//! In one world that takes two weeks. Here each service comes from a world of its
//! own, all of one seed, whose script began so that its part of the story meets
//! that moment. No two share a service, so together they look like one world.

use std::sync::Arc;

use evenkeel::model::time::{Millis, Period, Timestamp};
use evenkeel::sources::demo::{AlertClass, CYCLE, DemoPlatform, ScriptedAlert, WorldConfig};

use super::monitoring::{Blocks, ServedWorld, now};
use crate::history::met_by_chance;

/// Short beside the evaluations, so that it blurs the times of alerts little.
pub const SCRAPE_INTERVAL: Millis = Millis::from_secs(15);

/// Around the moment at which a Prometheus goes live nothing changes: it takes two
/// evaluations until it has found its alerts again.
const FOUND_AGAIN: Period = seconds(-45, 125);
/// What is to end while it is live, ends then.
const ENDS: Period = seconds(125, 185);
/// No alert is pending then, so that a restart delays none.
const RESTART: Period = seconds(270, 420);

/// How far back the story is told: to before the disk began to fill.
pub const HISTORY: Millis = Millis::from_hours(76);

/// Far enough back for the script to have been through all of its cycle.
const BEGAN_BEFORE: Millis = Millis::from_days(40);
/// Looked through for one in which every service has its part; ten are enough at
/// nearly any time.
const SEEDS: u64 = 200;

/// From one second after going live to another; the epoch stands for that moment.
const fn seconds(from: i64, to: i64) -> Period {
    Period { start: Timestamp::from_millis(from * 1_000), end: Timestamp::from_millis(to * 1_000) }
}

/// What some services go through.
struct Part {
    shown: &'static [&'static str],
    /// The alert that is to begin or end in `window`, and which of the two.
    rule: &'static str,
    service: &'static str,
    mark: fn(&ScriptedAlert) -> Option<Timestamp>,
    /// The only time around going live at which alerts begin to fire or end.
    window: Period,
    /// Whether the story is told in full, by the alerts of the last hours and what
    /// is to come. The epoch stands for going live.
    is_told: fn(&[ScriptedAlert]) -> bool,
}

const PARTS: [Part; 5] = [
    Part {
        // An outage was over some minutes before, and its alerts are soon.
        shown: &["checkout", "catalog", "billing"],
        rule: "HighErrorRate",
        service: "checkout",
        mark: |alert| alert.ended_at,
        window: ENDS,
        is_told: |alerts| {
            count(alerts, AlertClass::Actionable, minutes(-60, 0)) >= 1
                && count(alerts, AlertClass::Duplicate, minutes(-60, 0)) == 4
        },
    },
    Part {
        // The disk has been filling for days; the queue is long for four minutes.
        shown: &["search"],
        rule: "QueueBacklogHigh",
        service: "search",
        mark: |alert| alert.ended_at,
        window: ENDS,
        is_told: |alerts| {
            let only_short = alerts.iter().all(|a| a.class == AlertClass::Short || a.class == AlertClass::AlwaysOn);
            let fills = |a: &ScriptedAlert| a.class == AlertClass::AlwaysOn && a.ended_at.is_none();
            let is_known = |a: &ScriptedAlert| a.active_at > Timestamp::default() - HISTORY + Millis::from_hours(1);
            only_short
                && count(alerts, AlertClass::Short, minutes(-5, 0)) == 1
                && alerts.iter().any(|a| fills(a) && is_known(a))
        },
    },
    Part {
        // A pod was busy for half an hour; no user noticed.
        shown: &["storefront", "blackbox"],
        rule: "CpuHigh",
        service: "storefront",
        mark: |alert| alert.ended_at,
        window: ENDS,
        is_told: |alerts| alerts.len() == 1 && count(alerts, AlertClass::NoImpact, minutes(-60, -16)) == 1,
    },
    Part {
        // A pod has not been ready four times, and soon a fifth time.
        shown: &["notifications"],
        rule: "PodFlapping",
        service: "notifications",
        mark: |alert| alert.firing_at,
        window: seconds(125, 330),
        is_told: |alerts| count(alerts, AlertClass::Flap, minutes(-30, 0)) == 4,
    },
    Part {
        // A bad revision is rolled out as the Prometheus goes live. That the whole
        // service fails is told after all that was found again.
        shown: &["payments"],
        rule: "HighErrorRate",
        service: "payments",
        mark: |alert| alert.firing_at,
        window: seconds(125, 245),
        is_told: |alerts| {
            count(alerts, AlertClass::Actionable, seconds(155, 300)) == 1
                && count(alerts, AlertClass::Duplicate, minutes(0, 5)) == 3
        },
    },
];

/// By the script. By chance somebody may be hurt all the same.
fn hurts_nobody(alert: &ScriptedAlert) -> bool {
    matches!(alert.class, AlertClass::NoImpact | AlertClass::Short)
}

const fn minutes(from: i64, to: i64) -> Period {
    seconds(from * 60, to * 60)
}

/// How many alerts of a class begin to fire in a period.
fn count(alerts: &[ScriptedAlert], class: AlertClass, within: Period) -> usize {
    let fires = |a: &&ScriptedAlert| a.class == class && a.firing_at.is_some_and(|at| within.contains(at));
    alerts.iter().filter(fires).count()
}

impl Part {
    fn world(&self, seed: u64, start: Timestamp) -> DemoPlatform {
        let config =
            WorldConfig { scrape_interval: SCRAPE_INTERVAL, shown: self.shown, ..WorldConfig::new(seed, start) };
        DemoPlatform::new(config)
    }

    /// A world of this seed whose story meets the moment.
    fn find(&self, seed: u64, live: Timestamp) -> Option<DemoPlatform> {
        let start = live - BEGAN_BEFORE;
        let second_cycle = Period::new(start + CYCLE, start + CYCLE + CYCLE);
        let alerts = self.world(seed, start).alerts(second_cycle);
        let marks = alerts.iter().filter(|a| a.rule() == self.rule && a.labels.get("service") == Some(self.service));
        // The grids of scrapes and evaluations stay where they are.
        let step = Millis::from_secs(30);
        let steps = self.window.length().0 / step.0;
        let starts = marks.filter_map(self.mark).flat_map(|at| {
            let first = live + (self.window.start - Timestamp::default()) - at;
            let first = Millis((first.0.div_euclid(step.0) + 1) * step.0);
            (0..steps).map(move |n| start + first + Millis(n * step.0))
        });
        starts.map(|start| self.world(seed, start)).find(|world| self.fits(world, live))
    }

    fn fits(&self, world: &DemoPlatform, live: Timestamp) -> bool {
        let since = |at: Timestamp| Timestamp::default() + (at - live);
        let around = Period::new(live - Millis::from_hours(3), live + (RESTART.end - Timestamp::default()));
        let scripted = world.alerts(around);
        let from_live = |a: &ScriptedAlert| ScriptedAlert {
            active_at: since(a.active_at),
            firing_at: a.firing_at.map(since),
            ended_at: a.ended_at.map(since),
            ..a.clone()
        };
        let alerts: Vec<ScriptedAlert> = scripted.iter().map(from_live).collect();
        let watched = Period::new(FOUND_AGAIN.start, RESTART.end);
        let marks = alerts.iter().flat_map(|a| [a.firing_at, a.ended_at]).flatten().filter(|at| watched.contains(*at));
        let is_pending = |a: &ScriptedAlert, when: Period| {
            let until = a.firing_at.or(a.ended_at).unwrap_or(Timestamp::MAX);
            !Period::new(a.active_at, until).intersect(when).is_empty()
        };
        let begins_before = |a: &ScriptedAlert| a.active_at < Timestamp::default() && is_pending(a, FOUND_AGAIN);
        marks.into_iter().all(|at| self.window.contains(at))
            && !alerts.iter().any(|a| begins_before(a) || is_pending(a, RESTART))
            && (self.is_told)(&alerts)
            && !scripted.iter().any(|a| hurts_nobody(a) && met_by_chance(world, a))
    }
}

/// The worlds, and what Prometheus scrapes of each.
pub struct Platform {
    pub seed: u64,
    worlds: Vec<Arc<DemoPlatform>>,
    served: Vec<ServedWorld>,
}

impl Platform {
    /// One whose story meets a moment, of the first seed from `seed` on that has it.
    pub fn around(live: Timestamp, seed: u64) -> Platform {
        let worlds_of = |seed| PARTS.iter().map(|part| part.find(seed, live).map(Arc::new)).collect::<Option<Vec<_>>>();
        let mut found = (seed..seed + SEEDS).filter_map(|seed| Some((seed, worlds_of(seed)?)));
        let (seed, worlds) = found.next().unwrap_or_else(|| panic!("no seed from {seed} on has the story at {live}"));
        let served = worlds.iter().map(|world| ServedWorld::start(Arc::clone(world), now)).collect();
        Platform { seed, worlds, served }
    }

    /// The world that a service comes from.
    pub fn world_of(&self, service: &str) -> &DemoPlatform {
        let is_home = |world: &&Arc<DemoPlatform>| world.services().contains(&service);
        self.worlds.iter().find(is_home).unwrap_or_else(|| panic!("no world has {service}"))
    }

    /// The alerts that are active in a period, as known at its end.
    pub fn alerts(&self, period: Period) -> Vec<ScriptedAlert> {
        self.worlds.iter().flat_map(|world| world.alerts(period)).collect()
    }

    /// The rule file, which is the same for every world.
    pub fn alert_rules(&self) -> String {
        self.worlds.iter().map(|world| world.alert_rules()).next().unwrap_or_default()
    }

    /// Where Prometheus finds what there is to scrape.
    pub fn service_discovery(&self) -> String {
        let urls = self.served.iter().map(|served| format!("http://{}/targets", served.address));
        let each = urls.map(|url| format!("{{url: '{url}', refresh_interval: 1s}}"));
        format!("http_sd_configs: [{}]", each.collect::<Vec<_>>().join(", "))
    }

    /// Writes what a Prometheus would have of a period.
    pub fn write_history(&self, blocks: &Blocks, period: Period) {
        std::thread::scope(|scope| {
            for world in &self.worlds {
                scope.spawn(|| blocks.write(world, period));
            }
        });
    }
}
