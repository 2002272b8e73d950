//! Timelines as text; see `scenario`.

use super::*;
use crate::evaluate::scenario::{REQUESTS, burned, expand, minute, tiles};
use crate::model::operations::comparison::ValueCondition;
use crate::model::slo::objectives::Objective;
use crate::model::slo::sli::Sli;
use crate::model::slo::tile::EventCounts;
use crate::model::testing::slo;
use crate::model::time::window::ComplianceWindow;

fn of(slo: &Slo, timeline: &str) -> SloBurn {
    let all = tiles(-1440, &expand(".*1440")).into_iter().chain(tiles(0, timeline));
    burn(slo, all, &History::new(slo.budgeting), minute(timeline.len() as i64))
}

/// Episodes after a calm day.
fn episodes(timeline: &str) -> Vec<String> {
    burned(&of(&slo("checkout"), &expand(timeline)).episodes)
}

#[test]
fn an_outage_is_found_to_the_minute() {
    assert_eq!(episodes(".*10 5*20 .*30"), ["10-30 10000 bad peak 500"]);
    // However bad it is, and from its first minute on.
    for bad in ["1", "9", "x"] {
        let lines = episodes(&format!(".*17 {bad}*20 .*30"));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("17-37 "), "{lines:?}");
    }
    // A slow burn three times too fast passes a burn rate of 1 in its second
    // minute; its onset is the first.
    assert_eq!(episodes(".*10 b*60 .*30"), ["10-70 180 bad peak 3"]);
}

#[test]
fn short_pauses_are_bridged_and_longer_ones_are_not() {
    // The burn rate over five minutes stays above 1 for four more minutes.
    assert_eq!(episodes(".. 5*5 .*14 5*5 .*30"), ["2-26 5000 bad peak 500"]);
    assert_eq!(episodes(".. 5*5 .*15 5*5 .*30"), ["2-7 2500 bad peak 500", "22-27 2500 bad peak 500"]);
}

#[test]
fn unknown_time_neither_starts_nor_ends_an_episode() {
    assert_eq!(episodes(".. 5*5 ?*30 5*5 .*30"), ["2-42 5000 bad peak 500"]);
    assert_eq!(episodes(".. 5*5 ?*61 5*5 .*30"), ["2-7 2500 bad peak 500", "68-73 2500 bad peak 500"]);
    assert_eq!(episodes(".. ?*30 5*5 .*30"), ["32-37 2500 bad peak 500"]);
    assert_eq!(episodes(".. 5*5 ?*20"), ["2-now 2500 bad peak 500"]);
    assert_eq!(episodes(".. 5*5 ?*61"), ["2-7 2500 bad peak 500"]);
    assert_eq!(episodes("?*200"), [""; 0]);
}

#[test]
fn a_service_that_nobody_asks_anything_has_not_recovered_for_an_hour() {
    assert_eq!(episodes(".. 5*5 _*30 5*5 .*30"), ["2-42 5000 bad peak 500"]);
    assert_eq!(episodes(".. 5*5 _*20 .*5 _*20 .*5 5*5 .*30"), ["2-62 5000 bad peak 500"]);
    assert_eq!(episodes(".. 5*5 _*61 5*5 .*30"), ["2-7 2500 bad peak 500", "68-73 2500 bad peak 500"]);
    assert_eq!(episodes(".. 5*5 _*20"), ["2-now 2500 bad peak 500"]);
}

#[test]
fn an_episode_is_open_until_ten_minutes_are_known_to_be_calm() {
    assert_eq!(episodes(".. 5*5 .*14"), ["2-now 2500 bad peak 500"]);
    assert_eq!(episodes(".. 5*5 .*15"), ["2-7 2500 bad peak 500"]);
    assert_eq!(episodes(".. 5*5"), ["2-now 2500 bad peak 500"]);
}

