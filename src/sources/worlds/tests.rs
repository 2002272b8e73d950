//! A world agrees with itself: its log, its samples, and its text.

use std::collections::BTreeMap;

use super::*;
use crate::model::labels::{Labels, NAME};
use crate::model::slo::tile::EventCounts;
use crate::model::time::{Millis, Period, Timestamp};

fn end() -> Timestamp {
    Timestamp::parse("2026-02-01T00:00:00Z").unwrap()
}

#[test]
fn equal_seeds_give_equal_worlds_and_others_differ() {
    let scenario = named("pods-1h").unwrap();
    let [a, b, c] = [1, 1, 2].map(|seed| World::new(scenario, seed, 1, end()));
    assert_eq!((&a.log, &a.series, &a.up), (&b.log, &b.series, &b.up));
    assert_ne!(a.log, c.log);
}

#[test]
fn names_are_unique_and_found() {
    for scenario in all() {
        assert_eq!(named(scenario.name).unwrap().about, scenario.about);
        assert_eq!(all().iter().filter(|s| s.name == scenario.name).count(), 1);
    }
    assert!(named("nothing").is_none());
}

#[test]
fn series_are_in_order_and_within_the_history() {
    for scenario in all() {
        let world = World::new(scenario, 3, 1, end());
        let signs = world.up.iter().chain(&world.starts);
        assert!(signs.flat_map(|sign| &sign.samples).any(|s| s.value == 1.0), "{scenario:?}");
        let mut seen = BTreeMap::new();
        for series in world.all_series() {
            let name = format!("{scenario:?} {}", series.labels);
            assert!(series.samples.windows(2).all(|w| w[0].at < w[1].at), "{name}");
            let within = |s: &crate::ingest::raw::Sample| s.at > world.history.start && s.at <= world.history.end;
            assert!(series.samples.iter().all(within), "{name}");
            assert!(seen.insert(series.labels.clone(), ()).is_none(), "{name} stands twice");
        }
    }
}

/// The plain case, by hand: where no process restarts and nothing is renamed,
/// all that scrapes brought to light is the last value less the first.
#[test]
fn without_restarts_the_log_is_the_rise_of_the_counters() {
    for name in ["outage-at-peak", "blind-outage", "nightly-batch"] {
        let world = World::new(named(name).unwrap(), 5, 2, end());
        let mut rise = EventCounts::ZERO;
        let mut base: BTreeMap<Labels, Timestamp> = BTreeMap::new();
        for up in &world.up {
            base.insert(up.labels.without(&[NAME]), up.samples.iter().find(|s| s.value == 1.0).unwrap().at);
        }
        for series in &world.series {
            let target = series.labels.without(&[NAME, "code", "route"]);
            let first = series.samples.first().filter(|s| s.at == base[&target]).map_or(0.0, |s| s.value);
            let grown = (series.samples.last().unwrap().value - first) as i64;
            let bad = series.labels.get("code") != Some("200");
            rise += EventCounts::new(if bad { 0 } else { grown }, grown);
        }
        let truth = world.truth(world.history);
        assert_eq!(rise, truth.observable, "{name}");
        assert!(truth.observable.bad() > 20 && truth.happened.total >= truth.observable.total, "{name} {truth:?}");
    }
}

#[test]
fn the_window_is_the_same_by_events_and_by_scrapes() {
    for scenario in all() {
        let world = World::new(scenario, 4, 2, end());
        let truth = world.truth(world.window);
        let unseen: i64 = world
            .log
            .iter()
            .filter(|e| e.seen_at.is_none() && e.after >= world.window.start && e.at <= world.window.end)
            .map(|e| e.count as i64)
            .sum();
        assert_eq!(truth.happened.total, truth.observable.total + unseen, "{scenario:?}");
    }
}

#[test]
fn the_text_holds_every_sample_once() {
    let world = World::new(named("renamed-label").unwrap(), 1, 1, end());
    let middle = world.window.start;
    let parts = [Period::new(world.history.start, middle), Period::new(middle, world.history.end + Millis(1))];
    let mut lines = 0;
    for part in parts {
        let mut text = Vec::new();
        world.write_openmetrics(part, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.ends_with("# EOF\n"));
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            lines += 1;
            let (rest, at) = line.rsplit_once(' ').unwrap();
            let at = Timestamp::parse(at).unwrap();
            assert!(part.contains(at) && rest.contains("job=\"shop\""), "{line}");
        }
    }
    assert_eq!(lines, world.sample_count());
}
