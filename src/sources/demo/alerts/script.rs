//! What goes wrong, and when: disturbances of services, strained gauges and
//! failing scrapes, in cycles of 14 days from the world's start. Every cycle has
//! each of them at about the same place, varied. Must not know pods or metrics.

use crate::model::time::{Millis, Period, Timestamp};
use crate::sources::demo::world::chance::{Key, round, round_at};

/// After this length of time everything has happened once and happens again,
/// so 30 days hold all of it.
pub const CYCLE: Millis = Millis::from_days(14);

/// What a disturbance is, in the words of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plot {
    /// Checkout answers 30 to 50 % of its requests with an error, for about
    /// half an hour; some scrapes fail meanwhile.
    Outage,
    /// Payments gets a bad revision, which is rolled back.
    BadRollout,
    /// Search is slow for two hours.
    Slowdown,
    /// Checkout loses its budget three times too fast, for twelve hours.
    SlowBurn,
    /// The storefront fails for six minutes, and the probe sees it.
    Blip,
    /// Search is somewhat slow for 90 minutes; no alert notices.
    UnnoticedSlowdown,
    /// Half of the few events of notifications fail for an hour; no alert notices.
    QuietOutage,
    /// The nightly billing run fails in part.
    FailedNight,
    /// The storefront fails when somebody looks at the world: it began a while ago.
    Present,
    /// The catalogue is down for planned work, on the last Sunday before somebody looks.
    Maintenance,
}

/// What a disturbance does to the requests of its service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// This share of all requests is answered with a server error.
    Errors(f64),
    /// As `Errors`, but only pods of the bad revision answer so.
    BadRevision(f64),
    /// This share of all requests takes longer than 300 ms.
    Slowness(f64),
}

/// One stretch in which users of one service are hurt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disturbance {
    pub plot: Plot,
    pub service: &'static str,
    pub effect: Effect,
    pub period: Period,
}

/// A metric of a pod that is no counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gauge {
    Ready,
    QueueDepth,
    DiskUsed,
    CpuUsed,
    ProbeSuccess,
}

/// A stretch in which a gauge shows something that an alert rule minds, while
/// no user is hurt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Strain {
    pub gauge: Gauge,
    pub service: &'static str,
    /// The pod slot; `None` for all of the service.
    pub ordinal: Option<u16>,
    pub period: Period,
}

/// A stretch in which scrapes of one pod slot fail while its process lives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ScrapeFault {
    pub service: &'static str,
    pub ordinal: u16,
    pub period: Period,
    /// The process dies at the end, so that what it counted meanwhile is lost.
    pub ends_in_restart: bool,
}

/// Planned work begins at this time of the day, within the window that is announced.
const MAINTENANCE_AT: Millis = Millis::from_mins(130);

/// The start of the last Sunday that was over a day ago.
pub(crate) fn last_sunday(now: Timestamp) -> Timestamp {
    // Day 0 was a Thursday.
    let day = now.day() - 2;
    Timestamp::day_start(day - (day + 4).rem_euclid(7))
}

/// No rollout and no crash of chance comes so close to what is scripted, so
/// that every truth has one cause.
const CALM_MARGIN: Millis = Millis::from_mins(20);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub key: Key,
    pub start: Timestamp,
    /// When somebody looks at the world first.
    pub present: Option<Timestamp>,
}

/// What goes wrong when somebody looks at the world has begun so long before, and is
/// over so long after.
const PRESENT_BEFORE: Millis = Millis::from_mins(50);
const PRESENT_AFTER: Millis = Millis::from_hours(3);

impl Script {
    /// All disturbances that overlap a period, by their start.
    pub fn disturbances(&self, period: Period) -> Vec<Disturbance> {
        let mut all: Vec<Disturbance> = self
            .cycles(period)
            .flat_map(|cycle| self.disturbances_of(cycle))
            .chain(self.present_disturbances())
            .filter(|d| overlap(d.period, period))
            .collect();
        all.sort_by_key(|d| d.period.start);
        all
    }

    fn present_disturbances(&self) -> impl Iterator<Item = Disturbance> {
        self.present.map(round_at).into_iter().flat_map(|present| {
            let failing = Disturbance {
                plot: Plot::Present,
                service: "storefront",
                effect: Effect::Errors(0.04),
                period: Period::new(present - PRESENT_BEFORE, present + PRESENT_AFTER),
            };
            let from = last_sunday(present) + MAINTENANCE_AT;
            let work = Disturbance {
                plot: Plot::Maintenance,
                service: "catalog",
                effect: Effect::Errors(0.6),
                period: Period::new(from, from + Millis::from_mins(25)),
            };
            [work, failing]
        })
    }

    /// When the disk of the search is full.
    pub fn disk_strains(&self, period: Period) -> Vec<Period> {
        let strains = self.strains(period).into_iter();
        strains.filter(|strain| strain.gauge == Gauge::DiskUsed).map(|strain| strain.period).collect()
    }

    pub fn strains(&self, period: Period) -> Vec<Strain> {
        let mut all: Vec<Strain> = self
            .cycles(period)
            .flat_map(|cycle| self.strains_of(cycle))
            .filter(|s| overlap(s.period, period))
            .collect();
        all.sort_by_key(|s| s.period.start);
        all
    }