#[test]
fn what_burns_less_than_a_thousandth_of_the_budget_is_no_episode() {
    // The budget of 30 days at 1000 requests a minute is 43200 bad ones.
    assert_eq!(episodes(".*10 b*14 .*30"), [""; 0]);
    assert_eq!(episodes(".*10 b*15 .*30"), ["10-25 45 bad peak 3"]);
    let burn = of(&slo("checkout"), &expand(".*10 5*20 .*30"));
    assert!((burn.episodes[0].budget_burned_ratio - 10_000.0 / 43_200.0).abs() < 1e-9);
    // Exactly what is allowed is no burn.
    let mut lenient = slo("checkout");
    lenient.objective = Objective::new(0.5).unwrap();
    assert_eq!(burned(&of(&lenient, &expand(".. 5*20 .*30")).episodes), [""; 0]);
}

#[test]
fn a_single_failure_in_a_quiet_night_is_no_episode_but_a_dead_probe_is() {
    let mut few = tiles(-1440, &expand(".*1500"));
    for tile in &mut few {
        tile.counts = EventCounts::new(1, 1);
    }
    for tile in few.iter_mut().skip(1450).take(3) {
        tile.counts.good = 0;
    }
    let requests = slo("checkout");
    let mut probe = slo("probe");
    let metric = requests.indicator.selectors()[0].clone();
    probe.indicator = Sli::Gauge { metric, good: ValueCondition::parse("== 1").unwrap() };
    let of = |slo: &Slo| burned(&burn(slo, few.clone(), &History::new(slo.budgeting), minute(60)).episodes);
    assert_eq!(of(&requests), [""; 0]);
    assert_eq!(of(&probe), ["10-13 3 bad peak 600"]);
}

#[test]
fn a_stray_burst_shortly_before_an_outage_does_not_move_its_onset() {
    // Three bad requests burn faster than allowed for five minutes, and the
    // outage begins before ten calm minutes have passed.
    assert_eq!(episodes(".*10 b .*7 b .*5 5*20 .*30"), ["24-44 10000 bad peak 500"]);
    // Or when its first minute shows only the last seconds of it.
    assert_eq!(episodes(".*10 b .*3 1 5*20 .*30"), ["14-35 10100 bad peak 500"]);
}

#[test]
fn chance_before_an_outage_does_not_move_its_onset() {
    // One bad request every few minutes, as on every day.
    let mut all = tiles(-1440, &expand(".*1540 5*20 .*30"));
    for (i, tile) in all.iter_mut().enumerate() {
        if i % 3 == 0 && tile.counts.good == REQUESTS {
            tile.counts.good -= 1;
        }
    }
    let slo = slo("checkout");
    let found = burn(&slo, all, &History::new(slo.budgeting), minute(150)).episodes;
    assert_eq!((found.len(), found[0].start), (1, minute(100)));
}

#[test]
fn stray_bad_requests_after_an_outage_do_not_prolong_it_but_a_lesser_burn_does() {
    assert_eq!(episodes(".*10 5*20 .*4 b .*5 b .*30"), ["10-30 10000 bad peak 500"]);
    // A hundredth of the bad requests, three times as many as allowed.
    assert_eq!(episodes(".*10 5*20 b*30 .*30"), ["10-60 10090 bad peak 500"]);
    assert_eq!(episodes(".*10 5*20 .*8 b*30 .*30"), ["10-68 10090 bad peak 500"]);
}

#[test]
fn time_slices_burn_by_the_slice() {
    let mut slices = slo("checkout");
    slices.budgeting = Budgeting::Timeslices { slice: Millis::from_mins(5), target: 0.9 };
    // 10 % bad reaches the target, 20 % does not: four slices of five minutes.
    let burn = of(&slices, &expand(".*10 1*20 2*20 .*50"));
    assert_eq!(burned(&burn.episodes), ["30-50 4000 bad peak 1000"]);
    assert!((burn.episodes[0].budget_burned_ratio - 20.0 / 43.2).abs() < 1e-9);
}