    /// Scrapes that fail by the script: in the middle of every outage.
    pub fn scrape_faults(&self, period: Period) -> Vec<ScrapeFault> {
        let outages = self.disturbances(period).into_iter().filter(|d| d.plot == Plot::Outage);
        outages.flat_map(faults_of_outage).filter(|f| overlap(f.period, period)).collect()
    }

    /// Whether chance must keep away from a service at this instant.
    pub fn is_scripted(&self, service: &str, at: Timestamp) -> bool {
        let near = Period::new(at - CALM_MARGIN, at + CALM_MARGIN);
        let by_strain = |s: &Strain| s.service == service && s.ordinal.is_some();
        self.disturbances(near).iter().any(|d| d.service == service) || self.strains(near).iter().any(by_strain)
    }

    fn cycles(&self, period: Period) -> std::ops::RangeInclusive<i64> {
        // All that a cycle has lies within it.
        let number = |at: Timestamp| (at - self.start).0.div_euclid(CYCLE.0);
        number(period.start)..=number(period.end)
    }

    /// An instant of a cycle: so many hours from its start, more or less `spread`.
    fn moment(&self, cycle: i64, what: &str, hours: f64, spread: f64) -> Timestamp {
        let drift = (self.key.word(what).at(cycle).unit() - 0.5) * 2.0 * spread;
        round_at(self.start + Millis(cycle.saturating_mul(CYCLE.0)) + Millis(((hours + drift) * 3_600_000.0) as i64))
    }

    fn disturbances_of(&self, cycle: i64) -> [Disturbance; 8] {
        let chance = |what: &str| self.key.word(what).at(cycle);
        let ratio = |what: &str, low: f64, high: f64| low + (high - low) * chance(what).unit();
        let minutes = |what: &str, low, high| chance(what).between(Millis::from_mins(low), Millis::from_mins(high));
        let lasting = |from: Timestamp, length: Millis| Period::new(from, from + length);
        let new = |plot, service, effect, period| Disturbance { plot, service, effect, period };
        // At 30 days of history this one begins ten minutes from now.
        let rollout = self.moment(cycle, "bad rollout", 48.0, 0.0) + Millis::from_mins(10);
        let night = Timestamp::day_start(self.moment(cycle, "failed night", 11.0 * 24.0, 0.0).day());
        [
            new(
                Plot::Outage,
                "checkout",
                Effect::Errors(ratio("outage ratio", 0.3, 0.5)),
                lasting(self.moment(cycle, "outage", 24.0, 3.0), minutes("outage length", 22, 34)),
            ),
            new(
                Plot::BadRollout,
                "payments",
                Effect::BadRevision(ratio("rollout ratio", 0.25, 0.45)),
                lasting(rollout, minutes("rollout length", 22, 30)),
            ),
            new(
                Plot::Slowdown,
                "search",
                Effect::Slowness(ratio("slow ratio", 0.15, 0.25)),
                lasting(self.moment(cycle, "slowdown", 4.0 * 24.0, 4.0), minutes("slow length", 100, 140)),
            ),
            new(
                Plot::SlowBurn,
                "checkout",
                Effect::Errors(0.003),
                lasting(self.moment(cycle, "slow burn", 5.5 * 24.0, 5.0), Millis::from_hours(12)),
            ),
            new(
                Plot::Blip,
                "storefront",
                Effect::Errors(ratio("blip ratio", 0.08, 0.12)),
                lasting(self.moment(cycle, "blip", 7.0 * 24.0, 6.0), Millis::from_mins(6)),
            ),
            new(
                Plot::UnnoticedSlowdown,
                "search",
                Effect::Slowness(0.04),
                lasting(self.moment(cycle, "unnoticed", 8.5 * 24.0, 6.0), Millis::from_mins(90)),
            ),
            new(
                Plot::QuietOutage,
                "notifications",
                Effect::Errors(0.5),
                lasting(self.moment(cycle, "quiet outage", 9.5 * 24.0, 6.0), Millis::from_hours(1)),
            ),
            new(
                Plot::FailedNight,
                "billing",
                Effect::Errors(ratio("night ratio", 0.15, 0.3)),
                lasting(night + Millis::from_mins(90), Millis::from_hours(1)),
            ),
        ]
    }

    fn strains_of(&self, cycle: i64) -> Vec<Strain> {
        let mut all = Vec::new();
        let mut add = |gauge, service, ordinal, from: Timestamp, length: Millis| {
            all.push(Strain { gauge, service, ordinal, period: Period::new(from, round_at(from + length)) });
        };
        // The disk warning burns through most of the cycle: an alert that is always on.
        let disk = self.moment(cycle, "disk", 36.0, 0.0);
        add(Gauge::DiskUsed, "search", None, disk, Millis::from_hours(228));
        for i in 0..11 {
            let from = self.moment(cycle, "cpu", 6.0 + 29.0 * i as f64, 2.0);
            let length =
                self.key.word("cpu length").at(cycle).at(i).between(Millis::from_mins(25), Millis::from_mins(55));
            add(Gauge::CpuUsed, "storefront", Some(1), from, length);
        }
        for i in 0..8 {
            let from = self.moment(cycle, "queue", 20.0 + 43.0 * i as f64, 2.0);
            // Every second one is over before the rule's `for` has passed.
            let length = if i % 2 == 0 { Millis::from_mins(4) } else { Millis::from_secs(40) };
            add(Gauge::QueueDepth, "search", Some(2), from, length);
        }
        for i in 0..6 {
            let from = self.moment(cycle, "flap", 12.0 + 58.0 * i as f64, 3.0);
            for flap in 0..6 {
                let key = self.key.word("flap length").at(cycle).at(i).at(flap);
                let length = key.between(Millis::from_secs(100), Millis::from_secs(140));
                add(Gauge::Ready, "notifications", Some(0), from + Millis::from_mins(6 * flap), length);
            }
        }
        all
    }
}

/// Two pods cannot be scraped for four minutes; a third one for two, and then
/// its process dies.
fn faults_of_outage(outage: Disturbance) -> [ScrapeFault; 3] {
    let fault = |ordinal, after_mins, mins, ends_in_restart| {
        let from = round_at(outage.period.start + Millis::from_mins(after_mins));
        let period = Period::new(from, from + round(Millis::from_mins(mins)));
        ScrapeFault { service: outage.service, ordinal, period, ends_in_restart }
    };
    [fault(0, 6, 4, false), fault(1, 6, 4, false), fault(2, 12, 2, true)]
}

fn overlap(a: Period, b: Period) -> bool {
    a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::time::DAY_MS;

    fn script(seed: u64) -> Script {
        Script { key: Key::new(seed), start: Timestamp::parse("2026-01-03T07:11:00Z").unwrap(), present: None }
    }

    #[test]
    fn any_thirty_days_hold_every_plot_at_least_twice() {
        for seed in 0..20 {
            let script = script(seed);
            for day in 0..335 {
                let from = script.start + Millis(day * DAY_MS);
                let whole = Period::new(from, from + Millis::from_days(30));
                let mut count: BTreeMap<Plot, usize> = BTreeMap::new();
                for d in script.disturbances(whole) {
                    *count.entry(d.plot).or_default() += 1;
                }
                assert_eq!(count.len(), 8, "seed {seed} day {day}: {count:?}");
                assert!(count.values().all(|n| (2..=3).contains(n)), "seed {seed} day {day}: {count:?}");
            }
        }
    }

    #[test]
    fn a_cycle_keeps_within_its_bounds() {
        let script = script(11);
        for cycle in -5..60 {
            let start = script.start + Millis(cycle * CYCLE.0);
            let disturbances = script.disturbances_of(cycle).map(|d| d.period);
            let strains = script.strains_of(cycle).into_iter().map(|s| s.period);
            for period in disturbances.into_iter().chain(strains) {
                assert!(start + CALM_MARGIN < period.start && period.end + CALM_MARGIN < start + CYCLE, "{period:?}");
            }
        }
    }

    #[test]
    fn what_overlaps_a_period_does_not_depend_on_how_it_is_asked() {
        let script = script(3);
        let year = Period::new(script.start, script.start + Millis::from_days(365));
        let whole = script.disturbances(year);
        let mut by_hour = Vec::new();
        for hour in 0..365 * 24 {
            let from = script.start + Millis::from_hours(hour);
            by_hour.extend(script.disturbances(Period::new(from, from + Millis::from_hours(1))));
        }
        by_hour.dedup();
        by_hour.sort_by_key(|d| (d.period.start, d.service));
        by_hour.dedup();
        assert_eq!(by_hour.len(), whole.len());
        assert_eq!(whole.len(), 8 * 365 / 14 + 1);
    }

    #[test]
    fn no_service_has_two_troubles_at_once() {
        for seed in 0..20 {
            let script = script(seed);
            let year = Period::new(script.start, script.start + Millis::from_days(365));
            let mut troubles: Vec<(&str, Period)> =
                script.disturbances(year).iter().map(|d| (d.service, d.period)).collect();
            let strains = script.strains(year);
            troubles.extend(strains.iter().filter(|s| s.ordinal.is_some()).map(|s| (s.service, s.period)));
            troubles.sort();
            for pair in troubles.windows(2) {
                let (a, b) = (pair[0], pair[1]);
                assert!(a.0 != b.0 || a.1.end + Millis::from_mins(3) < b.1.start, "seed {seed}: {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn planned_work_is_on_the_last_sunday_that_was_over_a_day_ago() {
        let sunday = |now: &str| last_sunday(Timestamp::parse(now).unwrap()).rfc3339();
        assert_eq!(sunday("2026-07-08T12:00:00Z"), "2026-07-05T00:00:00.000Z");
        assert_eq!(sunday("2026-07-06T12:00:00Z"), "2026-06-28T00:00:00.000Z", "the Sunday before is too close");
        assert_eq!(sunday("2026-07-07T00:00:00Z"), "2026-07-05T00:00:00.000Z");
    }
}