#[test]
fn the_budget_is_that_of_the_whole_window_however_little_is_known() {
    let mut short = slo("checkout");
    short.windows = vec![ComplianceWindow::rolling_days(1)];
    let ratio = |slo: &Slo| of(slo, &expand(".*10 5*20 .*30")).episodes[0].budget_burned_ratio;
    assert!((ratio(&short) / ratio(&slo("checkout")) - 30.0).abs() < 1e-6);
    // The loaded hours say that the month was ten times as busy as the day.
    let mut history = History::new(Budgeting::Events);
    let busy =
        tiles(-1440, &expand(".*1440")).into_iter().map(|t| Tile { counts: EventCounts::new(10_000, 10_000), ..t });
    history.put(&busy.collect::<Vec<_>>());
    let slo = slo("checkout");
    let timeline = tiles(0, &expand(".*10 5*20 .*30"));
    let all = tiles(-1440, &expand(".*1440")).into_iter().chain(timeline);
    let known = burn(&slo, all, &history, minute(60)).episodes[0].budget_burned_ratio;
    assert!((ratio(&slo) / known - 10.0).abs() < 1e-6);
}

#[test]
fn what_is_over_is_the_same_whenever_it_is_asked() {
    let timeline = expand(".*30 5*20 .*20 b*40 .*9 9*3 ?*8 x*9 .*40 1*1 .*60");
    let whole = of(&slo("checkout"), &timeline).episodes;
    assert!(whole.len() >= 3);
    for length in 1..timeline.len() {
        for episode in of(&slo("checkout"), &timeline[..length]).episodes {
            let later = whole.iter().find(|e| e.id == episode.id);
            assert_eq!(later.map(|e| e.start), Some(episode.start), "at {length}");
            assert!(episode.end.is_none() || later == Some(&episode), "at {length}");
        }
    }
}

#[test]
fn coverage_is_the_observed_share() {
    let burn = of(&slo("checkout"), &expand(".*10 ?*10 .*10 _*10"));
    assert_eq!(burn.coverage(Period::new(minute(0), minute(40))), 0.75);
    assert_eq!(burn.coverage(Period::new(minute(12), minute(18))), 0.0);
    assert_eq!(burn.coverage(Period::new(minute(20), minute(40))), 1.0);
    assert_eq!(burn.coverage(Period::new(minute(20), minute(60))), 0.5);
}

#[test]
fn the_onset_lies_in_its_interval_as_often_as_is_said() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    let mut random = StdRng::seed_from_u64(7);
    let slo = slo("checkout");
    let (mut found, mut held, mut widths) = (0, 0, 0);
    for world in 0..300 {
        let (per_minute, share) = ([20, 60, 200][world % 3], [0.02, 0.05, 0.3][world / 3 % 3]);
        let onset = 300 + (world as i64 % 7);
        let tile = |n: i64, random: &mut StdRng| {
            let share = if (onset..onset + 60).contains(&n) { share } else { 0.000_3 };
            let bad = (0..per_minute).filter(|_| random.random_bool(share)).count() as i64;
            let counts = EventCounts::new(per_minute - bad, per_minute);
            Tile { start: minute(n), counts, covered_ms: 60_000, ..Tile::default() }
        };
        let tiles: Vec<Tile> = (0..420).map(|n| tile(n, &mut random)).collect();
        let episodes = burn(&slo, tiles, &History::new(slo.budgeting), minute(420)).episodes;
        let Some(episode) = episodes.iter().max_by_key(|e| e.bad) else { continue };
        found += 1;
        held += usize::from(episode.onset_between.contains(minute(onset)));
        widths += episode.onset_between.length().0 / 60_000;
        assert!(episode.onset_between.contains(episode.start));
    }
    assert!(found > 250, "{found}");
    let (share, width) = (held as f64 / found as f64, widths as f64 / found as f64);
    assert!(share > 0.92 && width < 8.0, "{share} of {found} intervals, {width} minutes wide");
}
